"""Ends searches that take too long, or whose client has gone, and gives each person one turn at a time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from sharegpt_argilla.errors import EmbeddedArgillaError

if TYPE_CHECKING:
    import sqlite3

    from sharegpt_argilla.argilla_plugin.client_presence import Client

SEARCH_SECONDS = 5.0
"""Seconds that a search may take once it has begun; those of bench/serve.py need less than one."""

_LOOK = 0.1
"""Seconds between two looks at what is running."""


class SearchEndedError(EmbeddedArgillaError):
    """A search was ended before it had a result."""


@dataclass(eq=False)
class _Search:
    connection: sqlite3.Connection
    client: Client | None
    deadline: float

    def is_over(self) -> bool:
        return time.monotonic() > self.deadline or (self.client is not None and self.client.gone)


class Watchdog:
    """A thread that interrupts what runs too long; SQLite looks for it between two rows."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running: set[_Search] = set()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, connection: sqlite3.Connection, client: Client | None) -> Iterator[None]:
        """Watch over what a connection does in the block: it raises sqlite3.OperationalError once it is ended."""
        search = _Search(connection, client, time.monotonic() + SEARCH_SECONDS)
        with self._changed:
            self._running.add(search)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="search-watchdog", daemon=True)
                self._thread.start()
            self._changed.notify()
        try:
            yield
        finally:
            # With the lock, so that what the connection does next is never interrupted.
            with self._changed:
                self._running.discard(search)

    def _watch(self) -> None:
        with self._changed:
            while True:
                self._changed.wait(_LOOK if self._running else None)
                for search in self._running:
                    if search.is_over():
                        search.connection.interrupt()


def ended(client: Client | None) -> SearchEndedError:
    """The error of a search that was interrupted."""
    if client is not None and client.gone:
        return SearchEndedError("the search was ended, since nobody waits for it any more")
    return SearchEndedError(
        f"the search took longer than {SEARCH_SECONDS:g} seconds and was ended; look for fewer or rarer words"
    )


class Turns:
    """One search by text at a time for each person: several of one leave no thread to the others."""

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, person: str | None) -> AsyncIterator[None]:
        """Wait for the person's turn; None does not wait."""
        if person is None:
            yield
            return
        turn = self._turns.setdefault(person, asyncio.Lock())
        async with turn:
            yield
