"""The measured active time per record, person and question, in two tables of ours in argilla-server's database.

All server processes and machines share it there, and a backup of the database contains it. The tables contain ids,
names of questions and seconds only. The page posts them; see `active_time_route`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict
from uuid import UUID
from weakref import WeakSet

from sqlalchemy import (
    Column,
    Double,
    MetaData,
    String,
    Table,
    TextClause,
    Uuid,
    bindparam,
    column,
    func,
    inspect,
    select,
    table,
    text,
    update,
)
from sqlalchemy.schema import CreateTable

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

FIRST_CREDIT = 90.0
"""Seconds that a person's very first post may report. The page posts once a minute, and when a record is left."""

MAX_CREDIT = 300.0
"""Seconds that a post may report at most, however long ago the previous one was."""

SLACK = 1.0
"""Seconds by which the clocks of page and server may differ."""

WHOLE = ""
"""The value of the column ``question`` for the record as a whole."""

# Without foreign keys: a migration of argilla-server that makes one of its tables anew, as SQLite has to, drops
# the old one, and what refers to it would go too.
_OURS = MetaData()
CREDITS = Table(
    "sharegpt_active_credit",
    _OURS,
    Column("user_id", Uuid, primary_key=True),
    Column("credit", Double, nullable=False),
    Column("at", Double, nullable=False),
    sqlite_with_rowid=False,
)
TIMES = Table(
    "sharegpt_active_time",
    _OURS,
    Column("dataset_id", Uuid, primary_key=True),
    Column("record_id", Uuid, primary_key=True),
    Column("user_id", Uuid, primary_key=True),
    Column("question", String, primary_key=True),
    Column("seconds", Double, nullable=False),
    sqlite_with_rowid=False,
)
_USERS = table("users", column("id", Uuid), column("username", String))

_LOCK = 0x73686172
"""The number of PostgreSQL's advisory lock while the tables are made: "shar" in ASCII."""

_MADE: WeakSet[Engine] = WeakSet()
"""Databases in which a transaction found the tables."""


def _inserted(ours: Table, where_there: str) -> TextClause:
    """An upsert as text, in the words of both databases: SQLAlchemy compiles its own anew each time."""
    names = [each.name for each in ours.columns]
    values = ", ".join(f":{name}" for name in names)
    query = f"INSERT INTO {ours.name} ({', '.join(names)}) VALUES ({values}) ON CONFLICT {where_there}"  # noqa: S608 - constants of ours
    return text(query).bindparams(*(bindparam(each.name, type_=each.type) for each in ours.columns))


_KEEP = {ours: _inserted(ours, "DO NOTHING") for ours in (CREDITS, TIMES)}
_KEY = ", ".join(TIMES.primary_key.columns.keys())
_ADD = _inserted(TIMES, f"({_KEY}) DO UPDATE SET seconds = {TIMES.name}.seconds + excluded.seconds")


class ActiveTime(TypedDict):
    """Seconds on a record as a whole, and of them those on each question."""

    seconds: float
    questions: dict[str, float]


@dataclass(frozen=True)
class Spent:
    """Time that one person spent on one record since the previous post."""

    dataset_id: UUID
    record_id: UUID
    seconds: float
    questions: Mapping[str, float] = field(default_factory=dict)


def add_activity(db: Connection, user_id: UUID, spent: Iterable[Spent], now: float | None = None) -> bool:
    """Add what a person's page posted to the stored times; the caller commits.

    Every person has a credit that grows by a second each second, up to `MAX_CREDIT`: nobody can have spent more
    time than went by, whichever server processes their posts reach.

    Args:
        db: a connection to argilla-server's database whose transaction has not begun.
        user_id: Argilla's id of the person.
        spent: the times.
        now: seconds since 1970; by default the present, by PostgreSQL's clock where there is one.

    Returns:
        False if the credit does not cover it; no time is stored then.
    """
    rows = [row for time_spent in spent for row in _rows(user_id, time_spent)]
    total = sum(row["seconds"] for row in rows if row["question"] == WHOLE)
    make_tables(db)
    now = _clock(db) if now is None else now
    credit = _locked_credit(db, user_id, now)
    if total > credit + SLACK:
        return False
    if rows:
        db.execute(_ADD, rows)
    left = {"credit": max(0.0, credit - total), "at": now}
    db.execute(update(CREDITS).where(CREDITS.c.user_id == user_id).values(left))
    return True


def read_activity(db: Connection, dataset_id: UUID) -> dict[tuple[str, str], ActiveTime]:
    """The active times of a dataset: Argilla's record id and username -> seconds; empty if nothing was measured.

    Times of an account that was deleted are not among them.
    """
    if not inspect(db).has_table(TIMES.name):
        return {}
    active: dict[tuple[str, str], ActiveTime] = {}
    of_dataset = (
        select(TIMES.c.record_id, _USERS.c.username, TIMES.c.question, TIMES.c.seconds)
        .join(_USERS, _USERS.c.id == TIMES.c.user_id)
        .where(TIMES.c.dataset_id == dataset_id)
        .order_by(TIMES.c.record_id, _USERS.c.username, TIMES.c.question)
    )
    for record, username, question, seconds in db.execute(of_dataset):
        times = active.setdefault((str(record), username), {"seconds": 0.0, "questions": {}})
        if question == WHOLE:
            times["seconds"] = round(seconds, 3)
        else:
            times["questions"][question] = round(seconds, 3)
    return active


def make_tables(db: Connection) -> None:
    """Make the tables unless they exist; any number of server processes may do so at once."""
    if db.engine in _MADE:
        return
    if inspect(db).has_table(TIMES.name):  # which is made last
        _MADE.add(db.engine)
        return
    if db.dialect.name == "postgresql":
        # IF NOT EXISTS alone fails where two make one table at the same moment.
        db.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    for ours in (CREDITS, TIMES):
        db.execute(CreateTable(ours, if_not_exists=True))


def put_activity(db: Connection, rows: Mapping[Table, list[dict[str, Any]]]) -> None:
    """Put rows of `TIMES` and `CREDITS` into the tables as they are; a row that is there already stays."""
    make_tables(db)
    for ours, of_table in rows.items():
        if of_table:
            db.execute(_KEEP[ours], of_table)


def _rows(user_id: UUID, spent: Spent) -> Iterator[dict[str, Any]]:
    for question, seconds in {WHOLE: spent.seconds, **spent.questions}.items():
        yield {
            "dataset_id": spent.dataset_id,
            "record_id": spent.record_id,
            "user_id": user_id,
            "question": question,
            "seconds": seconds,
        }


def _clock(db: Connection) -> float:
    # The clocks of several machines may differ by more than `SLACK`.
    if db.dialect.name == "postgresql":
        return float(db.scalar(select(func.extract("epoch", func.clock_timestamp()))) or 0)
    return time.time()


def _locked_credit(db: Connection, user_id: UUID, now: float) -> float:
    """A person's credit; no other post of theirs is added until this transaction ends."""
    first = {"user_id": user_id, "credit": FIRST_CREDIT, "at": now}
    # First, so that SQLite takes its lock before anything is read.
    db.execute(_KEEP[CREDITS], first)
    own = select(CREDITS.c.credit, CREDITS.c.at).where(CREDITS.c.user_id == user_id).with_for_update()
    credit, at = db.execute(own).one()
    # A clock that was set back gives nothing and takes nothing.
    return float(min(MAX_CREDIT, credit + max(0.0, now - at)))
