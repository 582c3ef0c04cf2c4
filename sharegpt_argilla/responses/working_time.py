"""Working times: parsing, estimates for responses without a measured time, and each person's pace.

An estimate depends on the times of the response and of the same person's responses just before and after it. An
incremental export thus knows which others a new, edited or withdrawn response affects.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median, median_low
from typing import Any

from sharegpt_argilla.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LENGTH = re.compile(r"(\d+)([smhd])")


def read_time(text: str) -> datetime:
    """An ISO 8601 time or date as naive UTC; one without a zone is UTC, as Argilla's times are.

    Raises:
        UsageError: the text is neither.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f'time "{text}" is not of the form "2026-01-05" or "2026-01-05T10:12:00Z"') from None
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def read_length(text: str) -> float:
    """Seconds in ``90s``, ``15m``, ``2h`` or ``1d``.

    Raises:
        UsageError: the text has another form, or is zero.
    """
    match = _LENGTH.fullmatch(text)
    if match is None or not int(match[1]):
        raise UsageError(f'length of time "{text}" is not of the form 90s, 15m, 2h or 1d')
    return float(int(match[1]) * _UNITS[match[2]])


TIMES_TABLE = "CREATE TABLE times (person TEXT, time TEXT, dataset INTEGER, key TEXT)"
"""The time of the last change of each response, its person, and Argilla's id of the record."""

TIMES_INDEX = "CREATE INDEX times_by_person ON times (person, time)"
"""Created after the table is filled, which is faster."""

_BEFORE = "SELECT MAX(time) FROM times WHERE person = ? AND time < ?"
_AFTER = "SELECT MIN(time) FROM times WHERE person = ? AND time > ?"
_ADJACENT = """
WITH points AS (SELECT json_extract(value, '$[0]') AS who, json_extract(value, '$[1]') AS at FROM json_each(?))
SELECT dataset, key FROM points CROSS JOIN times
ON person = who AND time = (SELECT MAX(time) FROM times WHERE person = who AND time < at)
UNION
SELECT dataset, key FROM points CROSS JOIN times
ON person = who AND time = (SELECT MIN(time) FROM times WHERE person = who AND time > at)
"""
# CROSS JOIN makes SQLite keep this order: one index search per point, not per time.

_Point = tuple[str, str]
"""Person and time of a response."""

Timed = tuple[str, str, int, str]
"""Of one response: person, time as ISO 8601, number of the dataset, Argilla's id of the record."""


class ResponseTimes:
    """The times of all responses, in a database that has `TIMES_TABLE`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, times: Iterable[Timed]) -> None:
        """Insert the times of responses."""
        self._database.executemany("INSERT INTO times VALUES (?, ?, ?, ?)", times)

    def all(self) -> Iterable[Timed]:
        """All times in the table."""
        return self._database.execute("SELECT person, time, dataset, key FROM times")

    def replace(self, dataset: int, keys: Collection[str], times: Collection[Timed]) -> set[tuple[int, str]]:
        """Replace the stored times of some records by their present ones.

        Returns:
            Dataset and record of the responses next to one of the old or new times.
        """
        of_records = "FROM times WHERE dataset = ? AND key IN (SELECT value FROM json_each(?))"
        values = (dataset, json.dumps(list(keys)))
        old = self._database.execute(f"SELECT person, time {of_records}", values).fetchall()
        self._database.execute(f"DELETE {of_records}", values)
        self.add(times)
        points = {*old, *((person, time) for person, time, _, _ in times)}
        return set(self._database.execute(_ADJACENT, (json.dumps(list(points)),)))

    def estimate(self, marked: Iterable[Mapping[str, Any]]) -> None:
        """Estimate ``active_seconds`` of each response that has none, in tenths of seconds.

        That is the time since the person's previous response; at the start of a sitting, until the next one.
        A pause longer than `IDLE` begins another sitting; a lone response gets `IDLE`, the maximum.
        """
        waiting = [
            response
            for annotation in marked
            for response in annotation["responses"]
            if "active_seconds" not in response
        ]
        points = [(response["annotator"], response["submitted_at"]) for response in waiting]
        seconds = self._gaps(_BEFORE, points)
        started = [point for point in points if seconds[point] > IDLE]
        seconds |= {point: min(gap, IDLE) for point, gap in self._gaps(_AFTER, started).items()}
        for response, point in zip(waiting, points, strict=True):
            response["active_seconds"] = round(seconds[point], 1)
            response["active"] = "estimated"

    def _gaps(self, query: str, points: Sequence[_Point]) -> dict[_Point, float]:
        """Seconds from each to the person's response that the query finds; infinite if there is none."""
        others = {point: self._database.execute(query, point).fetchone()[0] for point in points}
        return {point: _seconds(point[1], other) for point, other in others.items()}


def _seconds(time: str, other: str | None) -> float:
    if other is None:
        return math.inf
    return abs((datetime.fromisoformat(time) - datetime.fromisoformat(other)).total_seconds())


IDLE = 300.0
"""Seconds between two submissions up to which the person is always taken to have worked."""

IDLE_MEDIANS = 5
"""Times of a person's median gap above which a gap is a pause. Of work whose logarithm has a standard deviation of
0.6, one record in 270 takes longer."""

LONGEST = 7200.0
"""Seconds above which a gap is a pause, however slow the person is."""

FEWEST_GAPS = 10
"""Gaps up to `LONGEST` below which only `IDLE` decides: one long pause among few would be taken for the pace."""


def pause_of(gaps: Iterable[float], idle: float = IDLE) -> float:
    """Seconds above which a gap between two of a person's submissions is a pause.

    A fixed limit cuts off the long records of slow people, and their median with them. This one is `IDLE_MEDIANS`
    times the median of the gaps that it keeps, from ``idle`` to `LONGEST`; it holds while most gaps are work.

    Args:
        gaps: seconds between the person's submissions, in any order.
        idle: the least limit.
    """
    ordered = sorted(gap for gap in gaps if gap <= LONGEST)
    if len(ordered) < FEWEST_GAPS:
        return idle
    pause = max(idle, LONGEST)
    while True:
        kept = ordered[: bisect_right(ordered, pause)]
        shorter = max(idle, min(pause, IDLE_MEDIANS * median_low(kept))) if kept else idle
        if shorter == pause:
            return pause
        pause = shorter


@dataclass(frozen=True)
class Pace:
    """One person's pace.

    Attributes:
        person: the username.
        submitted: submitted responses.
        gaps: number of gaps between two submissions without pauses.
        seconds: their median; None if there is none. An estimate: the first record of a sitting has no
            gap, and an answer that was edited counts at the time of the edit.
        pause: seconds above which a gap is a pause, see `pause_of`.
        pauses: number of those.
        measured: responses whose active time was measured.
        active_seconds: their median; None if there is none.
    """

    person: str
    submitted: int
    gaps: int
    seconds: float | None
    pause: float
    pauses: int
    measured: int
    active_seconds: float | None

    def to_json(self) -> dict[str, Any]:
        """The values for a report."""
        return {
            "annotator": self.person,
            "submitted": self.submitted,
            "estimated": {
                "gaps": self.gaps,
                "median_seconds": self.seconds,
                "pause_seconds": round(self.pause, 1),
                "pauses": self.pauses,
            },
            "measured": {"responses": self.measured, "median_seconds": self.active_seconds},
        }


def pace_of(person: str, times: Iterable[datetime], active: Sequence[float], idle: float = IDLE) -> Pace:
    """The pace of one person.

    Args:
        person: the username.
        times: when the person submitted, in any order.
        active: measured seconds, of those responses that have them.
        idle: seconds up to which a gap is never a pause; pauses are left out.
    """
    ordered = sorted(times)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(ordered)]
    pause = pause_of(gaps, idle)
    kept = [gap for gap in gaps if gap <= pause]
    return Pace(
        person,
        len(ordered),
        len(kept),
        round(median(kept), 1) if kept else None,
        pause,
        len(gaps) - len(kept),
        len(active),
        round(median(active), 1) if active else None,
    )
