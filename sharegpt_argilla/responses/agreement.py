"""How far people agree: Krippendorff's alpha, Cohen's kappa, shares of equal answers, each with its interval.

Alpha is 1 for perfect agreement, 0 for what chance gives, below 0 for less than that. It takes any number of
people and any gaps: an item counts once two people answered it. Sources: Krippendorff, Computing Krippendorff's
Alpha-Reliability (2011); Cohen, A coefficient of agreement for nominal scales (1960) and Weighted kappa (1968).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sharegpt_argilla.common.wilson import wilson
from sharegpt_argilla.registry import Registry

Floats = NDArray[np.floating[Any]]
MetricName = Literal["nominal", "ordinal", "interval", "masi"]

METRIC_OF_TYPE: Mapping[str, MetricName] = {"rating": "ordinal", "label": "nominal", "multi_label": "masi"}
"""Type of question -> the metric that fits it."""


def masi_distance(first: Collection[Hashable], second: Collection[Hashable]) -> float:
    """1 - Jaccard index x monotonicity: 1 for equal sets, 2/3 for a subset, 1/3 for an overlap, else 0."""
    first_set, second_set = frozenset(first), frozenset(second)
    if first_set == second_set:
        return 0.0
    common = len(first_set & second_set)
    monotonicity = 2 / 3 if common == min(len(first_set), len(second_set)) else 1 / 3
    return 1 - common / len(first_set | second_set) * monotonicity if common else 1.0


def nominal(categories: Sequence[Hashable], totals: Floats) -> Floats:
    """1 for different answers."""
    return np.broadcast_to(1.0 - np.eye(len(categories)), (len(totals), len(categories), len(categories)))


def ordinal(categories: Sequence[Hashable], totals: Floats) -> Floats:
    """The square of the number of answers in between, each end counted half; ``categories`` in order."""
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
    matrix = np.array([[masi_distance(first, second) for second in sets] for first in sets], dtype=float)
    return np.broadcast_to(matrix.reshape(len(sets), len(sets)), (len(totals), len(sets), len(sets)))


Metric = Callable[[Sequence[Hashable], Floats], Floats]
"""Categories, and how often each was given in each of several samples (samples x categories) -> distances
(samples x categories x categories)."""

METRICS: Registry[Metric] = Registry(
    "metric", {"nominal": nominal, "ordinal": ordinal, "interval": interval, "masi": masi}
)


def kappa_weights(metric: MetricName, categories: Sequence[Hashable]) -> Floats:
    """Distances for a weighted kappa (categories x categories).

    For ordinal answers they are quadratic in the position on the scale (Cohen, Weighted kappa, 1968), which does
    not depend on how often an answer was given.
    """
    one_sample = np.ones((1, len(categories)))
    ordered = metric == "ordinal"
    distances = (
        interval(range(len(categories)), one_sample) if ordered else METRICS[metric](categories, one_sample)
    )
    weights: Floats = distances[0]
    return weights


RESAMPLES = 1000
SEED = 0
INTERVAL = 0.95
"""Nominal coverage. Ends are percentiles of resamples (Efron and Tibshirani, 1993), of shares Wilson's."""

FEWEST_ITEMS = 30
"""Items below which a resampled statistic has no interval: simulated, a 95 % one covers 0.66 to 0.95 of the time
at 5 to 20 items and 0.9 or more from here on (tests/responses/test_coverage.py)."""

FEWEST_VARIED = 10
"""Items with any answer other than the most frequent one, below which alpha and kappa have no interval: where
rare answers decide, 100 items with fewer than this cover as seldom as 30."""


@dataclass(frozen=True, slots=True)
class IntervalEstimate:
    """A statistic with its interval.

    Attributes:
        value: the statistic; None if it is undefined, as alpha is if all answers are the same.
        low: lower end of the 95 % interval; None if there is too little to say.
        high: upper end.
        items: number of items (records) behind it.
    """

    value: float | None
    low: float | None
    high: float | None
    items: int

    def to_json(self) -> dict[str, float | int | None]:
        """The values for a report, with four decimals."""
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
    varied: int | None = None,
) -> IntervalEstimate:
    """A statistic of items and its interval, each item drawn as a whole.

    There is no interval below `FEWEST_ITEMS` items or `FEWEST_VARIED` varied ones, or if no resample differs.

    Args:
        items: one row for each item. Equal rows are drawn together, which is the same and much faster.
        statistic: (patterns, weights) -> one number for each sample, NaN where it is undefined; ``patterns``
            are the different rows, ``weights`` (samples x patterns) how often each is in a sample.
        resamples: number of samples that are drawn.
        seed: of the generator; the same seed gives the same interval.
        varied: number of items with another answer than the most frequent one; None if that does not matter.
    """
    count = len(items)
    if not count:
        return IntervalEstimate(None, None, None, 0)
    if count < FEWEST_ITEMS or (varied is not None and varied < FEWEST_VARIED):
        resamples = 0
    patterns, repeats = np.unique(items, axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(count, repeats / count, size=resamples)
    weights = np.vstack([repeats[None, :], drawn]).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = statistic(patterns, weights)
    value = float(values[0])
    defined = values[1:][np.isfinite(values[1:])]
    if not np.isfinite(value):
        return IntervalEstimate(None, None, None, count)
    if not len(defined):
        return IntervalEstimate(value, None, None, count)
    low, high = np.percentile(defined, [50 * (1 - INTERVAL), 50 * (1 + INTERVAL)])
    if low == high:  # All resamples agree, which is no certainty.
        return IntervalEstimate(value, None, None, count)
    return IntervalEstimate(value, float(low), float(high), count)


def share_estimate(equal: Floats, sizes: Floats) -> IntervalEstimate:
    """A share of items and its interval, at any number of items.

    Wilson's score interval (1927; Brown, Cai and DasGupta, 2001). Items of different sizes count as Kish's
    effective number of equal ones (1965); answers to one item are taken to depend on one another.

    Args:
        equal: for each item, how much of its size is equal.
        sizes: for each item, the number of answers or pairs behind it, above 0.
    """
    if not len(sizes):
        return IntervalEstimate(None, None, None, 0)
    total = float(sizes.sum())
    share, count = float(equal.sum()) / total, total**2 / float((sizes**2).sum())
    return IntervalEstimate(share, *wilson(share, count, INTERVAL), len(sizes))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


MISSING = -1


@dataclass(frozen=True)
class AnswerTable:
    """Who answered what to one question.

    Attributes:
        items: ids of the records, one for each row of ``codes``.
        people: one for each column.
        categories: the different answers; for a scale in its order.
        codes: items x people; the index of the answer in ``categories``, or `MISSING`.
    """

    items: Sequence[str]
    people: Sequence[str]
    categories: Sequence[Hashable]
    codes: NDArray[np.integer[Any]]

    @cached_property
    def counts(self) -> Floats:
        """Items x categories: how many people gave each answer; not to be changed."""
        counts = np.zeros((len(self.items), len(self.categories)))
        for column in self.codes.T:
            answered = column != MISSING
            np.add.at(counts, (np.flatnonzero(answered), column[answered]), 1)
        return counts


def answer_table(
    answers: Mapping[str, Mapping[str, Hashable]], scale: Sequence[Hashable] | None = None
) -> AnswerTable:
    """A table from record -> person -> answer.

    Args:
        answers: numbers, labels or frozensets of labels; people who did not answer are absent.
        scale: the possible answers in their order; by default those that were given, sorted. Other answers
            follow it; numbers are sorted among those of the scale.
    """
    answers_given = {answer for of_item in answers.values() for answer in of_item.values()}
    beyond = sorted(answers_given.difference(scale or ()), key=_order)
    categories = [*(scale or ()), *beyond]
    if all(isinstance(category, int | float) for category in categories):
        # A rating outside the scale has its place by its value, not after the last.
        categories.sort(key=_order)
    people = sorted({person for of_item in answers.values() for person in of_item})
    code_of = {category: number for number, category in enumerate(categories)}
    column = {person: number for number, person in enumerate(people)}
    codes = np.full((len(answers), len(people)), MISSING)
    for row, of_item in enumerate(answers.values()):
        for person, answer in of_item.items():
            codes[row, column[person]] = code_of[answer]
    return AnswerTable(list(answers), people, categories, codes)


def label_table(table: AnswerTable, label: str) -> AnswerTable:
    """The table of one label of a question with several: whether each answer has it."""
    has = np.array(
        [int(isinstance(category, frozenset) and label in category) for category in table.categories] or [0]
    )
    codes = np.where(table.codes == MISSING, MISSING, has[table.codes])
    return AnswerTable(table.items, table.people, [False, True], codes)


def krippendorff_alpha(table: AnswerTable, metric: MetricName, resamples: int = RESAMPLES) -> IntervalEstimate:
    """Krippendorff's alpha of all people, over the items that at least two of them answered.

    With 0 ``resamples`` there is no interval.
    """
    counts = table.counts
    pairable = counts[counts.sum(axis=1) >= 2]
    return estimate(
        pairable,
        lambda patterns, weights: _alpha(patterns, weights, table.categories, metric),
        resamples,
        varied=varied_items(pairable),
    )


def varied_items(counts: Floats) -> int:
    """Number of items (rows of items x categories) with an answer other than the most frequent one of all."""
    if not counts.size:
        return 0
    others = np.delete(counts, int(counts.sum(axis=0).argmax()), axis=1)
    return int((others.sum(axis=1) > 0).sum())


def percent_agreement(table: AnswerTable) -> IntervalEstimate:
    """The share of equal answers among all pairs of answers to the same item, 0 to 1."""
    counts = table.counts
    several = counts[counts.sum(axis=1) >= 2]
    size = several.sum(axis=1)
    return share_estimate((several * (several - 1)).sum(axis=1), size * (size - 1))


def cohen_kappa(table: AnswerTable, first: str, second: str, metric: MetricName) -> IntervalEstimate:
    """Cohen's kappa of two people over the items that both answered.

    Weighted with `kappa_weights`: plain for nominal answers, quadratic for ordinal ones, MASI for sets.
    """
    columns = table.codes[:, [table.people.index(first), table.people.index(second)]]
    both = columns[(columns != MISSING).all(axis=1)]
    used, codes = np.unique(both, return_inverse=True)
    distances = kappa_weights(metric, table.categories)[np.ix_(used, used)]
    one_hot = np.eye(len(used))

    def kappa(patterns: Floats, weights: Floats) -> Floats:
        mine, theirs = one_hot[patterns[:, 0].astype(int)], one_hot[patterns[:, 1].astype(int)]
        return weighted_kappa(mine, theirs, weights, distances)

    codes = codes.reshape(both.shape)
    return estimate(codes, kappa, varied=varied_items(one_hot[codes].sum(axis=1)))


def _alpha(patterns: Floats, weights: Floats, categories: Sequence[Hashable], metric: MetricName) -> Floats:
    totals = weights @ patterns
    answers = totals.sum(axis=1)
    share = 1 / (patterns.sum(axis=1) - 1)
    if metric == "ordinal":
        # The distances depend on the sample, so each sample needs its own coincidences.
        distances = METRICS[metric](categories, totals)
        pairs = patterns[:, :, None] * patterns[:, None, :] * share[:, None, None]
        coincidences = np.tensordot(weights, pairs, axes=1)
        observed = (coincidences * distances).sum(axis=(1, 2))
        expected = np.einsum("sc,sck,sk->s", totals, distances, totals)
    else:
        matrix = METRICS[metric](categories, totals[:1])[0]
        observed = weights @ (((patterns @ matrix) * patterns).sum(axis=1) * share)
        expected = ((totals @ matrix) * totals).sum(axis=1)
    alpha: Floats = 1 - (answers - 1) * observed / expected
    return alpha


def weighted_kappa(mine: Floats, theirs: Floats, weights: Floats, distances: Floats) -> Floats:
    """Kappa of each sample; ``mine`` and ``theirs`` (patterns x categories) are the shares of each answer."""
    observed = weights @ ((mine @ distances) * theirs).sum(axis=1)
    expected = (((weights @ mine) @ distances) * (weights @ theirs)).sum(axis=1) / weights.sum(axis=1)
    kappa: Floats = 1 - observed / expected
    return kappa


def _order(answer: Hashable) -> Any:
    if isinstance(answer, frozenset):
        return sorted(map(str, answer))
    return answer
