"""How fast people answer: measured where rows say so, else estimated from the times between submissions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any

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
