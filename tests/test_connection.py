"""The connection to an Argilla: what it asks, what it refuses, what it leaves behind."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from weakref import ReferenceType, ref

import httpx
import pytest

from sharegpt_argilla.argilla_client import connection
from sharegpt_argilla.argilla_client.connection import ATTEMPTS, ArgillaClient, connect, look_up, sign_in
from sharegpt_argilla.argilla_client.server_counts import people_progress
from sharegpt_argilla.common.locks import file_lock
from sharegpt_argilla.errors import CredentialsError, ServerRefusedError, ServerUnreachableError
from sharegpt_argilla.settings import Connection, Home, connection_of, write_private

OWNER = {"username": "owner", "role": "owner"}


@contextmanager
def server(body: object, status: int = 200) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """A server that gives this one answer; its address, and the path and key of every request."""
    requests: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append((self.path, self.headers["X-Argilla-Api-Key"]))
            text = json.dumps(body).encode() if not isinstance(body, bytes) else body
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_address[1]}", requests
        finally:
            running.shutdown()
            thread.join()


def test_connecting_asks_once_who_that_is_and_which_version() -> None:
    with server(OWNER) as (url, requests):
        with connect(Connection(url, "key.1")) as client:
            assert (client.url, client.username, client.role) == (url, "owner", "owner")
        assert requests == [("/api/v1/me", "key.1"), ("/api/v1/version", "key.1")]


@pytest.mark.parametrize(
    ("body", "status", "error", "message"),
    [
        ({"detail": "no"}, 401, CredentialsError, "refuses the API key"),
        ({}, 503, ServerUnreachableError, "answers 503; is Argilla still starting"),
        ({"detail": "Not Found"}, 404, ServerRefusedError, "not as Argilla"),
        (b"<!doctype html>", 200, ServerRefusedError, "not as Argilla"),
        (["owner"], 200, ServerRefusedError, "not as Argilla"),
        ({"name": "owner"}, 200, ServerRefusedError, "not as Argilla"),
    ],
)
def test_what_is_no_signed_in_argilla_is_refused(
    body: object, status: int, error: type[Exception], message: str
) -> None:
    with server(body, status) as (url, requests):
        with pytest.raises(error, match=message):
            connect(Connection(url, "key"))
        assert len(requests) == (ATTEMPTS if status == 503 else 1)


def test_a_key_that_no_header_can_carry_is_a_wrong_key() -> None:
    with pytest.raises(CredentialsError, match="refuses the API key"):
        connect(Connection("http://127.0.0.1:9", "schlüssel"))


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:9"])
def test_an_address_where_nothing_answers_is_unreachable(url: str) -> None:
    with pytest.raises(ServerUnreachableError, match="no Argilla answers"):
        connect(Connection(url, "key"))


def test_an_export_starts_without_heavy_libraries() -> None:
    code = (
        "import sys, sharegpt_argilla.workflows.export_responses; "
        "print(sorted({'argilla', 'datasets', 'numpy', 'pandas', 'spacy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_page_that_was_read_does_not_wait_for_the_garbage_collector() -> None:
    seen: list[ReferenceType[httpx.Response]] = []
    answer = {"username": "owner", "role": "owner"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    hooks = {"response": [lambda response: seen.append(ref(response))]}
    gc.disable()
    try:
        with httpx.Client(base_url="http://x", transport=transport, event_hooks=hooks) as http:
            assert ArgillaClient("http://x", http, "owner", "owner").get("/api/v1/me") == answer
            assert [reference() for reference in seen] == [None]
    finally:
        gc.enable()


@pytest.mark.parametrize(("version", "error"), [((2, 6), ServerRefusedError), ((2, 8), ServerUnreachableError)])
def test_an_older_server_that_cannot_count_by_person_is_told(
    version: tuple[int, int], error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ATTEMPTS", 1)
    transport = httpx.MockTransport(lambda _: httpx.Response(500))
    with (
        httpx.Client(base_url="http://x", transport=transport) as http,
        pytest.raises(error, match="use 2.8" if error is ServerRefusedError else "still starting"),
    ):
        people_progress(ArgillaClient("http://x", http, "owner", "owner", version), "d")


def embedded(home: Home, url: str) -> Connection:
    """The connection to a home folder whose server answers, or last did, at this address."""
    write_private(home.server, json.dumps({"api_url": url}))
    write_private(home.owner, json.dumps({"api_key": "owner-key"}))
    return connection_of(home)


def test_whoever_listens_in_place_of_the_embedded_server_is_sent_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with server(OWNER) as (url, requests):
        connection = embedded(home, url)
        for asks in (
            lambda: connect(connection),
            lambda: sign_in(connection, "ana", "password"),
            lambda: look_up(connection, "token"),
        ):
            with pytest.raises(ServerUnreachableError, match="no Argilla answers at"):
                asks()
        assert not requests


def test_a_connection_that_is_made_anew_is_looked_at_anew(tmp_path: Path) -> None:
    """The server is stopped during a long run."""
    home = Home(tmp_path)
    with server(OWNER) as (url, requests):
        connection = embedded(home, url)
        with file_lock(home.answering):
            client = connect(connection)
        before = len(requests)
        with client, pytest.raises(ServerUnreachableError, match=f"the embedded one of {home.path} does not run"):
            client.get("/api/v1/me")
        assert (before, len(requests)) == (2, 2)


def test_the_embedded_server_may_have_moved_to_another_port(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with server(OWNER) as (url, requests), file_lock(home.answering):
        connection = embedded(home, url)
        embedded(home, "http://127.0.0.1:1")
        with pytest.raises(ServerUnreachableError, match="does not run"):
            connect(connection)
        home.server.write_text("{", encoding="utf-8")
        with pytest.raises(ServerUnreachableError, match="does not run"):
            connect(connection)
        assert not requests
