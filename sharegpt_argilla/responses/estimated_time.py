"""How long somebody worked on a response, where nobody measured it: from the times of the person's responses.

An estimate rests on the response itself and on the same person's responses just before and after it, so that an
export of what changed knows which others a new, edited or withdrawn one touches.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sharegpt_argilla.responses.pace import IDLE

TIMES_TABLE = "CREATE TABLE times (person TEXT, time TEXT, dataset INTEGER, key TEXT)"
"""When each person's responses took their present form, and Argilla's id of the record."""

TIMES_INDEX = "CREATE INDEX times_by_person ON times (person, time)"
"""To be made once the table is full, which is quicker."""

_BEFORE = """
WITH points AS (SELECT json_extract(value, '$[0]') AS who, json_extract(value, '$[1]') AS at FROM json_each(?))
SELECT who, at, (SELECT MAX(time) FROM times WHERE person = who AND time < at) FROM points
"""
_AFTER = """
WITH points AS (SELECT json_extract(value, '$[0]') AS who, json_extract(value, '$[1]') AS at FROM json_each(?))
SELECT who, at, (SELECT MIN(time) FROM times WHERE person = who AND time > at) FROM points
"""
_BESIDE = """
WITH points AS (SELECT json_extract(value, '$[0]') AS who, json_extract(value, '$[1]') AS at FROM json_each(?))
SELECT dataset, key FROM points CROSS JOIN times
ON person = who AND time = (SELECT MAX(time) FROM times WHERE person = who AND time < at)
UNION
SELECT dataset, key FROM points CROSS JOIN times
ON person = who AND time = (SELECT MIN(time) FROM times WHERE person = who AND time > at)
"""
# CROSS JOIN keeps SQLite to this order: a look into the index for each point, not for each time.

_Point = tuple[str, str]
"""Person and time of a response."""

Timed = tuple[str, str, int, str]
"""Person, time as ISO 8601, place of the dataset, Argilla's id of the record: of one response."""


class ResponseTimes:
    """The times of all responses, in a database that has `TIMES_TABLE`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, times: Iterable[Timed]) -> None:
        """Put in the times of responses."""
        self._database.executemany("INSERT INTO times VALUES (?, ?, ?, ?)", times)

    def all(self) -> Iterable[Timed]:
        """Every time that is known."""
        return self._database.execute("SELECT person, time, dataset, key FROM times")

    def replace(self, dataset: int, keys: Collection[str], times: Collection[Timed]) -> set[tuple[int, str]]:
        """Put the present times of some records in the place of those that are known.

        Returns:
            Dataset and record of the responses that stood beside one of the old times, or stand beside a new one.
        """
        of_records = "FROM times WHERE dataset = ? AND key IN (SELECT value FROM json_each(?))"
        values = (dataset, json.dumps(list(keys)))
        old = self._database.execute(f"SELECT person, time {of_records}", values).fetchall()
        self._database.execute(f"DELETE {of_records}", values)
        self.add(times)
        points = {*old, *((person, time) for person, time, _, _ in times)}
        return set(self._database.execute(_BESIDE, (json.dumps(list(points)),)))

    def estimate(self, marked: Iterable[Mapping[str, Any]]) -> None:
        """Give each response of some annotations that has no ``active_seconds`` an estimate, in tenths of seconds.

        That is the time since the person's response before; at the start of a sitting, until the next. A pause
        longer than `IDLE` begins another sitting; a response that stands alone gets `IDLE`, the most there is.
        """
        waiting = [one for each in marked for one in each["responses"] if "active_seconds" not in one]
        points = [(response["annotator"], response["submitted_at"]) for response in waiting]
        seconds = self._gaps(_BEFORE, points)
        started = [point for point in points if seconds[point] > IDLE]
        seconds |= {point: min(gap, IDLE) for point, gap in self._gaps(_AFTER, started).items()}
        for response, point in zip(waiting, points, strict=True):
            response["active_seconds"] = round(seconds[point], 1)
            response["active"] = "estimated"

    def _gaps(self, query: str, points: Sequence[_Point]) -> dict[_Point, float]:
        """Seconds from each to the person's response that the query finds; infinite where there is none."""
        found = self._database.execute(query, (json.dumps(points),))
        return {(person, time): _seconds(time, other) for person, time, other in found}


def _seconds(time: str, other: str | None) -> float:
    if other is None:
        return math.inf
    return abs((datetime.fromisoformat(time) - datetime.fromisoformat(other)).total_seconds())
