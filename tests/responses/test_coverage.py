"""Intervals cover the truth as often as they say, at few records too; where none can, there is none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binomtest

from sharegpt_argilla.responses.agreement import (
    FEWEST_ITEMS,
    FEWEST_VARIED,
    AnswerTable,
    Floats,
    IntervalEstimate,
    MetricName,
    answer_table,
    krippendorff_alpha,
    percent_agreement,
    share_estimate,
)
from sharegpt_argilla.responses.person_agreement import against_reference, against_rest

SIZES = (5, 10, 30, 100)
SHARES = (0.5, 0.7, 0.8, 0.9, 0.95)


@pytest.mark.parametrize(("equal", "count"), [(0, 8), (8, 8), (3, 5), (1, 1), (70, 100)])
def test_a_share_has_wilsons_interval(equal: int, count: int) -> None:
    interval = share_estimate(np.repeat([1.0, 0.0], [equal, count - equal]), np.ones(count))
    known = binomtest(equal, count).proportion_ci(0.95, method="wilson")
    assert interval.value == equal / count
    assert (interval.low, interval.high) == pytest.approx((known.low, known.high), abs=1e-9)
    assert interval.items == count


def test_none_of_eight_is_not_certainly_none() -> None:
    answers = {str(n): {"ana": "a"} for n in range(8)}
    share = against_reference(answers, dict.fromkeys(answers, "b")).share.to_json()
    assert share == {"value": 0.0, "low": 0.0, "high": 0.3244, "items": 8}
    both = {str(n): {"ana": 1, "ben": 1} for n in range(8)}
    table = answer_table(both)
    for found in (percent_agreement(table), against_rest(table, "ana", "nominal").agreement):
        assert (found.value, found.high) == (1.0, 1.0)
        assert found.low == pytest.approx(0.6756, abs=1e-4)


@pytest.mark.parametrize("count", SIZES)
def test_intervals_of_shares_cover(count: int) -> None:
    """Over 2,000 samples of each share, and over shares drawn evenly."""
    rng = np.random.default_rng(1)

    def covers(share: float) -> bool:
        found = share_estimate((rng.random(count) < share).astype(float), np.ones(count))
        return _covers(found, share)

    for share in SHARES:
        assert np.mean([covers(share) for _ in range(2000)]) >= 0.9
    assert 0.935 <= np.mean([covers(share) for share in rng.random(4000)]) <= 0.965


@pytest.mark.parametrize("count", SIZES)
def test_intervals_cover_where_records_have_different_numbers_of_answers(count: int) -> None:
    """Answers to one record that are all right or all wrong together: the least that they can say."""
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(2000):
        sizes = rng.integers(1, 5, count).astype(float)
        equal = np.where(rng.random(count) < 0.7, sizes, 0.0)
        covered += _covers(share_estimate(equal, sizes), 0.7)
    assert covered >= 0.9 * 2000


Draw = Callable[[np.random.Generator, int, int], AnswerTable]


def _table(codes: Floats, categories: int) -> AnswerTable:
    items, people = codes.shape
    names = [str(item) for item in range(items)]
    return AnswerTable(names, list("abc")[:people], list(range(categories)), codes.astype(int))


def ratings(rng: np.random.Generator, items: int, people: int) -> AnswerTable:
    truth = rng.integers(1, 6, items)[:, None]
    return _table(np.clip(truth + rng.integers(-1, 2, (items, people)), 0, 6), 7)


def labels(rng: np.random.Generator, items: int, people: int) -> AnswerTable:
    return _labels(rng, items, people, [0.4, 0.3, 0.2, 0.1])


def rare(rng: np.random.Generator, items: int, people: int) -> AnswerTable:
    return _labels(rng, items, people, [0.9, 0.1])


def _labels(rng: np.random.Generator, items: int, people: int, shares: list[float]) -> AnswerTable:
    truth, noise = rng.choice(len(shares), items, p=shares), rng.choice(len(shares), (items, people), p=shares)
    return _table(np.where(rng.random((items, people)) < 0.25, noise, truth[:, None]), len(shares))


@pytest.mark.parametrize("people", [2, 3])
@pytest.mark.parametrize(("draw", "metric"), [(ratings, "ordinal"), (labels, "nominal"), (rare, "nominal")])
def test_intervals_of_alpha_cover_where_there_are_any(draw: Draw, metric: MetricName, people: int) -> None:
    rng = np.random.default_rng(3)
    truth = krippendorff_alpha(draw(rng, 100_000, people), metric, resamples=0).value
    assert truth is not None
    for count in SIZES:
        found = [krippendorff_alpha(draw(rng, count, people), metric) for _ in range(300 if count >= 30 else 20)]
        shown = [interval for interval in found if interval.low is not None]
        if count < FEWEST_ITEMS:
            assert not shown
        elif draw is not rare or count == 100:
            assert len(shown) > 200
            # Of 300 samples at 0.93, a share is off by 0.015.
            assert np.mean([_covers(interval, truth) for interval in shown]) >= 0.9 - 0.015


def test_the_number_of_records_that_an_interval_of_alpha_needs() -> None:
    assert (FEWEST_ITEMS, FEWEST_VARIED) == (30, 10)

    def alpha(same: int, apart: int) -> IntervalEstimate:
        answers = [("a", "a")] * same + [("a", "b")] * (apart // 2) + [("b", "b")] * (apart - apart // 2)
        return krippendorff_alpha(
            answer_table({str(n): {"ana": one, "ben": two} for n, (one, two) in enumerate(answers)}), "nominal"
        )

    assert alpha(20, 10).low is not None
    assert alpha(19, 10).low is None
    assert alpha(91, 9).low is None
    assert alpha(91, 9).value is not None


def test_perfect_agreement_has_no_interval_of_no_width() -> None:
    answers = {str(n): {"ana": n % 3, "ben": n % 3} for n in range(60)}
    found = krippendorff_alpha(answer_table(answers), "nominal")
    assert (found.value, found.low, found.high) == (1.0, None, None)


def _covers(interval: IntervalEstimate, truth: float) -> bool:
    return interval.low is not None and interval.high is not None and interval.low <= truth <= interval.high
