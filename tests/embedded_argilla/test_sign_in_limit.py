"""Failed sign-ins slow down whoever makes them, and nobody else."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import pytest

from sharegpt_argilla.argilla_plugin.sign_in_limit import (
    FORGET_AFTER,
    FREE_ATTEMPTS,
    FREE_ATTEMPTS_ANYWHERE,
    MAX_ENTRIES,
    MAX_FORM,
    MAX_WAIT,
    Attempts,
    ProcessCounters,
    SignInLimit,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Door:
    """A server that lets in whoever gives the password "right", behind the limit."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.asked: list[bytes] = []
        self.app = SignInLimit(self._server, "/api/v1/token", ProcessCounters(self.clock))

    async def _server(self, scope, receive, send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        self.asked.append(body)
        await send({"type": "http.response.start", "status": 201 if b"right" in body else 401, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def post(
        self,
        username: str,
        password: str = "wrong",
        address: str = "192.0.2.1",
        path: str = "/api/v1/token",
        body: bytes | None = None,
    ) -> tuple[int, dict[str, str]]:
        body = urlencode({"username": username, "password": password}).encode() if body is None else body
        # In two parts, as large ones come.
        parts = [{"type": "http.request", "body": body[:9], "more_body": True}]
        parts.append({"type": "http.request", "body": body[9:], "more_body": False})
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "client": (address, 1),
            "headers": [(b"content-type", b"application/x-www-form-urlencoded")],
        }
        sent = []

        async def receive():
            return parts.pop(0)

        async def send(message) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


@pytest.fixture
def door() -> Door:
    return Door()


def fail(door: Door, times: int, **where: Any) -> None:
    for _ in range(times):
        assert door.post("ana", **where)[0] == 401


def test_a_person_who_mistypes_is_not_slowed_down(door: Door) -> None:
    fail(door, FREE_ATTEMPTS - 1)
    assert door.post("ana", "right")[0] == 201
    fail(door, FREE_ATTEMPTS)


def test_waits_double_and_the_right_password_must_wait_too(door: Door) -> None:
    fail(door, FREE_ATTEMPTS)
    for wait in (1, 2, 4, 8, 16, 32, MAX_WAIT, MAX_WAIT):
        status, headers = door.post("ana", "right")
        assert (status, 0 < int(headers["retry-after"]) <= wait + 1) == (429, True)
        door.clock.now += wait - 0.01
        assert door.post("ana", "right")[0] == 429
        door.clock.now += 0.02
        fail(door, 1)
    asked = len(door.asked)
    door.post("ana", "right")
    assert len(door.asked) == asked
    door.clock.now += MAX_WAIT
    assert door.post("ana", "right")[0] == 201
    fail(door, FREE_ATTEMPTS)


def test_colleagues_at_the_address_and_the_person_elsewhere_are_not_slowed_down(door: Door) -> None:
    fail(door, FREE_ATTEMPTS)
    assert door.post("ana", "right")[0] == 429
    assert door.post("ben", "right")[0] == 201
    assert door.post("ana", "right", address="192.0.2.2")[0] == 201
    assert door.post("ana", "right")[0] == 429


def test_a_network_of_ipv6_is_one_address(door: Door) -> None:
    for last in range(FREE_ATTEMPTS):
        fail(door, 1, address=f"2001:db8::{last + 1:x}")
    assert door.post("ana", address="2001:db8::ffff")[0] == 429
    assert door.post("ana", address="2001:db8:0:1::1")[0] == 401


def test_a_guesser_with_many_addresses_is_slowed_down_too(door: Door) -> None:
    for number in range(FREE_ATTEMPTS_ANYWHERE):
        fail(door, 1, address=f"198.51.100.{number}")
    assert FREE_ATTEMPTS_ANYWHERE == 100
    for wait in (1, 2, 4):
        status, headers = door.post("ana", "right", address="192.0.2.77")
        assert (status, int(headers["retry-after"]) <= wait + 1) == (429, True)
        door.clock.now += wait + 0.01
        fail(door, 1, address=f"203.0.113.{wait}")
    assert door.post("ben", "right", address="192.0.2.77")[0] == 201
    door.clock.now += MAX_WAIT
    assert door.post("ana", "right", address="192.0.2.77")[0] == 201
    fail(door, 1, address="192.0.2.78")


@pytest.mark.parametrize("rest", ["", "&password="])
def test_forms_without_a_password_push_nobody_out(door: Door, rest: str) -> None:
    fail(door, FREE_ATTEMPTS)
    for number in range(MAX_ENTRIES + 1):
        assert door.post("", body=f"username=nobody-{number}{rest}".encode())[0] == 401
    assert door.post("ana", "right")[0] == 429


def test_failures_are_forgotten(door: Door) -> None:
    fail(door, FREE_ATTEMPTS)
    door.clock.now += FORGET_AFTER + 1
    fail(door, FREE_ATTEMPTS)


def test_a_line_feed_after_the_path_is_no_way_around(door: Door) -> None:
    fail(door, FREE_ATTEMPTS, path="/api/v1/token\n")
    assert door.post("ana", path="/api/v1/token\n")[0] == 429


def test_other_paths_pass(door: Door) -> None:
    for _ in range(3 * FREE_ATTEMPTS):
        assert door.post("ana", path="/api/v1/me")[0] == 401


@pytest.mark.parametrize("body", [b"", b"\xff\xfe=%zz&&;", b"password=wrong"])
def test_a_form_that_cannot_be_read_is_the_servers_to_refuse(door: Door, body: bytes) -> None:
    assert door.post("ana", body=body)[0] == 401
    assert door.asked == [body]


def test_a_huge_form_is_not_kept(door: Door) -> None:
    assert door.post("a" * MAX_FORM)[0] == 413
    assert door.asked == []


def test_the_memory_of_attempts_is_bounded() -> None:
    attempts = Attempts(Clock())
    for number in range(MAX_ENTRIES + 100):
        assert attempts.begin(str(number).encode()) == 0
    assert len(attempts) == MAX_ENTRIES


def test_many_attempts_at_once_gain_nothing() -> None:
    attempts = Attempts(Clock())
    assert [attempts.begin(b"ana") > 0 for _ in range(FREE_ATTEMPTS + 2)] == [False] * FREE_ATTEMPTS + [True] * 2


def test_other_names_wash_no_failures_away() -> None:
    """After 4,200 forms for other names a guesser had ten free guesses again."""
    attempts = Attempts(lambda: 0.0)
    for _ in range(FREE_ATTEMPTS):
        assert attempts.begin(b"victim") == 0.0
    for number in range(MAX_ENTRIES * 2):
        attempts.begin(f"other-{number}".encode())
    assert len(attempts) == MAX_ENTRIES
    assert attempts.begin(b"victim") > 0.0
