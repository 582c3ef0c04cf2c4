"""How far a model's probabilities are to be believed: one exponent, from right answers and from real crowds.

Probabilities ``p`` become ``p ** b / sum(p ** b)``: below 1, ``b`` makes them more modest, above 1 surer
(temperature scaling, Guo and others, 2017). ``b`` is not chosen but averaged over: a grid of values, each weighted
by how well it tells the known right answers and by how common it is among real crowds. Few right answers
therefore move it little.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LEAST = 1e-12
"""Below it a probability counts as this."""


class Prior(NamedTuple):
    """What is known of the exponent before any answer is known to be right: a log-normal distribution.

    Attributes:
        median: of the exponent.
        spread: standard deviation of its logarithm.
    """

    median: float
    spread: float


CROWDS = Prior(0.75, 0.4)
"""From the best exponents of 17 sets of real crowd answers, 2, 3 and 5 an item: 0.39 to 1.42, geometric mean 0.79
(0.68 on the four sets of docs/confidence.md), standard deviation of the logarithm 0.33; made a little more modest
and wider, for crowds unlike those."""

GRID = np.exp(np.linspace(np.log(0.1), np.log(2.5), 41))
"""The exponents that are averaged over."""


class Calibration:
    """Probabilities under every exponent of the grid, and how likely each exponent is.

    Args:
        probabilities: items x labels, from a model that did not use the known answer of the item itself.
        known: the items whose right answer is known.
        right: their right labels.
        prior: of the exponent.
    """

    def __init__(self, probabilities: Floats, known: Integers, right: Integers, prior: Prior = CROWDS) -> None:
        self._logs = np.log(np.maximum(probabilities, LEAST))
        self._weights = _weights(self._logs[known], right, prior)

    def each(self) -> Iterator[tuple[float, Floats]]:
        """The weight of each exponent, which sum to 1, and the probabilities under it."""
        for weight, exponent in zip(self._weights, GRID, strict=True):
            yield float(weight), _power(self._logs, exponent)

    def mean(self) -> Floats:
        """The probabilities that are to be believed; each row sums to 1."""
        return np.asarray(sum(weight * probabilities for weight, probabilities in self.each()))


def _weights(logs: Floats, right: Integers, prior: Prior) -> Floats:
    rows = np.arange(len(right))
    fits = np.array([np.log(_power(logs, exponent)[rows, right]).sum() for exponent in GRID])
    fits -= (np.log(GRID / prior.median) / prior.spread) ** 2 / 2
    weights = np.exp(fits - fits.max())
    return np.asarray(weights / weights.sum())


def _power(logs: Floats, exponent: float) -> Floats:
    scaled = logs * exponent
    scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))
