"""How long somebody worked on a response, where nobody measured it: from the times of the person's responses.

An estimate rests on the response itself and on the same person's responses just before and after it, so that an
export of what changed knows which others a new, edited or withdrawn one touches.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import Any

from sharegpt_argilla.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LENGTH = re.compile(r"(\d+)([smhd])")


def read_time(text: str) -> datetime:
    """An ISO 8601 time or date as UTC without a zone; what has no zone is UTC already, as Argilla's times are.

    Raises:
        UsageError: it is neither.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f'time "{text}" is not of the form "2026-01-05" or "2026-01-05T10:12:00Z"') from None
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def read_length(text: str) -> float:
    """Seconds in ``90s``, ``15m``, ``2h`` or ``1d``.

    Raises:
        UsageError: it is of another form, or zero.
    """
    found = _LENGTH.fullmatch(text)
    if found is None or not int(found[1]):
        raise UsageError(f'length of time "{text}" is not of the form 90s, 15m, 2h or 1d')
    return float(int(found[1]) * _UNITS[found[2]])


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


IDLE = 300.0
"""Seconds between two submissions after which somebody is taken to have been away."""


@dataclass(frozen=True)
class Pace:
    """One person's pace.

    Attributes:
        person: the username.
        submitted: submitted responses.
        gaps: times between two submissions that were not longer than the cut-off.
        seconds: the median of them; None where there is none. An estimate: the first record of a sitting has no
            gap, and an answer that was edited counts at the time of the edit.
        measured: responses whose active time was measured.
        active_seconds: the median of those; None where there is none.
    """

    person: str
    submitted: int
    gaps: int
    seconds: float | None
    measured: int
    active_seconds: float | None

    def to_json(self) -> dict[str, Any]:
        """As it stands in a report."""
        return {
            "annotator": self.person,
            "submitted": self.submitted,
            "estimated": {"gaps": self.gaps, "median_seconds": self.seconds},
            "measured": {"responses": self.measured, "median_seconds": self.active_seconds},
        }


def pace_of(person: str, times: Iterable[datetime], active: Sequence[float], idle: float = IDLE) -> Pace:
    """The pace of one person.

    Args:
        person: the username.
        times: when the person submitted, in any order.
        active: measured seconds, of those responses that have them.
        idle: longer gaps, in seconds, are left out.
    """
    ordered = sorted(times)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(ordered)]
    kept = [gap for gap in gaps if gap <= idle]
    return Pace(
        person,
        len(ordered),
        len(kept),
        round(median(kept), 1) if kept else None,
        len(active),
        round(median(active), 1) if active else None,
    )
