"""Counts what a search finds and reads one page of it, without looking at every record where an index helps.

Three ways lead to a page. All that is found can be sorted, which is right for few. Or the records are read in the
order that is wanted, and looked at until the page is full, which is right for many: along the values of an
attribute when it is sorted by that, along the lots when it is a person's shuffle.
"""

# ruff: noqa: S608 - only names and numbers of our own are put into SQL; values are bound.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from sharegpt_argilla.embedded_argilla.engine.index_filters import Condition, all_of
from sharegpt_argilla.embedded_argilla.engine.shuffle import TURNS, Shuffle, lots_of_turn

if TYPE_CHECKING:
    import sqlite3

Page = list[tuple[str, float]]


@dataclass(frozen=True)
class Match:
    """The rows that a query finds.

    ``source`` is SQL from ``FROM`` on, ``score`` an expression over it. ``text`` is the same without the join to
    the table ``record``, where that is enough; ``conditions`` are all that the records fulfil, where no text is
    sought.
    """

    source: str
    score: str
    values: tuple[str | int | float, ...]
    text: str = ""
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Ordering:
    """What follows ``ORDER BY``; also the one attribute or the shuffle that is the whole order, where one is."""

    key: Condition
    attribute: int | None = None
    descending: bool = False
    shuffle: Shuffle | None = None
    by_score: bool = False


def count_matches(connection: sqlite3.Connection, match: Match) -> int:
    """The number of all records that a search finds."""
    if match.text:
        return _count(connection, match.text, match.values)
    excluded = [condition for condition in match.conditions if condition.opposite is not None]
    if len(excluded) == 1 and excluded[0].opposite is not None:
        # Few records have an answer of one person: it is faster to count those and to subtract.
        others = tuple(condition for condition in match.conditions if condition is not excluded[0])
        every = _count_all_of(connection, others)
        return every - _count_all_of(connection, (*others, excluded[0].opposite))
    return _count_all_of(connection, match.conditions) if match.conditions else _count_source(connection, match)


def _count_all_of(connection: sqlite3.Connection, conditions: tuple[Condition, ...]) -> int:
    listed = [condition for condition in conditions if condition.numbers]
    # What is listed belongs to the dataset's own attributes, so the dataset need not be looked up.
    others = [condition for condition in conditions if not condition.numbers and not condition.is_dataset]
    if not listed or others:
        conjunction = all_of(conditions)
        return _count(connection, f"FROM record WHERE {conjunction.sql}", conjunction.values)
    return len(set.intersection(*[_records(connection, condition) for condition in listed]))


def _records(connection: sqlite3.Connection, listed: Condition) -> set[int]:
    """The numbers of the records for which a condition is true.

    SQLite counts and intersects by putting each number into a tree; this takes less than half of that time.
    """
    (joined,) = connection.execute(
        f"SELECT group_concat(record) FROM ({listed.numbers})", listed.values
    ).fetchone()
    return set(orjson.loads(f"[{joined or ''}]"))


def _count_source(connection: sqlite3.Connection, match: Match) -> int:
    return _count(connection, match.source, match.values)


def _count(connection: sqlite3.Connection, source: str, values: tuple[str | int | float, ...]) -> int:
    count: int = connection.execute(f"SELECT COUNT(*) {source}", values).fetchone()[0]
    return count


def read_page(
    connection: sqlite3.Connection,
    match: Match,
    ordering: Ordering,
    span: tuple[int, int],
    totals: tuple[int, int],
) -> Page:
    """``(record id, score)`` of one page.

    Args:
        span: the offset and the number of records.
        totals: how many records the search finds, and how many the dataset has.
    """
    offset, limit = span
    total, records = totals
    limit = min(limit, total - offset)
    if limit <= 0:
        return []
    if match.conditions and _few_to_pass(offset + limit, total, records):
        page = _walk(connection, match, ordering, offset, limit)
        if len(page) == limit:
            return page
    if match.text and ordering.by_score:
        return _best(connection, match, offset, limit)
    rows = connection.execute(
        f"SELECT record.id, {match.score} AS score {match.source} ORDER BY {ordering.key.sql} LIMIT ? OFFSET ?",
        (*match.values, *ordering.key.values, limit, offset),
    )
    return rows.fetchall()


def _few_to_pass(wanted: int, total: int, records: int) -> bool:
    """Whether reading in order passes fewer records, until it has so many, than there are to sort."""
    return wanted * records < total * total


def _walk(connection: sqlite3.Connection, match: Match, ordering: Ordering, offset: int, limit: int) -> Page:
    """The page by reading in order; fewer than ``limit`` if the order does not contain all records."""
    probes = all_of(Condition(each.probe or each.sql, each.values) for each in match.conditions)
    if ordering.attribute is not None:
        return _along_values(connection, probes, ordering, offset, limit)
    if ordering.shuffle is not None:
        return _along_lots(connection, probes, ordering.shuffle, offset, limit)
    if ordering.by_score:
        # Without a text all scores are alike, and records stay in the order of the index.
        source = f"FROM record INDEXED BY record_dataset WHERE {probes.sql} ORDER BY record.number"
        return _page(connection, source, probes, offset, limit)
    return []


def _page(connection: sqlite3.Connection, source: str, condition: Condition, offset: int, limit: int) -> Page:
    rows = connection.execute(
        f"SELECT record.id, 1.0 {source} LIMIT ? OFFSET ?", (*condition.values, limit, offset)
    )
    return rows.fetchall()


def _along_values(
    connection: sqlite3.Connection, probes: Condition, ordering: Ordering, offset: int, limit: int
) -> Page:
    direction, before = ("DESC", ">") if ordering.descending else ("ASC", "<")
    # A record with several values is sorted by the first of them in this direction.
    first = (
        "NOT EXISTS (SELECT 1 FROM value AS other WHERE other.record = key.record "
        f"AND other.attribute = {ordering.attribute} AND other.value {before} key.value)"
    )
    source = (
        "FROM value AS key CROSS JOIN record ON record.number = key.record "
        f"WHERE key.attribute = {ordering.attribute} AND {first} AND {probes.sql} "
        f"ORDER BY key.value {direction}, key.record"
    )
    return _page(connection, source, probes, offset, limit)


def _along_lots(
    connection: sqlite3.Connection, probes: Condition, shuffle: Shuffle, offset: int, limit: int
) -> Page:
    numbers: list[int] = []
    for turn in range(TURNS):
        low, high = lots_of_turn(shuffle, turn)
        numbers += [
            number
            for (number,) in connection.execute(
                "SELECT record.number FROM record INDEXED BY record_lot "
                f"WHERE record.lot BETWEEN ? AND ? AND {probes.sql} ORDER BY {shuffle.position}, record.number",
                (low, high, *probes.values),
            )
        ]
        if len(numbers) >= offset + limit:
            break
    ids = [
        connection.execute("SELECT id FROM record WHERE number = ?", (number,)).fetchone()[0]
        for number in numbers[offset : offset + limit]
    ]
    return [(record_id, 1.0) for record_id in ids]


def _best(connection: sqlite3.Connection, match: Match, offset: int, limit: int) -> Page:
    rows = connection.execute(
        f"SELECT record.id, hit.score FROM (SELECT rowid AS number, {match.score} AS score {match.text} "
        "ORDER BY score DESC, number LIMIT ? OFFSET ?) AS hit JOIN record ON record.number = hit.number "
        "ORDER BY hit.score DESC, hit.number",
        (*match.values, limit, offset),
    )
    return rows.fetchall()
