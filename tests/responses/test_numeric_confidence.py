"""Numbers on a scale: intervals contain the truth as often as they say."""

import random

import numpy as np
import pytest

from sharegpt_argilla.responses import numeric_confidence
from sharegpt_argilla.responses.numeric_confidence import estimate_numbers


def crowd(seed, items=120, each=3, shared=8.0, own=12.0):
    """Answers around what people share, which is not the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(50, 20, items)
    seen = truth + rng.laplace(0, shared / np.sqrt(2), items)
    answers = [
        (item, person, float(seen[item] + rng.normal(0, own))) for item in range(items) for person in range(each)
    ]
    return answers, dict(enumerate(truth.tolist()))


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("shared", [2.0, 8.0, 20.0])
def test_with_gold_intervals_contain_what_they_say(level, shared) -> None:
    inside = []
    for seed in range(10):
        answers, truth = crowd(seed, shared=shared)
        gold = dict(random.Random(seed).sample(sorted(truth.items()), 30))
        found = estimate_numbers(answers, gold, level)
        inside += [low <= truth[item] <= high for item, (_, low, high) in found.items() if item not in gold]
    assert np.mean(inside) == pytest.approx(level, abs=0.08)


def test_the_value_is_drawn_towards_the_others() -> None:
    found = estimate_numbers([("a", "x", 10), ("a", "y", 20), ("b", "x", 60), ("b", "y", 50)])
    assert 15 < found["a"].value < 20
    assert 50 < found["b"].value < 55
    assert found["a"].low < found["a"].value < found["a"].high


def test_the_order_of_the_answers_does_not_matter() -> None:
    answers, truth = crowd(1, items=9)
    gold = {2: truth[2]}
    assert estimate_numbers(answers[::-1], gold) == estimate_numbers(answers, gold)


def test_edges() -> None:
    assert estimate_numbers([]) == {}
    alone = estimate_numbers([("a", "x", 5)])["a"]
    assert alone.low < alone.value == pytest.approx(5)
    agreed = estimate_numbers([(item, who, 5) for item in "ab" for who in "xy"])["a"]
    assert agreed.low < agreed.value < agreed.high
    assert estimate_numbers([("a", "x", 1), ("a", "x", 5)]) == estimate_numbers([("a", "x", 5)])


def figures() -> list[float]:
    answers, truth = crowd(3, items=10)
    found = estimate_numbers(answers, {1: truth[1]}, 0.8)
    return [*found[0], *estimate_numbers(answers, level=0.8)[0]]


FIGURES = [96.06302, 83.10461, 109.02143, 96.06302, 82.46342, 109.66262]


def test_the_figures_are_those() -> None:
    assert figures() == pytest.approx(FIGURES, abs=1e-4)


@pytest.mark.parametrize(("name", "other"), [("SHARED_ERROR", 0.62), ("PRETEND", 6)])
def test_every_number_has_its_share_in_the_figures(name, other, monkeypatch) -> None:
    monkeypatch.setattr(numeric_confidence, name, other)
    assert figures() != pytest.approx(FIGURES, abs=1e-4)
