"""The measured active time: per record, person and question, in one small SQLite file of the home folder.

The file contains ids, names of questions and seconds only. The page posts them; see `active_time_route`.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from sharegpt_argilla.errors import InputError
from sharegpt_argilla.settings import Home

FIRST_CREDIT = 30.0
"""Seconds that a person's very first post may report. The page posts every ten seconds."""

MAX_CREDIT = 300.0
"""Seconds that a post may report at most, however long ago the previous one was."""

SLACK = 1.0
"""Seconds by which the clocks of page and server may differ."""

WHOLE = ""
"""The value of the column ``question`` for the record as a whole."""

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS activity (
    dataset TEXT NOT NULL, record TEXT NOT NULL, person TEXT NOT NULL, question TEXT NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (dataset, record, person, question)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS person (
    id TEXT PRIMARY KEY, username TEXT NOT NULL, credit REAL NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
"""
_ADD = """
INSERT INTO activity (dataset, record, person, question, seconds) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET seconds = seconds + excluded.seconds
"""
_SET_PERSON = """
INSERT INTO person (id, username, credit, at) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET username = excluded.username, credit = excluded.credit, at = excluded.at
"""
_READ = """
SELECT record, username, question, seconds FROM activity JOIN person ON person.id = activity.person
WHERE dataset = ? ORDER BY record, username, question
"""


_LOG = logging.getLogger(__name__)


class ActiveTime(TypedDict):
    """Seconds on a record as a whole, and of them those on each question."""

    seconds: float
    questions: dict[str, float]


@dataclass(frozen=True)
class Spent:
    """Time that one person spent on one record since the previous post."""

    dataset_id: str
    record_id: str
    seconds: float
    questions: Mapping[str, float] = field(default_factory=dict)


def add_activity(
    home: Home, user_id: str, username: str, spent: Iterable[Spent], now: float | None = None
) -> bool:
    """Add what a person's page posted to the stored times. A damaged file is set aside, and a new one made.

    Every person has a credit that grows by a second each second, up to `MAX_CREDIT`: nobody can have spent more
    time than went by.

    Args:
        home: the home folder.
        user_id: Argilla's id of the person.
        username: the name that goes with it now.
        spent: the times.
        now: seconds since 1970; by default the present.

    Returns:
        False if the credit does not cover it; nothing is stored then.
    """
    now = time.time() if now is None else now
    rows = [row for time_spent in spent for row in _rows(user_id, time_spent)]
    total = sum(seconds for _, _, _, question, seconds in rows if question == WHOLE)
    if home.activity.exists() and not _is_readable(home) and (aside := set_aside_damaged(home)):
        _LOG.warning("%s was damaged; it is now %s, and measuring continues in a new file", home.activity, aside)
    with _opened(home) as database:
        credit = _credit(database, user_id, now)
        if total > credit + SLACK:
            return False
        database.executemany(_ADD, rows)
        database.execute(_SET_PERSON, (user_id, username, max(0.0, credit - total), now))
    return True


def read_activity(home: Home, dataset_id: str) -> dict[tuple[str, str], ActiveTime]:
    """The active times of a dataset: Argilla's record id and username -> seconds; empty if nothing was measured.

    Raises:
        InputError: the file cannot be read.
    """
    if not home.activity.exists():
        return {}
    active: dict[tuple[str, str], ActiveTime] = {}
    try:
        with closing(sqlite3.connect(f"{home.activity.absolute().as_uri()}?mode=ro", uri=True)) as database:
            for record, username, question, seconds in database.execute(_READ, (dataset_id,)):
                times = active.setdefault((record, username), {"seconds": 0.0, "questions": {}})
                if question == WHOLE:
                    times["seconds"] = round(seconds, 3)
                else:
                    times["questions"][question] = round(seconds, 3)
    except sqlite3.Error as error:
        raise InputError(f"{home.activity}: the measured times cannot be read ({error})") from error
    return active


def set_aside_damaged(home: Home) -> Path | None:
    """Rename a file that SQLite cannot read, so that measuring continues with a new one.

    Returns:
        Its new name; None if it can be read.
    """
    try:
        with closing(sqlite3.connect(home.activity, timeout=30)) as database:
            sound = database.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    except sqlite3.DatabaseError as error:
        sound = getattr(error, "sqlite_errorcode", None) not in _DAMAGED
    if sound:
        return None
    aside = home.activity.with_name(f"{home.activity.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    for ending in ("-wal", "-shm", ""):
        part = home.activity.with_name(home.activity.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    return aside


def _rows(user_id: str, spent: Spent) -> list[tuple[str, str, str, str, float]]:
    times = {WHOLE: spent.seconds, **spent.questions}
    return [(spent.dataset_id, spent.record_id, user_id, question, seconds) for question, seconds in times.items()]


def _is_readable(home: Home) -> bool:
    try:
        with closing(sqlite3.connect(home.activity, timeout=30)) as database:
            database.execute("SELECT 1 FROM activity, person LIMIT 1").fetchone()
    except sqlite3.DatabaseError:
        return False
    return True


def _credit(database: sqlite3.Connection, user_id: str, now: float) -> float:
    row = database.execute("SELECT credit, at FROM person WHERE id = ?", (user_id,)).fetchone()
    if row is None:
        return FIRST_CREDIT
    credit, at = float(row[0]), float(row[1])
    # A clock that was set back gives nothing and takes nothing.
    return min(MAX_CREDIT, credit + max(0.0, now - at))


@contextmanager
def _opened(home: Home) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(home.activity, timeout=30, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(_SCHEMA)
        database.execute("BEGIN IMMEDIATE")
        with database:
            yield database
