"""A private SQLite database that is deleted when it is closed, for what would fill the memory."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

CACHE = 32 * 1024
"""KiB that are held in memory; the rest is in a temporary file."""
_UNSAFE = (f"PRAGMA cache_size = -{CACHE}", "PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF")
# Nobody reads the file after a crash, so it needs neither a journal nor the disk.


class TemporaryDatabase:
    """An empty database with the tables of ``schema``. Threads may use it one after another.

    Args:
        content: what it is for, as the beginning of the message of a full disk.
        schema: statements that make the tables.

    Raises:
        OSError: from every method, when the disk of the temporary folder is full.
    """

    def __init__(self, content: str, schema: Sequence[str]) -> None:
        self._content = content
        # An empty name is a temporary file of its own, written only when the cache is full.
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for statement in (*_UNSAFE, *schema, "BEGIN"):
            self._connection.execute(statement)

    def close(self) -> None:
        """Delete it."""
        self._connection.close()

    def run(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """The cursor of one statement."""
        with self._full_disk():
            return self._connection.execute(statement, values)

    def run_many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """One statement for each row of values."""
        with self._full_disk():
            self._connection.executemany(statement, rows)

    @contextmanager
    def _full_disk(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise OSError(errno.ENOSPC, f"{self._content} in the temporary folder: {error}") from error
