"""A cache in a SQLite file: short keys, small values, a bounded number of entries, shared by processes."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sharegpt_argilla.errors import InputError

KEY_BYTES = 16
_CHUNK = 500
_PATIENCE = 30.0
# Seconds to wait while another process writes.
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL)"
)


def cache_key(*parts: str) -> bytes:
    """The 16-byte key of a sequence of texts; a different sequence has a different key."""
    digest = blake2b(digest_size=KEY_BYTES)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


class DiskCache:
    """Key -> value in a file, which several processes and threads may use at once.

    Entries survive a kill -9 (SQLite's write-ahead log). Beyond ``max_entries`` the oldest are deleted.

    Args:
        path: the file; it and its folder (mode 0700) are created if missing.
        max_entries: approximate upper limit of the number of entries.

    Raises:
        InputError: the file cannot be used, now or in a later call.
    """

    def __init__(self, path: Path, max_entries: int) -> None:
        self._path = path
        self._max_entries = max_entries
        self._lock = threading.Lock()
        with self._errors():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = sqlite3.connect(
                path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._connection.execute("PRAGMA synchronous=NORMAL")
                self._connection.execute(_SCHEMA)
            except sqlite3.Error:
                self._connection.close()
                raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The entries that exist, out of ``keys``."""
        entries: dict[bytes, bytes] = {}
        with self._errors(), self._lock:
            for start in range(0, len(keys), _CHUNK):
                part = keys[start : start + _CHUNK]
                placeholders = ",".join("?" * len(part))
                query = f"SELECT key, value FROM entries WHERE key IN ({placeholders})"  # noqa: S608 - question marks
                with closing(self._connection.execute(query, part)) as cursor:
                    entries.update(cursor.fetchall())
        return entries

    def get_json(self, keys: Sequence[bytes]) -> dict[bytes, Any]:
        """The same, read as JSON; an entry that is none, as damage leaves it, does not exist."""
        values = {}
        for key, value in self.get_many(keys).items():
            with suppress(ValueError, TypeError, RecursionError):
                values[key] = json.loads(value)
        return values

    def put_many(self, entries: Mapping[bytes, bytes]) -> None:
        """Add entries in one transaction; an existing key gets the new value."""
        with self._errors(), self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT OR REPLACE INTO entries (key, value) VALUES (?, ?)", entries.items()
            )
            self._connection.execute(
                "DELETE FROM entries WHERE id <= (SELECT max(id) FROM entries) - ?", (self._max_entries,)
            )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error, UnicodeDecodeError) as error:
            raise InputError(
                f"{self._path}: the cache cannot be used ({error}); remove the file, or go without it: --no-cache"
            ) from error
