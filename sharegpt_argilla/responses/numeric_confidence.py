"""Answers that are numbers on a scale: one value for each item, with an interval that contains the truth as often
as it says.

People's answers scatter around a value that they share; the truth is not that value either, since people err
together. How far they do is not told by their agreement: known right answers tell it, or else a real crowd.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from sharegpt_argilla.responses.calibration import Floats

SHARED_ERROR = 0.6
"""Variance of the error that people share, as a part of the variance of one answer around them: on 700 items of a
crowd set with ten answers from 0 to 100 each, see docs/confidence.md."""
PRETEND = 5
"""Errors as a Laplace distribution has them that join the errors on known answers."""


class NumberEstimate(NamedTuple):
    """A value and its interval.

    Attributes:
        value: the mean of the answers, drawn towards that of all items.
        low: lower end of the interval.
        high: upper end.
    """

    value: float
    low: float
    high: float


def estimate_numbers(
    answers: Iterable[tuple[Hashable, Hashable, float]],
    gold: Mapping[Any, float] | None = None,
    level: float = 0.9,
) -> dict[Any, NumberEstimate]:
    """A value with an interval for each item.

    Args:
        answers: ``(item, person, number)``; of a person who answered an item twice the last counts.
        gold: item -> the right number, where it is known. Such an item is estimated like the others.
        level: the share of intervals that are to contain the truth, more than 0 and less than 1.
    """
    by_item: dict[Any, dict[Any, float]] = {}
    for item, person, number in answers:
        by_item.setdefault(item, {})[person] = float(number)
    if not by_item:
        return {}
    numbers = [sorted(of_item.values()) for of_item in by_item.values()]
    values, deviations = _values(numbers)
    gold_rows = [row for row, item in enumerate(by_item) if item in (gold or {})]
    right = np.array([(gold or {})[item] for item in by_item if item in (gold or {})], dtype=float)
    half = _quantile(np.abs(right - values[gold_rows]) / deviations[gold_rows], level) * deviations
    estimates = zip(values.tolist(), (values - half).tolist(), (values + half).tolist(), strict=True)
    return {item: NumberEstimate(*bounds) for item, bounds in zip(by_item, estimates, strict=True)}


def _values(numbers: list[list[float]]) -> tuple[Floats, Floats]:
    """The value of each item, and the standard deviation of its error."""
    counts = np.array([len(of_item) for of_item in numbers], dtype=float)
    means = np.array([np.mean(of_item) for of_item in numbers])
    squares = sum(float(np.square(np.array(of_item) - np.mean(of_item)).sum()) for of_item in numbers)
    # Without two answers to one item the scatter of one answer is taken for that of all items.
    scatter = squares / (counts - 1).sum() if counts.max() > 1 else float(np.var(means))
    scatter = max(scatter, LEAST_SCATTER)
    between = max(float(np.var(np.sort(means))) - scatter * float(np.mean(np.sort(1 / counts))), LEAST_SCATTER)
    variances = 1 / (1 / between + counts / scatter)
    values = (means * counts / scatter + np.sort(means).mean() / between) * variances
    return values, np.sqrt(variances + SHARED_ERROR * scatter)


LEAST_SCATTER = 1e-6
"""Variance below which nothing is taken to lie, so that people who always agree get an interval all the same."""


def _quantile(errors: Floats, level: float) -> float:
    """Standard deviations that contain the share ``level`` of errors: those that are known and pretended ones."""
    shares = (np.arange(PRETEND) + 0.5) / PRETEND
    if not len(errors):
        return float(-np.log(1 - level) / np.sqrt(2))
    return float(np.quantile(np.concatenate([errors, -np.log(1 - shares) / np.sqrt(2)]), level, method="hazen"))
