"""Whether the client of a request still waits for the answer, for searches that end when it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Receive, Scope


@dataclass
class Client:
    """The client of one request; ``gone`` once it has closed its connection."""

    gone: bool = False


_client: ContextVar[Client | None] = ContextVar("client", default=None)


def current_client() -> Client | None:
    """The client of the request that is being handled; None if nobody watches it."""
    return _client.get()


@asynccontextmanager
async def watched(scope: Scope, receive: Receive) -> AsyncIterator[None]:
    """While a search runs whose body was read, note when its client goes. Other requests are left alone."""
    if not scope["path"].endswith("/records/search"):
        yield
        return
    client = Client()
    _client.set(client)
    watcher = asyncio.create_task(_watch(client, receive))
    try:
        yield
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher


async def _watch(client: Client, receive: Receive) -> None:
    while not client.gone:
        client.gone = (await receive())["type"] == "http.disconnect"
