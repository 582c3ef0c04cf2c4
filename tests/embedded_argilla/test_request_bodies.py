"""Bodies of requests: bounded, read only for people with an account, few large ones at once."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.argilla_plugin import client_presence
from sharegpt_argilla.argilla_plugin.client_presence import current_client

LIMIT = 20_000_000


class Exchange:
    """One request to a guard: pieces of a body go in, messages come out."""

    def __init__(self, pieces: list[bytes], headers: dict[str, str] | None = None, path: str = "/api/x") -> None:
        headers = headers if headers is not None else {"transfer-encoding": "chunked"}
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.scope = {"type": "http", "method": "POST", "path": path, "headers": encoded}
        self.pieces, self.taken = list(pieces), 0
        self.sent: list[dict[str, Any]] = []
        self.gone = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if not self.pieces:
            await self.gone.wait()
            return {"type": "http.disconnect"}
        self.taken += 1
        piece = self.pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(self.pieces)}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def status(self) -> Any:
        return self.sent[0]["status"]

    @property
    def detail(self) -> Any:
        return json.loads(self.sent[1]["body"])["detail"]


async def reading(_scope: Any, receive: Any, send: Any) -> None:
    """An application that answers 200 with the number of bytes it was sent."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps({"detail": size}).encode()})


def guard(app: Any = reading, signed_in: bool = True, limit: int = LIMIT) -> Any:
    from sharegpt_argilla.argilla_plugin.request_bodies import RequestBodies

    async def is_known(_scope: Any) -> bool:
        return signed_in

    return RequestBodies(app, limit, is_known)


def exchange(make: Callable[[], Exchange], app: Any) -> Exchange:
    async def run() -> Exchange:
        made = make()
        await app(made.scope, made.receive, made.send)
        return made

    return asyncio.run(run())


@pytest.mark.parametrize("sizes", [[0], [10], [65_536], [65_536, 1], [300_000] * 5, [262_144], [0, 5, 0]])
def test_a_body_arrives_as_it_was_sent(sizes: list[int]) -> None:
    done = exchange(lambda: Exchange([b"x" * size for size in sizes]), guard())
    assert (done.status, done.detail) == (200, sum(sizes))


def test_strangers_send_64_kilobytes_and_no_more() -> None:
    small = exchange(lambda: Exchange([b"x" * 65_536]), guard(signed_in=False))
    assert small.status == 200
    large = exchange(lambda: Exchange([b"x" * 60_000] * 100), guard(signed_in=False))
    assert (large.status, large.detail) == (401, "sign in to Argilla before you send that much")
    assert large.taken == 2
    assert (b"connection", b"close") in large.sent[0]["headers"]


def test_what_is_too_large_is_refused_by_its_header_or_while_it_arrives() -> None:
    declared = exchange(lambda: Exchange([b""], {"content-length": "1001"}), guard(limit=1000))
    assert (declared.status, declared.taken) == (413, 0)
    arriving = exchange(lambda: Exchange([b"x" * 600] * 10), guard(limit=1000))
    assert (arriving.status, arriving.taken) == (413, 2)
    assert "larger than 1,000 bytes" in arriving.detail


def test_a_client_that_goes_in_the_middle_reaches_nobody() -> None:
    async def never(*_: Any) -> None:
        raise AssertionError("the application was called")

    class Leaving(Exchange):
        async def receive(self) -> dict[str, Any]:
            return await super().receive() | {"more_body": True} if self.pieces else {"type": "http.disconnect"}

    assert exchange(lambda: Leaving([b"x"]), guard(never)).sent == []


def test_large_bodies_wait_for_each_other_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    at_once, most = 0, 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        await reading(scope, receive, send)
        at_once -= 1

    async def run() -> list[Exchange]:
        guarded = guard(app)
        made = [Exchange([b"x" * 1_000_000] * 8) for _ in range(6)]
        await asyncio.gather(*(guarded(each.scope, each.receive, each.send) for each in made))
        return made

    assert [each.status for each in asyncio.run(run())] == [200] * 6
    assert most == 2
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_refuses_the_request(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import io

    class Full(io.BytesIO):
        def write(self, _data: Any) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", lambda _size: Full())
    done = exchange(lambda: Exchange([b"x"]), guard())
    assert (done.status, done.detail) == (507, "the server cannot keep the request: No space left on device")
    assert "a request of 1 bytes was refused" in caplog.text


@pytest.mark.parametrize(("path", "watched"), [("/api/v1/datasets/x/records/search", True), ("/api/v1/x", False)])
def test_a_search_learns_that_its_client_has_gone(path: str, watched: bool) -> None:
    seen: list[bool | None] = []

    async def run() -> None:
        made = Exchange([b"{}"], path=path)

        async def app(_scope: Any, receive: Any, _send: Any) -> None:
            await receive()
            client = current_client()
            seen.append(client.gone if client else None)
            made.gone.set()
            await asyncio.sleep(0.01)
            seen.append(client.gone if client else None)

        await guard(app)(made.scope, made.receive, made.send)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())
    assert seen == ([False, True] if watched else [None, None])
    assert client_presence.current_client() is None
