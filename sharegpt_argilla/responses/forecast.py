"""When a team will be done at its present pace: simulated days, with the weekdays on which people rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

WINDOW = 14
"""Days behind the estimate; older ones say little about the present pace."""

FEWEST = 3
"""Full days that an estimate needs."""

RANGE = (10, 90)
"""Percentiles at the ends of the range: one case in five is outside."""

HORIZON = 3650
"""Days after which no date is given."""

WEEKEND_REST = 0.5
"""Probability that somebody never works on weekends, before their days are looked at."""

WEEKDAY_REST = 0.03
"""Probability that somebody never works on a certain day from Monday to Friday, likewise."""

_SATURDAY = 5
_RESAMPLES = 1000
_BLOCK = 32

Days = Mapping[str, int]
"""``2026-01-05`` -> responses of that day, UTC; days without any may be absent."""

Integers = NDArray[np.int64]


def forecast(days: Days, remaining: int, today: date) -> dict[str, Any]:
    """The day on which the remaining responses of one person will be complete; see `pooled_forecast`."""
    return pooled_forecast([days], remaining, today)


def pooled_forecast(people: Sequence[Days], remaining: int, today: date) -> dict[str, Any]:
    """The day on which the remaining responses will be complete, where anybody may give them.

    Args:
        people: the days of each person, of those kinds of responses that ``remaining`` counts.
        remaining: responses still needed.
        today: it counts as unfinished, and is left out of the pace and of the days to come.

    Returns:
        ``days_seen`` (full days since the first answer, at most `WINDOW`), ``per_day`` (their mean), and
        ``finish``, ``earliest``, ``latest`` (ISO dates; None without an estimate): the median and the `RANGE` of
        simulated courses. In each every person has days like their own, drawn with replacement (seed 0), and
        rests on the weekdays on which they were never seen.
    """
    together: Counter[str] = Counter()
    for days in people:
        together.update(days)
    result = _counts(together, remaining, today)
    if not _suffices(result) or not remaining:
        return result
    return result | _dates(_lengths(people, remaining, today, 0), today)


def planned_forecast(
    people: Mapping[str, Days], remaining: Mapping[str, int], team: Mapping[str, Any], today: date
) -> dict[str, Any]:
    """The finish of a project in which nobody answers another's records: that of whoever is last.

    Args:
        people: username -> their days.
        remaining: username -> records that they have yet to answer.
        team: the `pooled_forecast` of all responses that are wanted, for its counts.
        today: as there.

    Returns:
        ``team`` with ``finish``, ``earliest`` and ``latest`` of the last person in each simulated course,
        ``whose`` (the person whose own finish is the latest; None without an estimate), ``unknown`` (who has open
        records and no estimate, sorted) and ``own``: person -> own finish, of the same courses.
    """
    open_work = {name: count for name, count in sorted(remaining.items()) if count}
    lengths = {
        name: _lengths([people[name]], count, today, number)
        for number, (name, count) in enumerate(open_work.items())
        if name in people and _suffices(_counts(people[name], count, today))
    }
    unknown = sorted(open_work.keys() - lengths.keys())
    if not lengths:
        return {**team, **dict.fromkeys(("earliest", "finish", "latest", "whose")), "unknown": unknown, "own": {}}
    whose = max(
        lengths, key=lambda name: (float(np.median(lengths[name])), float(np.percentile(lengths[name], 90)))
    )
    last = np.max(list(lengths.values()), axis=0)
    own = {name: _dates(courses, today)["finish"] for name, courses in lengths.items()}
    return {**team, **_dates(last, today), "whose": whose, "unknown": unknown, "own": own}


def _counts(days: Days, remaining: int, today: date) -> dict[str, Any]:
    seen = _days_seen(days, today)
    counts = [days.get((today - timedelta(back)).isoformat(), 0) for back in range(1, seen + 1)]
    return {
        "remaining": remaining,
        "days_seen": seen,
        "days_needed": FEWEST,
        "per_day": round(sum(counts) / seen, 1) if seen else None,
        "finish": None,
        "earliest": None,
        "latest": None,
    }


def _days_seen(days: Days, today: date) -> int:
    first = min((date.fromisoformat(day) for day in days), default=today)
    return max(0, min((today - first).days, WINDOW))


def _suffices(counts: Mapping[str, Any]) -> bool:
    return counts["days_seen"] >= FEWEST and bool(counts["per_day"])


def _dates(lengths: Integers, today: date) -> dict[str, str | None]:
    ends = np.percentile(lengths, (RANGE[0], 50, RANGE[1]), method="nearest")
    return {
        name: (today + timedelta(int(length))).isoformat() if length < HORIZON else None
        for name, length in zip(("earliest", "finish", "latest"), ends, strict=True)
    }


def _lengths(people: Sequence[Days], remaining: int, today: date, seed: int) -> Integers:
    """Days from today until nothing remains, in each simulated course; `HORIZON` for more."""
    random = np.random.default_rng(seed)
    paces = [_Pace(days, today, random) for days in people if _days_seen(days, today)]
    left = np.full(_RESAMPLES, remaining)
    lengths = np.full(_RESAMPLES, HORIZON)
    for begin in range(1, HORIZON, _BLOCK):
        ahead = [today + timedelta(step) for step in range(begin, begin + _BLOCK)]
        done = np.cumsum(sum(pace.draw(ahead) for pace in paces), axis=1)
        reached = done >= left[:, None]
        finished = (lengths == HORIZON) & reached.any(axis=1)
        lengths[finished] = begin + reached.argmax(axis=1)[finished]
        left = left - done[:, -1]
        if np.mean(lengths < HORIZON) > 0.95:  # what is beyond the range need not be known
            break
    return lengths


class _Pace:
    """One person's days to come, in every course: days like those that were seen, none on the days of rest."""

    def __init__(self, days: Days, today: date, random: np.random.Generator) -> None:
        back = [today - timedelta(step) for step in range(1, _days_seen(days, today) + 1)]
        counts = {day: days.get(day.isoformat(), 0) for day in back}
        resting = _rest(counts)
        worked = [count for day, count in counts.items() if resting[day.weekday()] <= 1 / 2]
        sample = np.array(worked or list(counts.values()))
        self._random = random
        # The pace itself is not known for sure: each course has a bootstrap sample of the days.
        self._days = sample[random.integers(len(sample), size=(_RESAMPLES, len(sample)))]
        weekend, *others = random.random((_SATURDAY + 1, _RESAMPLES))
        self._rests = np.stack([*others, weekend, weekend], axis=1) < np.array(resting)

    def draw(self, ahead: Sequence[date]) -> Integers:
        """Courses x days: responses."""
        picked = self._random.integers(self._days.shape[1], size=(_RESAMPLES, len(ahead)))
        rests = self._rests[:, [day.weekday() for day in ahead]]
        return np.where(rests, 0, np.take_along_axis(self._days, picked, axis=1))


def _rest(counts: Mapping[date, int]) -> list[float]:
    """For each weekday from Monday the probability that nobody works on it, by Bayes' rule.

    A day of rest is never worked on; on any other the person is idle as often as on the rest of their days.
    Saturday and Sunday count as one.
    """

    def probability(prior: float, of: set[int]) -> float:
        seen = [count for day, count in counts.items() if day.weekday() in of]
        rest = [count for day, count in counts.items() if day.weekday() not in of and day.weekday() < _SATURDAY]
        if any(seen):
            return 0.0
        idle = (sum(not count for count in rest) + 1) / (len(rest) + 5)
        return prior / (prior + (1 - prior) * idle ** len(seen))

    weekend = probability(WEEKEND_REST, {_SATURDAY, _SATURDAY + 1})
    return [*(probability(WEEKDAY_REST, {day}) for day in range(_SATURDAY)), weekend, weekend]
