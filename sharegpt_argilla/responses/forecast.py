"""When a team will be done at its present pace: a bootstrap over whole days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np

WINDOW = 14
"""Days behind the estimate; older ones say little about the present pace."""

FEWEST = 3
"""Full days that an estimate needs."""

RANGE = (10, 90)
"""Percentiles at the ends of the range: one case in five is outside."""

HORIZON = 3650
"""Days after which no date is given."""

_RESAMPLES = 2000


def forecast(days: Mapping[str, int], remaining: int, today: date) -> dict[str, Any]:
    """The day on which the remaining responses will be complete.

    Args:
        days: ``2026-01-05`` -> responses of that day, UTC, of those kinds that ``remaining`` counts; days without
            any may be absent.
        remaining: responses still needed.
        today: it counts as unfinished and is left out of the pace.

    Returns:
        ``days_seen`` (full days since the first answer, at most `WINDOW`), ``per_day`` (their mean), and
        ``finish``, ``earliest``, ``latest`` (ISO dates; None without an estimate): the median and the
        `RANGE` of samples of those days, drawn with replacement (seed 0).
    """
    first = min((date.fromisoformat(day) for day in days), default=today)
    seen = min((today - first).days, WINDOW)
    counts = np.array([days.get((today - timedelta(back)).isoformat(), 0) for back in range(1, seen + 1)])
    result: dict[str, Any] = {
        "remaining": remaining,
        "days_seen": seen,
        "days_needed": FEWEST,
        "per_day": round(float(counts.mean()), 1) if seen else None,
        "finish": None,
        "earliest": None,
        "latest": None,
    }
    if seen < FEWEST or not counts.any() or not remaining:
        return result
    drawn = np.random.default_rng(0).choice(counts, (_RESAMPLES, seen)).mean(axis=1)
    with np.errstate(divide="ignore"):
        needed = np.minimum(remaining / drawn, HORIZON)
    ends = np.percentile(np.ceil(needed), (RANGE[0], 50, RANGE[1]), method="nearest")
    for name, length in zip(("earliest", "finish", "latest"), ends, strict=True):
        result[name] = (today + timedelta(int(length))).isoformat() if length < HORIZON else None
    return result


def planned_forecast(people: Mapping[str, Mapping[str, Any]], team: Mapping[str, Any]) -> dict[str, Any]:
    """The finish of a project in which nobody answers another's records: the latest of the people's own.

    Args:
        people: username -> the `forecast` of that person's open records.
        team: the `forecast` of all responses that are wanted, for its counts.

    Returns:
        ``team`` with ``finish``, ``earliest`` and ``latest`` of the person who finishes last, ``whose`` (that
        person; None without an estimate) and ``unknown``: who has open records and no estimate, sorted.
    """
    known = {name: own for name, own in people.items() if own["finish"]}
    unknown = sorted(name for name, own in people.items() if own["remaining"] and not own["finish"])
    # A finish without a latest day may be much later.
    whose = max(
        sorted(known), key=lambda name: (known[name]["finish"], known[name]["latest"] or "9"), default=None
    )
    ends = {name: known[whose][name] if whose else None for name in ("earliest", "finish", "latest")}
    return {**team, **ends, "whose": whose, "unknown": unknown}
