"""Bootstrap intervals: statistics of items that were drawn again and again, with replacement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
SEED = 0
INTERVAL = 0.95
"""Share of the resamples that lie inside an interval; its ends are percentiles (Efron and Tibshirani, 1993)."""

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic with its interval.

    Attributes:
        value: the statistic; None where it is not defined, as alpha is when all answers are the same.
        low: lower end of the 95 % interval; None where too little is defined.
        high: upper end.
        items: number of items (records) behind it.
    """

    value: float | None
    low: float | None
    high: float | None
    items: int

    def to_json(self) -> dict[str, float | int | None]:
        """As it stands in a report: four decimals."""
        return {
            "value": _rounded(self.value),
            "low": _rounded(self.low),
            "high": _rounded(self.high),
            "items": self.items,
        }


def estimate(
    items: Floats,
    statistic: Callable[[Floats, Floats], Floats],
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Estimate:
    """A statistic of items and its interval, each item drawn as a whole.

    Args:
        items: one row for each item. Equal rows are drawn together, which is the same and much faster.
        statistic: (patterns, weights) -> one number for each sample, NaN where it is not defined; ``patterns``
            are the different rows, ``weights`` (samples x patterns) how often each is in a sample.
        resamples: number of samples that are drawn.
        seed: of the generator; the same seed gives the same interval.
    """
    count = len(items)
    if not count:
        return Estimate(None, None, None, 0)
    patterns, times = np.unique(items, axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(count, times / count, size=resamples)
    weights = np.vstack([times[None, :], drawn]).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = statistic(patterns, weights)
    value = float(found[0])
    defined = found[1:][np.isfinite(found[1:])]
    if not np.isfinite(value):
        return Estimate(None, None, None, count)
    if not len(defined):
        return Estimate(value, None, None, count)
    low, high = np.percentile(defined, [50 * (1 - INTERVAL), 50 * (1 + INTERVAL)])
    return Estimate(value, float(low), float(high), count)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
