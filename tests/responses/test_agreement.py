"""Agreement: equal to other people's libraries, and to the example that Krippendorff published."""

import random
from itertools import combinations
from typing import Any

import hypothesis.strategies as st
import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from nltk.metrics.agreement import AnnotationTask
from nltk.metrics.distance import masi_distance as nltk_masi_distance
from scipy.stats import binom
from sklearn.metrics import accuracy_score, cohen_kappa_score

from sharegpt_argilla.responses.agreement import (
    AnswerTable,
    answer_table,
    cohen_kappa,
    estimate,
    krippendorff_alpha,
    label_table,
    masi_distance,
    percent_agreement,
)
from sharegpt_argilla.responses.person_agreement import against_rest, agent_against_people

# K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C: four observers (A to D) and twelve
# units; a point is a missing answer.
PUBLISHED = {
    "A": "1 2 3 3 2 1 4 1 2 . . .",
    "B": "1 2 3 3 2 2 4 1 2 5 . 3",
    "C": ". 3 3 3 2 3 4 2 2 5 1 .",
    "D": "1 2 3 3 2 4 4 1 2 5 1 .",
}
LABELS = ("code", "chat", "open_qa", "other")
SCALE = [1, 2, 3, 4, 5]


def published() -> AnswerTable:
    answers: dict[str, dict[str, int]] = {}
    for person, line in PUBLISHED.items():
        for unit, answer in enumerate(line.split(), 1):
            answers.setdefault(str(unit), {})
            if answer != ".":
                answers[str(unit)][person] = int(answer)
    return answer_table(answers)


@pytest.mark.parametrize(
    ("metric", "alpha", "digits"), [("nominal", 0.743, 3), ("ordinal", 0.815, 3), ("interval", 0.849, 3)]
)
def test_alpha_of_the_published_example(metric, alpha, digits) -> None:
    found = krippendorff_alpha(published(), metric)
    assert round(found.value, digits) == alpha
    # Eleven units are too few for an interval.
    assert (found.low, found.high, found.items) == (None, None, 11)


@st.composite
def gappy(draw, values: st.SearchStrategy) -> dict[str, dict[str, object]]:
    """Record -> person -> answer, with gaps."""
    people = [f"p{number}" for number in range(draw(st.integers(2, 5)))]
    items = draw(st.integers(2, 12))
    cell = st.one_of(st.none(), values)
    return {
        f"r{item}": {person: answer for person in people if (answer := draw(cell)) is not None}
        for item in range(items)
    }


RATINGS = gappy(st.integers(1, 5))
SETS = gappy(st.frozensets(st.sampled_from(LABELS), min_size=1))


def reliability(answers: dict[str, dict[str, object]]) -> np.ndarray:
    people = sorted({person for of_item in answers.values() for person in of_item}) or ["p0"]
    return np.array([[answers[item].get(person, np.nan) for item in answers] for person in people], dtype=float)


def pairable(answers: dict[str, dict[str, object]]) -> list[object]:
    return [answer for of_item in answers.values() if len(of_item) > 1 for answer in of_item.values()]


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval"])
@settings(deadline=None, max_examples=60)
@given(answers=RATINGS)
def test_alpha_is_that_of_krippendorff(metric, answers) -> None:
    alpha = krippendorff_alpha(answer_table(answers, SCALE), metric).value
    if len(set(pairable(answers))) < 2:
        assert alpha is None
    else:
        expected = krippendorff.alpha(reliability_data=reliability(answers), level_of_measurement=metric)
        assert alpha == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(answers=SETS)
def test_alpha_of_sets_is_that_of_nltk(answers) -> None:
    alpha = krippendorff_alpha(answer_table(answers), "masi").value
    if len(set(pairable(answers))) < 2:
        assert alpha is None
        return
    data = [(p, item, a) for item, by in answers.items() if len(by) > 1 for p, a in by.items()]
    assert alpha == pytest.approx(AnnotationTask(data, distance=nltk_masi_distance).alpha(), abs=1e-9)


@given(st.frozensets(st.sampled_from(LABELS), min_size=1), st.frozensets(st.sampled_from(LABELS), min_size=1))
def test_masi_is_that_of_nltk(one, two) -> None:
    assert masi_distance(one, two) == pytest.approx(nltk_masi_distance(one, two))


def test_masi_of_empty_sets() -> None:
    assert masi_distance([], []) == 0
    assert masi_distance([], ["code"]) == 1


def both(answers: dict[str, dict[str, object]], one: str, two: str) -> tuple[list, list]:
    pairs = [(by[one], by[two]) for by in answers.values() if one in by and two in by]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


@pytest.mark.parametrize(("metric", "weights"), [("nominal", None), ("ordinal", "quadratic")])
@settings(deadline=None, max_examples=40)
@given(answers=RATINGS)
def test_kappa_is_that_of_scikit_learn(metric, weights, answers) -> None:
    table = answer_table(answers, SCALE)
    for one, two in combinations(table.people, 2):
        first, second = both(answers, one, two)
        kappa = cohen_kappa(table, one, two, metric)
        assert kappa.items == len(first)
        if len({*first, *second}) < 2:
            assert kappa.value is None
        else:
            expected = cohen_kappa_score(first, second, weights=weights, labels=SCALE)
            assert kappa.value == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(answers=SETS)
def test_weighted_kappa_of_sets_is_that_of_nltk(answers) -> None:
    table = answer_table(answers)
    for person, other in combinations(table.people, 2):
        first, second = both(answers, person, other)
        if len({*first, *second}) > 1:
            data = [(p, str(n), a) for p, row in ((person, first), (other, second)) for n, a in enumerate(row)]
            expected = AnnotationTask(data, distance=nltk_masi_distance).weighted_kappa_pairwise(person, other)
            assert cohen_kappa(table, person, other, "masi").value == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(answers=RATINGS)
def test_percent_agreement_of_two_is_their_accuracy(answers) -> None:
    two = {item: {p: a for p, a in by.items() if p in {"p0", "p1"}} for item, by in answers.items()}
    first, second = both(two, "p0", "p1")
    found = percent_agreement(answer_table(two, SCALE))
    assert found.items == len(first)
    assert found.value == (pytest.approx(accuracy_score(first, second)) if first else None)


def test_percent_agreement_counts_pairs() -> None:
    found = percent_agreement(answer_table({"r": {"a": 1, "b": 1, "c": 2}, "s": {"a": 1, "b": 1}, "t": {"a": 2}}))
    assert (found.value, found.items) == (0.5, 2)


def test_alpha_of_one_label_is_that_of_yes_and_no() -> None:
    rng = random.Random(1)
    answers = {
        str(item): {p: frozenset(rng.sample(LABELS, rng.randint(1, 3))) for p in "abc" if rng.random() < 0.8}
        for item in range(40)
    }
    yes_no: dict[str, dict[str, object]] = {
        item: {p: float("code" in a) for p, a in by.items()} for item, by in answers.items()
    }
    expected = krippendorff.alpha(reliability_data=reliability(yes_no), level_of_measurement="nominal")
    found = krippendorff_alpha(label_table(answer_table(answers), "code"), "nominal")
    assert found.value == pytest.approx(expected)


def test_an_interval_is_the_same_for_the_same_data_and_narrower_for_more() -> None:
    rng = random.Random(2)

    def table(count: int) -> AnswerTable:
        truth = [rng.randint(1, 5) for _ in range(count)]
        answers = {str(n): {p: min(5, max(1, t + rng.randint(-1, 1))) for p in "abc"} for n, t in enumerate(truth)}
        return answer_table(answers, SCALE)

    few, many = table(30), table(3000)
    assert krippendorff_alpha(few, "ordinal") == krippendorff_alpha(few, "ordinal")
    wide, narrow = (krippendorff_alpha(one, "ordinal") for one in (few, many))
    assert narrow.low < narrow.value < narrow.high
    assert narrow.high - narrow.low < (wide.high - wide.low) / 4


def test_an_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Two people who agree in 70 % of items: 95 % intervals cover 0.7 in about 95 % of 200 samples."""
    rng = random.Random(3)
    covered = 0
    for _ in range(200):
        answers = {str(n): {"a": 1, "b": 1 if rng.random() < 0.7 else 2} for n in range(100)}
        found = percent_agreement(answer_table(answers, SCALE))
        covered += found.low <= 0.7 <= found.high
    # A 90 % interval covers 180 of 200, a 99 % interval 198.
    assert 184 <= covered <= 197


def test_the_ends_of_an_interval_are_percentiles_of_the_resampled_shares() -> None:
    """A share that is resampled is binomial: its 2.5 and 97.5 % quantiles are known exactly."""
    items = np.array([[1.0 if n % 10 < 7 else 0.0] for n in range(1000)])
    share = estimate(items, lambda patterns, weights: weights @ patterns[:, 0] / weights.sum(axis=1))
    assert share.value == 0.7
    low, high = binom.ppf([0.025, 0.975], 1000, 0.7) / 1000
    # The quantiles of a 90 % interval lie 0.0045 further in.
    assert share.low == pytest.approx(low, abs=0.002)
    assert share.high == pytest.approx(high, abs=0.002)


def test_one_person_against_the_rest() -> None:
    answers = {str(n): {"high": 5, "ana": 4, "ben": 4} for n in range(10)}
    answers |= {str(n): {"high": 3, "ana": 2, "ben": 2} for n in range(10, 20)}
    answers["alone"] = {"high": 1}
    table = answer_table(answers, SCALE)
    comparison = against_rest(table, "high", "ordinal")
    assert comparison.answers == 21
    assert (comparison.agreement.value, comparison.agreement.items) == (0, 20)
    # Twenty records are too few for an interval.
    assert (comparison.difference.value, comparison.difference.low, comparison.difference.high) == (1, None, None)
    assert against_rest(table, "ana", "ordinal").agreement.value == 0.5
    assert against_rest(table, "ana", "nominal").difference is None


@settings(deadline=None, max_examples=30)
@given(answers=RATINGS)
def test_against_one_other_is_the_kappa_of_the_two(answers) -> None:
    two = {item: {p: a for p, a in by.items() if p in {"p0", "p1"}} for item, by in answers.items()}
    table = answer_table(two, SCALE)
    if len(table.people) == 2:
        pair, one = cohen_kappa(table, "p0", "p1", "ordinal"), against_rest(table, "p0", "ordinal").kappa
        assert pair.items == one.items
        assert pair.value == (one.value if one.value is None else pytest.approx(one.value))


def test_nothing_to_compare() -> None:
    nothing: list[dict[str, dict[str, Any]]] = [{}, {"r": {}}, {"r": {"a": 1}}]
    for answers in nothing:
        table = answer_table(answers, SCALE)
        for found in (krippendorff_alpha(table, "ordinal"), percent_agreement(table)):
            assert (found.value, found.low, found.high, found.items) == (None, None, None, 0)


def test_an_agent_is_compared_as_one_more_rater() -> None:
    labels = ["none", "harmful"]
    people = {f"r{n}": {"ana": labels[n % 2], "ben": labels[n % 2]} for n in range(40)}
    right = {item: answers["ana"] for item, answers in people.items()}
    good = agent_against_people(people, right, "nominal", labels)
    assert good.kappa.value == 1
    assert good.confusion == {"harmful": {"harmful": 40}, "none": {"none": 40}}
    table = answer_table({item: {"ana": "none", "bot": "none"} | answers for item, answers in people.items()})
    constant = agent_against_people(people, dict.fromkeys(people, "none"), "nominal", labels)
    assert constant.kappa.value == 0
    assert constant.confusion == {"none": {"harmful": 40, "none": 40}}
    assert against_rest(table, "ana", "nominal").kappa.items == 40
    half = agent_against_people(
        people, {item: right[item] for item in list(right)[:30]} | {"x": "none"}, "nominal", labels
    )
    assert half.kappa.items == 30


def test_labels_of_an_agent_are_compared_one_by_one() -> None:
    people = {"r": {"ana": frozenset({"code", "chat"}), "ben": frozenset({"code"})}}
    compared = agent_against_people(people, {"r": frozenset({"code", "other"})}, "masi", None)
    assert compared.confusion == {"-": {"chat": 1}, "code": {"code": 2}, "other": {"-": 2}}
