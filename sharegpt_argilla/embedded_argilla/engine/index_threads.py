"""Runs the index's work in threads: one that writes and a few that read, for each index and process.

A new engine is made for every request, so connections belong to the process and not to the engine. A process that
was forked (every job of an rq worker is one) never touches what it inherited: it opens its own.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from sharegpt_argilla.argilla_plugin.client_presence import current_client
from sharegpt_argilla.embedded_argilla.engine.index_file import open_index
from sharegpt_argilla.embedded_argilla.engine.index_healing import IndexUnusableError
from sharegpt_argilla.embedded_argilla.engine.search_limits import Turns, Watchdog, ended
from sharegpt_argilla.errors import EmbeddedArgillaError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Result = TypeVar("Result")

READERS = 3
"""Threads that read at the same time; a search is short."""

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class IndexStore:
    """The index at one path, as this process uses it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="search-index-reader")
        # SQLite lets one connection write at a time; waiting here costs no reader its turn.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="search-index-writer")
        self._watchdog = Watchdog()
        self.turns = Turns()
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []

    async def read(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """What ``work`` returns on one consistent state of the index.

        Raises:
            EmbeddedArgillaError: the index cannot be opened or read.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._transaction, "BEGIN", work)

    async def search(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """As `read`, for what may take long: it ends after `SEARCH_SECONDS`, or when its client goes.

        Raises:
            SearchEndedError: it was ended.
            EmbeddedArgillaError: the index cannot be opened or read.
        """
        client = current_client()

        def bounded(connection: sqlite3.Connection) -> Result:
            with self._watchdog.watching(connection, client):
                return work(connection)

        try:
            return await self.read(bounded)
        except EmbeddedArgillaError as error:
            if getattr(error.__cause__, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                raise ended(client) from None
            raise

    async def write(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """What ``work`` returns; what it writes is kept as a whole, or not at all where it raises.

        Raises:
            EmbeddedArgillaError: the index cannot be opened or written.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, self._transaction, "BEGIN IMMEDIATE", work)

    def close(self) -> None:
        """Wait for the work under way, then close the connections."""
        self._readers.shutdown()
        self._writer.shutdown()
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    def _transaction(self, begin: str, work: Callable[[sqlite3.Connection], Result]) -> Result:
        connection = self._connection()
        try:
            connection.execute(begin)
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
        except (sqlite3.Error, UnicodeEncodeError) as error:
            damaged = getattr(error, "sqlite_errorcode", None) in _DAMAGED
            kind = IndexUnusableError if damaged else EmbeddedArgillaError
            raise kind(f"{self.path}: {_advice(error)}") from error
        return result

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection; a new one where the file was removed or set aside meanwhile."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None and self._local.file == _identity(self.path):
            return connection
        if connection is not None:
            self._local.connection = None  # it is closed, even where no other can be opened
            self._connections.remove(connection)
            connection.close()
        self._local.connection = connection = open_index(self.path)
        self._local.file = _identity(self.path)
        self._connections.append(connection)
        return connection


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _advice(error: Exception) -> str:
    if getattr(error, "sqlite_errorcode", None) in _DAMAGED:
        return f"the search index is damaged ({error}); start the server again, which rebuilds it"
    return f"the search index failed ({error})"


_stores: dict[Path, IndexStore] = {}
_stores_lock = threading.Lock()
_inherited: list[dict[Path, IndexStore]] = []


def store_at(path: Path) -> IndexStore:
    """This process' store for the index at ``path``."""
    with _stores_lock:
        if path not in _stores:
            _stores[path] = IndexStore(path)
        return _stores[path]


def close_stores() -> None:
    """Close every store of this process; the next use opens them again."""
    with _stores_lock:
        for store in _stores.values():
            store.close()
        _stores.clear()


def _start_over_in_child() -> None:
    # Kept alive on purpose: closing an inherited SQLite connection could drop the parent's write-ahead log.
    global _stores, _stores_lock
    _inherited.append(_stores)
    _stores, _stores_lock = {}, threading.Lock()


os.register_at_fork(after_in_child=_start_over_in_child)
