"""Webhooks as a way inside: only owners make them, and nothing comes back through them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.embedded import EmbeddedArgilla, wait_until
from tests.live.rest import Rest, owner_of, texts

pytestmark = pytest.mark.live

TOKEN = "MYWEBHOOKTOKEN"


class Receiver:
    """A server in the local network that redirects whoever asks.

    Attributes:
        url: its address.
        paths: what was asked for.
    """

    def __init__(self) -> None:
        self.url, self.paths = "", list[str]()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.paths.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(307)
            self.send_header("Location", f"{receiver.url}/elsewhere")
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - names of the base class

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        receiver.url = f"http://127.0.0.1:{running.server_address[1]}"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield receiver
        finally:
            running.shutdown()
            thread.join()


@pytest.fixture
def owner(argilla: EmbeddedArgilla) -> Iterator[Rest]:
    """The owner, whose webhooks are deleted in the end."""
    with owner_of(argilla) as owner:
        yield owner
        for item in owner("GET", "/webhooks")["items"]:
            owner("DELETE", f"/webhooks/{item['id']}")


def body(url: str) -> dict[str, Any]:
    return {"url": f"{url}/hook?token={TOKEN}", "events": ["response.created"], "description": "d"}


def test_only_owners_have_to_do_with_them(owner: Rest) -> None:
    owner("POST", "/workspaces", {"name": "hooks"})
    owner.user("hooks-ana", workspace="hooks")
    owner.user("hooks-admin", "admin", workspace="hooks")
    made = owner("POST", "/webhooks", body("http://127.0.0.1:9"))
    for person in owner.people(["hooks-ana", "hooks-admin"]).values():
        with person.http as http:
            path = f"/api/v1/webhooks/{made['id']}"
            asked = [("GET", "/api/v1/webhooks"), ("POST", "/api/v1/webhooks"), ("PATCH", path)]
            for method, address in [*asked, ("DELETE", path), ("POST", f"{path}/ping")]:
                answer = http.request(method, address, json=body("http://127.0.0.1:9"))
                assert answer.status_code == 403
                assert TOKEN not in answer.text
    assert owner("GET", "/webhooks")["items"] == [made]
    for url in ("file:///etc/passwd", "ftp://127.0.0.1", "gopher://127.0.0.1:6379", "unix:///run/redis.sock"):
        assert owner.http.post("/api/v1/webhooks", json=body(url)).status_code == 422


def test_trying_one_stops_nobody_and_tells_nothing(
    argilla: EmbeddedArgilla, owner: Rest, receiver: Receiver
) -> None:
    """An address that never answers stopped the server for 20 seconds; one where nothing listens answered 500."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        addresses = {
            "silent": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "nothing listens": "http://127.0.0.1:9",
            "redirects": receiver.url,
            "itself": argilla.api_url,
        }
        for url in addresses.values():
            made = owner("POST", "/webhooks", body(url))
            answer = owner.http.post(f"/api/v1/webhooks/{made['id']}/ping")
            assert (answer.status_code, answer.content) == (204, b"")
            assert owner("GET", "/me")["username"] == argilla.username
        connection, _ = silent.accept()
        connection.close()
    wait_until(lambda: len(receiver.paths) == 1, "the request")
    log = argilla.home.logs / "server.log"
    wait_until(lambda: "did not answer: ConnectError" in log.read_text("utf-8"), "a line about the closed port")
    wait_until(lambda: "answered 307" in log.read_text("utf-8"), "a line about the redirect")
    assert receiver.paths == [f"/hook?token={TOKEN}"]
    assert TOKEN not in log.read_text("utf-8")


def test_an_event_takes_no_detour_and_leaves_no_token_or_text_in_the_logs(
    argilla: EmbeddedArgilla, owner: Rest, receiver: Receiver
) -> None:
    made = owner("POST", "/webhooks", body(receiver.url))
    dataset = owner.dataset("hooks-sent", "hooks-sent")
    (record,) = owner.load(dataset, texts(1))
    owner.answer(record, quality=3, comment="MYWEBHOOKTEXT")
    wait_until(lambda: bool(receiver.paths), "the event")
    log = argilla.home.logs / "worker.log"
    wait_until(lambda: "httpx.HTTPStatusError" in log.read_text("utf-8"), "the failure in the log")
    assert set(receiver.paths) == {f"/hook?token={TOKEN}"}
    owner("DELETE", f"/webhooks/{made['id']}")
    for path in argilla.home.logs.iterdir():
        text = path.read_text("utf-8", errors="replace")
        assert TOKEN not in text
        assert "MYWEBHOOKTEXT" not in text
