"""What the model of answers says, on crowds that it was not made from."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharegpt_argilla.responses import calibration, confidence
from sharegpt_argilla.responses.calibration import CROWDS, GRID, Calibration
from sharegpt_argilla.responses.confidence import estimate, estimate_answers, estimate_people

LABELS = "abcdefg"


def crowd(seed, items, people, each, labels, *, low=0.55, high=0.95, hard=0.0):
    """Answers and truth: people of different ability; on the share ``hard`` of the items all guess."""
    rng = np.random.default_rng(seed)
    abilities = rng.uniform(low, high, people)
    truth = rng.integers(0, labels, items)
    answers = []
    for item, right in enumerate(truth):
        guess = rng.random() < hard
        for person in rng.choice(people, each, replace=False):
            hit = rng.random() < (1 / labels if guess else abilities[person])
            answer = right if hit else (right + rng.integers(1, labels)) % labels
            answers.append((f"i{item:03}", f"p{person}", LABELS[answer]))
    known = {f"i{item:03}": LABELS[right] for item, right in enumerate(truth)}
    return answers, known, {f"p{number}": share for number, share in enumerate(abilities)}


def calibration_error(pairs):
    """Of pairs of stated confidence and whether it was right, in ten bins."""
    stated, right = np.array(pairs, dtype=float).T
    bins = np.minimum((stated * 10).astype(int), 9)
    return np.abs(np.bincount(bins, stated - right, 10)).sum() / len(bins)


def judged(answers, truth, without=()):
    for item, shares in answers.items():
        if item not in without:
            most = max(shares, key=shares.__getitem__)
            yield shares[most], most == truth[item]


triples = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from("xyz"), st.sampled_from("abc")),
    unique_by=lambda triple: triple[:2],
    max_size=18,
)


@settings(max_examples=40, deadline=None)
@given(triples, st.randoms(use_true_random=False))
def test_the_order_of_the_answers_does_not_matter(answers, shuffler) -> None:
    shuffled = list(answers)
    shuffler.shuffle(shuffled)
    assert estimate(shuffled, LABELS[:3]) == estimate(answers, LABELS[:3])


@settings(max_examples=40, deadline=None)
@given(triples, st.permutations("abc"), st.permutations("xyz"))
def test_names_of_labels_and_people_do_not_matter(answers, labels, people) -> None:
    label = dict(zip("abc", labels, strict=True))
    person = dict(zip("xyz", people, strict=True))
    renamed = [(item, person[who], label[answer]) for item, who, answer in answers]
    before, after = estimate(answers, "abc"), estimate(renamed, labels)
    for item, shares in before.answers.items():
        assert {label[name]: share for name, share in shares.items()} == pytest.approx(after.answers[item])
    for who, ability in before.people.items():
        assert ability == pytest.approx(after.people[person[who]])


@settings(max_examples=40, deadline=None)
@given(triples, st.booleans())
def test_probabilities_sum_to_one(answers, ordered) -> None:
    found = estimate_answers(answers, "abc", ordered=ordered)
    assert set(found) == {item for item, _, _ in answers}
    for shares in found.values():
        assert sum(shares.values()) == pytest.approx(1)
        assert all(0 < share < 1 for share in shares.values())


def test_people_have_an_interval_around_their_ability() -> None:
    answers, _, _ = crowd(5, 60, 4, 2, 3)
    for ability in estimate_people(answers).values():
        assert 0 < ability.low < ability.ability < ability.high < 1
    assert sum(ability.answers for ability in estimate_people(answers).values()) == len(answers)


def test_no_answers_no_estimates() -> None:
    assert estimate_answers([]) == {}
    assert estimate_people([], "ab", {"i": "a"}) == {}


def test_the_last_answer_of_a_person_counts() -> None:
    assert estimate([(1, "x", "a"), (1, "x", "b")], "ab") == estimate([(1, "x", "b")], "ab")


def test_gold_is_certain_and_says_who_is_reliable() -> None:
    answers = [(item, "x", "ab"[item % 2]) for item in range(20)]
    answers += [(item, "y", "ba"[item % 2]) for item in range(20)]
    gold = {item: "ab"[item % 2] for item in range(12)}
    estimated = estimate(answers, gold=gold)
    assert estimated.answers[3] == {"a": 0, "b": 1}
    assert estimated.answers[15]["b"] > 0.7
    assert estimated.people["x"].low > estimated.people["y"].high
    # Gold of an item that nobody answered tells nothing.
    assert estimate(answers, gold=gold | {99: "a"}) == estimated


def test_a_label_that_nobody_gave_is_possible_when_it_is_named() -> None:
    shares = estimate_answers([(1, "x", "a"), (2, "x", "b")], labels="abc")[1]
    assert 0 < shares["c"] < shares["b"] < shares["a"]


def test_on_a_scale_neighbours_are_likelier_than_what_is_far_off() -> None:
    answers = [(item, who, 1 + item % 5) for item in range(10) for who in "xy"]
    shares = estimate_answers(answers, labels=[1, 2, 3, 4, 5], ordered=True)[0]
    assert shares[1] > shares[2] > shares[3] > shares[4]
    plain = estimate_answers(answers, labels=[1, 2, 3, 4, 5])[0]
    assert plain[2] == pytest.approx(plain[5])


def test_small_teams_are_unsure() -> None:
    """Two people, ten answers, all alike: that is no proof that they are right."""
    agreed = estimate([(item, who, "ab"[item % 2]) for item in range(5) for who in "xy"])
    assert max(max(shares.values()) for shares in agreed.answers.values()) < 0.95
    assert all(ability.high - ability.low > 0.3 for ability in agreed.people.values())
    alone = estimate([(item, "x", "ab"[item % 2]) for item in range(5)])
    assert max(max(shares.values()) for shares in alone.answers.values()) < 0.85
    # Whoever only ever saw one label may have missed the other.
    assert estimate_answers([(item, who, "a") for item in range(5) for who in "xy"])[0]["a"] < 0.97


def test_two_who_disagree_once_are_level_there() -> None:
    answers = [(item, who, "ab"[item % 2]) for item in range(9) for who in "xy"]
    shares = estimate_answers([*answers, (9, "x", "a"), (9, "y", "b")])[9]
    assert shares["a"] == pytest.approx(shares["b"], abs=0.03)


@pytest.mark.parametrize("hard", [0.0, 0.2])
@pytest.mark.parametrize(("labels", "each"), [(2, 2), (2, 3), (4, 3), (4, 5)])
def test_confidence_holds_on_crowds_never_seen(labels, each, hard) -> None:
    blind, taught = [], []
    for seed in range(6):
        answers, truth, _ = crowd(seed, 150, 12, each, labels, hard=hard)
        gold = dict(random.Random(seed).sample(sorted(truth.items()), 30))
        blind += judged(estimate_answers(answers), truth)
        taught += judged(estimate_answers(answers, gold=gold), truth, gold)
    # People who err independently are better than their agreement tells: without gold nobody knows that they do.
    assert calibration_error(blind) < 0.2
    assert np.mean([stated - right for stated, right in blind]) < 0.05
    assert calibration_error(taught) < 0.1
    sure = [right for stated, right in taught if stated >= 0.9]
    assert np.mean(sure) > 0.87


def test_intervals_of_abilities_contain_the_true_one() -> None:
    inside = []
    for seed in range(10):
        answers, _, abilities = crowd(seed, 120, 10, 3, 3)
        inside += [low <= abilities[who] <= high for who, (_, low, high, _) in estimate_people(answers).items()]
    assert np.mean(inside) > 0.9


def test_it_is_right_more_often_than_the_majority() -> None:
    ours, votes = [], []
    for seed in range(6):
        answers, truth, _ = crowd(seed, 200, 8, 3, 3, low=0.4)
        ours += [right for _, right in judged(estimate_answers(answers), truth)]
        of_items: dict[str, list[str]] = {}
        for item, _, label in answers:
            of_items.setdefault(item, []).append(label)
        votes += [max(given, key=given.count) == truth[item] for item, given in of_items.items()]
    assert np.mean(ours) > np.mean(votes) + 0.02


def figures() -> list[float]:
    """A few numbers of five small crowds, in which every constant of the model has its share."""
    numbers = []
    for seed, size, more in (
        (1, (60, 4, 2, 3), {}),
        (2, (60, 5, 3, 4), {"ordered": 1}),
        (3, (40, 6, 2, 2), {}),
        (4, (400, 2, 2, 2, 0.985, 1.0), {}),
        (1, (60, 4, 2, 3), {"known": 10}),
    ):
        answers, truth, _ = crowd(seed, *size[:4], **dict(zip(("low", "high"), size[4:], strict=False)))
        gold = dict(list(truth.items())[: more.get("known", 0)])
        result = estimate(answers, gold=gold, ordered="ordered" in more)
        numbers.append(sum(share**2 for shares in result.answers.values() for share in shares.values()))
        numbers += result.people["p1"][:3]
        numbers.append(result.confused["a", "b"])
    return numbers


FIGURES = [
    36.06020,
    0.70478,
    0.33730,
    0.91801,
    5.88384,
    33.51200,
    0.64660,
    0.28631,
    0.89298,
    5.46741,
    23.42525,
    0.64462,
    0.36550,
    0.85101,
    16.03301,
    329.85534,
    0.90228,
    0.45785,
    0.99019,
    40.17313,
    47.99557,
    0.81791,
    0.55772,
    0.94118,
    4.15178,
]


def test_the_figures_are_those() -> None:
    assert figures() == pytest.approx(FIGURES, abs=1e-4)


NUMBERS = [
    "PERSON",
    "PERSON_ACCURACY",
    "TEAM",
    "SHARE",
    "VOTES",
    "UNSEEN",
    "STEP",
    "SETTLED",
    "NEIGHBOUR",
    "PRIOR_ANSWERS",
    "DOUBT",
    "NORMAL",
]


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_has_its_share_in_the_figures(name, monkeypatch) -> None:
    """So that the test above fails when it is changed."""
    monkeypatch.setattr(confidence, name, 1.05 * getattr(confidence, name))
    assert figures() != pytest.approx(FIGURES, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "other"), [("CERTAIN", 0.97), ("ACCURACY", (4.2, 5.0)), ("ACCURACY", (4.0, 5.2))]
)
def test_every_other_number_has_its_share_in_the_figures(name, other, monkeypatch) -> None:
    monkeypatch.setattr(confidence, name, other)
    assert figures() != pytest.approx(FIGURES, abs=1e-4)


def test_rounds_end(monkeypatch) -> None:
    rounds = []
    common = confidence._common
    monkeypatch.setattr(confidence, "SETTLED", -1)
    monkeypatch.setattr(confidence, "_common", lambda *of: (rounds.append(1), common(*of))[1])
    estimate_answers(crowd(1, 5, 3, 2, 2)[0])
    assert len(rounds) == 60


def test_without_right_answers_crowds_decide_how_far_to_believe() -> None:
    nothing = np.array([], dtype=int)
    stated = Calibration(np.array([[0.9, 0.1]]), nothing, nothing).mean()
    assert stated[0] == pytest.approx([0.836, 0.164], abs=1e-3)
    assert CROWDS == (0.75, 0.4)
    assert (GRID[0], GRID[-1], len(GRID)) == (pytest.approx(0.1), pytest.approx(2.5), 41)
    assert calibration.LEAST == 1e-12


def test_right_answers_move_it() -> None:
    stated = np.array([[0.8, 0.2]] * 40)
    wrong = Calibration(stated, np.arange(40), np.array([0, 1] * 20)).mean()[0, 0]
    right = Calibration(stated, np.arange(40), np.zeros(40, dtype=int)).mean()[0, 0]
    assert wrong < 0.65
    assert right > 0.87
    one = Calibration(stated, np.arange(1), np.zeros(1, dtype=int)).mean()[0, 0]
    assert one == pytest.approx(Calibration(stated, np.arange(0), np.arange(0)).mean()[0, 0], abs=0.03)
