"""Calls are made again when that may help, after pauses that the other side may lengthen, and no more often."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from sharegpt_argilla.common import http_calls
from sharegpt_argilla.common.http_calls import BUSY, LONGEST_PAUSE, NoAnswerError, call, open_client, retry_after
from sharegpt_argilla.errors import CredentialsError, ServerRefusedError, ServerUnreachableError

Answer = tuple[int, dict[str, str]]


@contextmanager
def server(*answers: Answer) -> Iterator[tuple[str, list[str]]]:
    """Gives these answers in turn, then 200; status 0 hangs up. Its address and the paths that were asked for."""
    waiting, asked = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, headers = waiting.pop(0) if waiting else (200, {})
            if status == 0:
                self.connection.close()
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_address[1]}/v1", asked
        finally:
            running.shutdown()
            thread.join()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What is slept, without sleeping."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def ask(url: str, attempts: int = 5, **options: Any) -> Any:
    with open_client(url) as client:
        return call(
            client, "GET", "/thing", attempts=attempts, **{"read": lambda answer: answer.status_code} | options
        )


def test_pauses_double_until_there_is_an_answer(pauses: list[float]) -> None:
    with server((503, {}), (0, {}), (429, {}), (500, {})) as (url, asked):
        assert ask(url) == 200
    assert pauses == [0.5, 1, 2, 4]
    assert asked == ["/v1/thing"] * 5


def test_after_the_last_attempt_the_reason_is_told(pauses: list[float]) -> None:
    with server(*[(503, {})] * 9) as (url, asked):
        with pytest.raises(NoAnswerError, match=r"^it answers 503$") as caught:
            ask(url, attempts=3)
        assert (len(asked), pauses, caught.value.status) == (3, [0.5, 1], 503)
    with pytest.raises(NoAnswerError, match="refused") as caught:
        ask(url, attempts=1)
    assert caught.value.status is None
    assert len(pauses) == 2


@pytest.mark.parametrize("status", sorted(BUSY & {*range(400, 505), 529}))
def test_statuses_that_pass_are_waited_for(status: int, pauses: list[float]) -> None:
    with server((status, {})) as (url, asked):
        assert ask(url) == 200
        assert len(asked) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_other_statuses_are_the_callers_business(status: int, pauses: list[float]) -> None:
    with server((status, {})) as (url, asked):
        assert ask(url) == status
        assert (len(asked), pauses) == (1, [])


def test_the_caller_says_what_is_busy_and_what_is_an_answer(pauses: list[float]) -> None:
    with server((500, {})) as (url, _):
        assert ask(url, busy={503}) == 500

    def refuse(_answer: httpx.Response) -> None:
        raise ServerRefusedError("no")

    def broken(_answer: httpx.Response) -> None:
        raise NoAnswerError("broken")

    with server() as (url, asked):
        with pytest.raises(ServerRefusedError, match="no"):
            ask(url, read=refuse)
        assert len(asked) == 1
        with pytest.raises(NoAnswerError, match="broken"):
            ask(url, read=broken)
        assert len(asked) == 6


def test_an_answer_may_ask_for_more_patience_and_not_for_less(pauses: list[float]) -> None:
    asked_for = ["7", "0", "100000"]
    with server(*((429, {"Retry-After": seconds}) for seconds in asked_for)) as (url, _):
        assert ask(url) == 200
    assert pauses == [7, 1, LONGEST_PAUSE]


def test_no_pause_is_longer_than_a_minute(pauses: list[float]) -> None:
    with server(*[(503, {})] * 9) as (url, _):
        assert ask(url, attempts=10) == 200
    assert pauses == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3),
        (" 1.5 ", 1.5),
        ("61", 60),
        ("9" * 400, 60),
        ("-1", 0),
        ("nan", 0),
        ("inf", 0),
        ("soon", 0),
        ("", 0),
        ("Sat, 28 Nov 2026 21:00:20 GMT", 20),
        ("Saturday, 28-Nov-26 21:00:20 GMT", 20),
        ("Sat, 28 Nov 2026 21:00:20 -0000", 20),
        ("Sat, 28 Nov 2026 23:00:20 +0200", 20),
        ("Sat, 28 Nov 2026 22:00:20 GMT", 60),
        ("Sat, 28 Nov 2026 20:00:20 GMT", 0),
        ("Sat, 99 Nov 2026 20:00:20 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float) -> None:
    assert retry_after(httpx.Headers({"Retry-After": text, "Date": "Sat, 28 Nov 2026 21:00:00 GMT"})) == seconds


def test_a_date_counts_from_now_where_the_answer_has_none() -> None:
    assert retry_after(httpx.Headers({"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"})) == LONGEST_PAUSE
    assert retry_after(httpx.Headers({"Retry-After": "Fri, 01 Jan 1999 00:00:00 GMT"})) == 0
    assert retry_after(httpx.Headers()) == 0


@pytest.mark.parametrize("url", ["http://[::1", "127.0.0.1:80", "ftp://x", "http://", "", "x", "http://a:b/"])
def test_a_malformed_address_is_one_clear_line(url: str) -> None:
    with pytest.raises(ServerUnreachableError) as caught:
        open_client(url)
    assert str(caught.value).startswith(f"{url} is no address: ")
    assert "\n" not in str(caught.value)


def test_a_key_that_no_header_can_carry_is_one_clear_line() -> None:
    with pytest.raises(CredentialsError, match="the API key for http://x has characters that no key has"):
        open_client("http://x", headers={"Authorization": "Bearer schlüssel"})


def test_answers_do_not_wait_for_the_garbage_collector() -> None:
    class Page(dict[str, Any]):
        pass

    alive = 0

    def read(answer: httpx.Response) -> Page:
        nonlocal alive
        alive = sum(isinstance(thing, Page) for thing in gc.get_objects())
        return Page(json.loads(answer.content))

    gc.disable()
    try:
        with server() as (url, _), open_client(url) as client:
            for _ in range(3):
                call(client, "GET", "/", attempts=2, read=read)
        assert alive == 0
    finally:
        gc.enable()


def test_the_first_pause_is_what_the_module_says(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_calls, "FIRST_PAUSE", 0.0)
    with server((503, {}), (503, {})) as (url, _):
        assert ask(url) == 200
    assert pauses == [0, 0]
