"""The index's file: one SQLite database that several processes read and write at the same time.

A file that another version wrote, or that is damaged, is set aside under another name and a new one is made; the
index can be rebuilt from argilla-server's database at any time.
"""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

from sharegpt_argilla.common.locks import file_lock
from sharegpt_argilla.errors import EmbeddedArgillaError

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA_VERSION = 2
"""Kept in the file as ``PRAGMA user_version``; raise it with every change of the tables below."""

BUSY_SECONDS = 30.0
"""How long a write waits for another process' write. #5213 of argilla-io/argilla: 5 s were too few."""

MAPPED_BYTES = 2**31
"""The index is read from the system's own copy of the file, up to this size, instead of being copied once more: a
search that looks at many records takes two thirds of the time."""

CACHED_KILOBYTES = 32_000
"""Pages that a connection keeps. A batch of 500 records with ten metadata values changes some ten megabytes of a
large index, all over it; with less, pages are written before the batch is complete and read again."""

CHECKPOINT_PAGES = 8_000
"""The write-ahead log's length, in pages of 4 kB, from which it is copied into the file: a page that several
batches changed is then copied once."""

TOKENIZER = "ascii tokenchars '_.:,;'''"
"""The texts come as tokens with blanks between them; this takes every other character as part of a token."""

_TABLES = """
CREATE TABLE dataset (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    definition TEXT NOT NULL
);
CREATE TABLE attribute (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    UNIQUE (dataset, kind, name)
);
CREATE TABLE record (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    external_id TEXT,
    status TEXT NOT NULL,
    inserted_at INTEGER,
    updated_at INTEGER,
    metadata TEXT NOT NULL,
    lot INTEGER NOT NULL
);
CREATE INDEX record_status ON record (dataset, status);
CREATE INDEX record_external_id ON record (dataset, external_id);
CREATE INDEX record_inserted_at ON record (dataset, inserted_at);
CREATE INDEX record_updated_at ON record (dataset, updated_at);
CREATE INDEX record_dataset ON record (dataset);
CREATE INDEX record_lot ON record (dataset, lot, status);
CREATE TABLE response (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    record INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL,
    status TEXT NOT NULL,
    updated_at INTEGER
);
CREATE INDEX response_record ON response (record, user, status);
CREATE INDEX response_user ON response (user, status, record);
CREATE TABLE suggestion (
    record INTEGER NOT NULL,
    question TEXT NOT NULL,
    updated_at INTEGER,
    PRIMARY KEY (record, question)
) WITHOUT ROWID;
CREATE TABLE value (
    attribute INTEGER NOT NULL,
    value NOT NULL,
    record INTEGER NOT NULL,
    response INTEGER NOT NULL,
    PRIMARY KEY (attribute, value, record, response)
) WITHOUT ROWID;
CREATE INDEX value_record ON value (record, attribute);
CREATE TABLE vector (
    number INTEGER PRIMARY KEY,
    attribute INTEGER NOT NULL,
    record INTEGER NOT NULL,
    value BLOB,
    updated_at INTEGER,
    UNIQUE (attribute, record)
);
CREATE INDEX vector_record ON vector (record);
"""


def require_sqlite() -> None:
    """Check the SQLite that this Python was built with.

    Raises:
        EmbeddedArgillaError: it is older than 3.35, or it was built without FTS5.
    """
    problem = ""
    if sqlite3.sqlite_version_info < (3, 35, 0):
        problem = "is older than 3.35"
    else:
        with sqlite3.connect(":memory:") as connection:
            if not connection.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()[0]:
                problem = "was built without FTS5"
    if problem:
        raise EmbeddedArgillaError(
            f"SQLite {sqlite3.sqlite_version} {problem}; the embedded search engine needs SQLite 3.35 or newer "
            "with FTS5: use a Python that was built with one"
        )


def open_index(path: Path) -> sqlite3.Connection:
    """A connection to the index at ``path``, in autocommit mode; the file is made if none exists.

    Raises:
        EmbeddedArgillaError: this SQLite is unsuitable, or the file cannot be opened.
    """
    require_sqlite()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with file_lock(_lock_of(path)):
            # A log whose database was removed fits no new one.
            if not path.exists() or not _is_current(path):
                set_aside(path)
            connection = _connect(path)
            _make_tables(connection)
            return connection
    except (OSError, sqlite3.Error) as error:
        raise EmbeddedArgillaError(f"{path}: the search index cannot be opened ({error})") from error


def set_aside_damaged(path: Path) -> Path | None:
    """Read the whole index at ``path``; where it is damaged, set it aside and return its new name.

    Raises:
        EmbeddedArgillaError: the file cannot be opened, for another reason than a damaged index.
    """
    connection = open_index(path)
    try:
        sound = connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    except sqlite3.DatabaseError:
        sound = False
    finally:
        connection.close()
    if sound:
        return None
    with file_lock(_lock_of(path)):
        return set_aside(path)


def set_aside(path: Path) -> Path:
    """Rename what exists of the index at ``path`` and its companions, so that a new one is made.

    Returns:
        The new name.
    """
    aside = path.with_name(
        f"{path.name}.set-aside-{time.strftime('%Y%m%d-%H%M%S')}-{time.monotonic_ns() % 1000:03}"
    )
    for ending in ("-wal", "-shm", ""):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    return aside


def _lock_of(path: Path) -> Path:
    """The file whose lock lets one process at a time open, make or set aside the index."""
    return path.with_name(path.name + ".lock")


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    # NORMAL loses nothing when a process is killed; after a power failure the repair finds what is missing.
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
        f"PRAGMA cache_size = -{CACHED_KILOBYTES}; PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};"
        f"PRAGMA mmap_size = {MAPPED_BYTES};"
    )
    return connection


def _is_current(path: Path) -> bool:
    try:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            tables = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.OperationalError:
        # Not a damaged index: no permission, or busy beyond all patience. The real attempt reports it.
        return True
    except sqlite3.DatabaseError:
        return False
    return bool(version == SCHEMA_VERSION or (version == 0 and tables == 0))


def _make_tables(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")
