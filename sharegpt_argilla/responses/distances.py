"""How far two answers to one question are apart: 0 for equal ones.

Nominal, ordinal and interval are Krippendorff's difference functions (Computing Krippendorff's Alpha-Reliability,
2011, section C; they are squared). MASI is Passonneau's distance of sets (Measuring Agreement on Set-valued Items
for Semantic and Pragmatic Annotation, 2006).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sharegpt_argilla.registry import Registry

Floats = NDArray[np.floating[Any]]
MetricName = Literal["nominal", "ordinal", "interval", "masi"]

METRIC_OF_TYPE: Mapping[str, MetricName] = {"rating": "ordinal", "label": "nominal", "multi_label": "masi"}
"""Type of question -> the metric that fits it."""


def masi_distance(first: Collection[Hashable], second: Collection[Hashable]) -> float:
    """1 - Jaccard index x monotonicity: 1 for equal sets, 2/3 for a subset, 1/3 for an overlap, else 0."""
    one, two = frozenset(first), frozenset(second)
    if one == two:
        return 0.0
    common = len(one & two)
    monotonicity = 2 / 3 if common == min(len(one), len(two)) else 1 / 3
    return 1 - common / len(one | two) * monotonicity if common else 1.0


def nominal(categories: Sequence[Hashable], totals: Floats) -> Floats:
    """1 for different answers."""
    return np.broadcast_to(1.0 - np.eye(len(categories)), (len(totals), len(categories), len(categories)))


def ordinal(categories: Sequence[Hashable], totals: Floats) -> Floats:
    """The square of the number of answers that lie between, each end counted half; ``categories`` in order."""
    running = np.cumsum(totals, axis=1)
    between = running[:, None, :] - running[:, :, None] + (totals[:, :, None] - totals[:, None, :]) / 2
    squared: Floats = between**2
    return squared


def interval(categories: Sequence[Hashable], totals: Floats) -> Floats:
    """The square of the difference of two numbers."""
    values = np.array(categories, dtype=float)
    return np.broadcast_to((values[:, None] - values[None, :]) ** 2, (len(totals), len(values), len(values)))


def masi(categories: Sequence[Hashable], totals: Floats) -> Floats:
    """`masi_distance` of sets of labels."""
    sets = [category if isinstance(category, frozenset) else frozenset([category]) for category in categories]
    matrix = np.array([[masi_distance(one, two) for two in sets] for one in sets], dtype=float)
    return np.broadcast_to(matrix.reshape(len(sets), len(sets)), (len(totals), len(sets), len(sets)))


Metric = Callable[[Sequence[Hashable], Floats], Floats]
"""Categories, and how often each was given in each of several samples (samples x categories) -> distances
(samples x categories x categories)."""

METRICS: Registry[Metric] = Registry(
    "metric", {"nominal": nominal, "ordinal": ordinal, "interval": interval, "masi": masi}
)


def kappa_weights(metric: MetricName, categories: Sequence[Hashable]) -> Floats:
    """Distances for a weighted kappa (categories x categories).

    For ordinal answers they are quadratic in the place on the scale (Cohen, Weighted kappa, 1968), which does not
    depend on how often an answer was given.
    """
    one_sample = np.ones((1, len(categories)))
    ordered = metric == "ordinal"
    found = interval(range(len(categories)), one_sample) if ordered else METRICS[metric](categories, one_sample)
    weights: Floats = found[0]
    return weights
