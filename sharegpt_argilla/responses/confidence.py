"""How probable each answer is, from everybody's answers at once: a posterior with calibrated error bars.

The model is Dawid and Skene's (1979) with the hierarchy of Paun and others (2018): each person has a table of what
they answer for what is right, drawn towards the table of all. It is fitted by collapsed variational Bayes: whoever
judges an item is known by their answers to the *other* items, so that nobody vouches for themselves; this is what
keeps small teams modest. What the model gives is averaged with the plain shares of the votes, and calibrated by
`calibration`. The docs page has the figures and the reasons.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sharegpt_argilla.responses.calibration import CROWDS, Calibration, Floats, Prior

PERSON = 1.0
"""Answers, for each label, that a person's own table must outweigh to differ from what all do."""
PERSON_ACCURACY = 20.0
"""Answers that a person's own accuracy must outweigh."""
TEAM = 100.0
"""Answers, for each right label, that the team's table must outweigh to differ from plain accuracy."""
ACCURACY = (4.0, 5.0)
"""Right answers, of so many, that a team is credited with before it began."""
SHARE = 0.3
"""Weight of the shares of all votes, as a part of the items, in how common each label is."""
VOTES = 0.4
"""Weight of the votes' shares next to the model; the rest is the model's."""
UNSEEN = 0.5
"""Votes, spread as the labels are common, that those of an item are joined by."""
STEP = 0.7
"""Of the way to new probabilities that each round goes; the whole way can swing to and fro."""
ROUNDS = 60
SETTLED = 1e-3
"""A round that changes no probability by more is the last."""
NEIGHBOUR = 0.5
"""On a scale, how much rarer an error is for each step that it is further off."""
CERTAIN = 0.98
"""No person is taken to be right, or wrong, more often."""

Answer = tuple[Hashable, Hashable, Hashable]
"""Item, person, label."""


class Ability(NamedTuple):
    """How often a person is right.

    Attributes:
        ability: probability that an answer of theirs is right, 0 to 1.
        low: lower end of its 95 % interval.
        high: upper end.
        answers: how many they gave.
    """

    ability: float
    low: float
    high: float
    answers: int


@dataclass(frozen=True)
class Estimate:
    """What a model of all answers to a question says.

    Attributes:
        answers: item -> label -> probability that it is right.
        people: person -> ability.
        confused: pairs of labels, what was right and what was answered -> the expected number of such answers.
    """

    answers: dict[Any, dict[Any, float]]
    people: dict[Any, Ability]
    confused: dict[tuple[Any, Any], float]


def estimate_answers(
    answers: Iterable[Answer],
    labels: Sequence[Hashable] | None = None,
    gold: Mapping[Any, Hashable] | None = None,
    *,
    ordered: bool = False,
) -> dict[Any, dict[Any, float]]:
    """How probable each label is for each item.

    Args:
        answers: ``(item, person, label)``; of a person who answered an item twice the last counts.
        labels: all that could be answered; None for those that somebody gave.
        gold: item -> the right label, where it is known; it says who is reliable, and calibrates the rest.
        ordered: whether the labels are a scale, in the order of ``labels`` (sorted where that is None).

    Returns:
        Item -> label -> probability. They sum to 1, except where only one label is known of, which may be wrong
        all the same. An item of ``gold`` has its right label with 1.
    """
    return estimate(answers, labels, gold, ordered=ordered).answers


def estimate_people(
    answers: Iterable[Answer],
    labels: Sequence[Hashable] | None = None,
    gold: Mapping[Any, Hashable] | None = None,
    *,
    ordered: bool = False,
) -> dict[Any, Ability]:
    """How able each person is.

    Args:
        answers: ``(item, person, label)``; of a person who answered an item twice the last counts.
        labels: all that could be answered; None for those that somebody gave.
        gold: item -> the right label, where it is known.
        ordered: whether the labels are a scale, in the order of ``labels`` (sorted where that is None).

    Returns:
        Person -> how often they are right, with a 95 % interval.
    """
    return estimate(answers, labels, gold, ordered=ordered).people


def estimate(
    answers: Iterable[Answer],
    labels: Sequence[Hashable] | None = None,
    gold: Mapping[Any, Hashable] | None = None,
    *,
    ordered: bool = False,
    prior: Prior = CROWDS,
) -> Estimate:
    """Everything that `estimate_answers` and `estimate_people` know; ``prior`` is of the calibration."""
    table = _Table(answers, labels, gold or {}, ordered=ordered)
    if not table.items:
        return Estimate({}, {}, {})
    model, common = _fit(table)
    shares = (table.votes + UNSEEN * common) / (table.votes.sum(axis=1, keepdims=True) + UNSEEN)
    known = np.flatnonzero(table.gold >= 0)
    repeated = np.repeat(known, table.times[known])
    calibration = Calibration((1 - VOTES) * model + VOTES * shares, repeated, table.gold[repeated], prior)
    probable = table.with_gold(calibration.mean())
    names = table.labels[: table.named]
    rows = [dict(zip(names, row, strict=False)) for row in probable.tolist()]
    return Estimate(
        {item: dict(rows[number]) for item, number in table.items.items()},
        _abilities(table, calibration),
        _confused(table, probable),
    )


class _Table:
    """Answers as numbers. Items with the same answers of the same people are one line, counted as often.

    Attributes:
        labels: everything that may be right; with only one known label a second that nobody can name.
        named: how many of them have a name.
        items: item -> number of its line.
        times: how many items each line represents.
        line, person, label: three numbers for each answer of each line.
        gold: right label of each line, -1 where it is unknown.
        votes: lines x labels.
        people: person -> number.
        ordered: whether the labels are a scale.
    """

    def __init__(
        self,
        answers: Iterable[Answer],
        labels: Sequence[Hashable] | None,
        gold: Mapping[Any, Hashable],
        *,
        ordered: bool,
    ) -> None:
        by_item: dict[Any, dict[Any, Any]] = {}
        for item, person, label in answers:
            by_item.setdefault(item, {})[person] = label
        told = [label for of_item in by_item.values() for label in of_item.values()]
        told += [gold[item] for item in by_item if item in gold]
        extra = sorted(set(told).difference(labels or ()), key=_order)
        self.labels: list[Any] = [*dict.fromkeys(labels or ()), *extra]
        self.named = len(self.labels)
        self.labels += [None] * (2 - self.named) if by_item else []
        self.ordered = ordered
        people = sorted({person for of_item in by_item.values() for person in of_item}, key=_order)
        self.people = {person: number for number, person in enumerate(people)}
        self._number(by_item, gold)

    def _number(self, by_item: Mapping[Any, Mapping[Any, Any]], gold: Mapping[Any, Hashable]) -> None:
        codes = {label: code for code, label in enumerate(self.labels[: self.named])}
        patterns = {
            item: (
                codes[gold[item]] if item in gold else -1,
                tuple(sorted([(self.people[person], codes[label]) for person, label in of_item.items()])),
            )
            for item, of_item in by_item.items()
        }
        # Sorted, so that the totals come out alike to the last bit in whatever order the answers came.
        lines = {pattern: number for number, pattern in enumerate(sorted(set(patterns.values())))}
        self.items = {item: lines[pattern] for item, pattern in patterns.items()}
        self.times = np.bincount(list(self.items.values()), minlength=len(lines))
        self.gold = np.array([pattern[0] for pattern in lines], dtype=np.int64)
        flat = [(number, *pair) for pattern, number in lines.items() for pair in pattern[1]]
        columns = np.array(flat, dtype=np.int64).reshape(-1, 3)
        self.line, self.person, self.label = columns.T
        self.votes = np.zeros((len(lines), len(self.labels)))
        np.add.at(self.votes, (self.line, self.label), 1.0)

    def with_gold(self, probable: Floats) -> Floats:
        """Lines x labels, with certainty where the right label is known."""
        known = self.gold >= 0
        certain: Floats = np.eye(len(self.labels), dtype=float)[self.gold]
        return np.where(known[:, None], certain, probable)


def _order(value: Any) -> tuple[str, Any]:
    plain = isinstance(value, int | float | str)
    return type(value).__name__, value if plain else repr(value)


def _fit(table: _Table) -> tuple[Floats, Floats]:
    """Lines x labels: what the model gives, without a line's own gold; and how common each label is."""
    size = len(table.labels)
    clamped = table.gold >= 0
    probable = table.with_gold((table.votes + 1 / size) / (table.votes.sum(axis=1, keepdims=True) + 1))
    result = common = probable
    for _ in range(ROUNDS):
        counts = _counts(table, probable)
        common = _common(table, probable)
        logs = np.log(common)
        for label, column in enumerate(_evidence(table, probable, counts).T):
            logs[:, label] += np.bincount(table.line, column, len(logs))
        result = np.exp(logs - logs.max(axis=1, keepdims=True))
        result /= result.sum(axis=1, keepdims=True)
        step = np.where(clamped[:, None], 0.0, result - probable)
        probable = probable + STEP * step
        if np.abs(step).max() < SETTLED:
            break
    return result, common


def _counts(table: _Table, probable: Floats) -> Floats:
    """Expected number of answers: right label x person x what they answered."""
    size, people = len(table.labels), len(table.people)
    places = table.person * size + table.label
    weights: Floats = probable[table.line] * table.times[table.line][:, None]
    columns = [np.bincount(places, weights[:, label], people * size) for label in range(size)]
    return np.array(columns, dtype=np.float64).reshape(size, people, size)


def _common(table: _Table, probable: Floats) -> Floats:
    """Lines x labels: how common each label is among the other items, drawn towards the shares of all votes."""
    votes = table.times @ table.votes
    totals = table.times @ probable + SHARE * table.times.sum() * votes / votes.sum() + 1
    others: Floats = totals - probable
    return np.asarray(others / others.sum(axis=1, keepdims=True), dtype=float)


def _evidence(table: _Table, probable: Floats, counts: Floats) -> Floats:
    """Answers x labels: the log probability of the answer if that label is right, by the person's other items."""
    own = probable[table.line]
    answered = counts[:, table.person, table.label].T - own
    all_answered = counts.sum(axis=2)[:, table.person].T - own
    weight = PERSON * len(table.labels)
    expected = _expected(table, own, counts)
    return np.asarray(np.log(answered + weight * expected) - np.log(all_answered + weight))


def _expected(table: _Table, own: Floats, counts: Floats) -> Floats:
    """Answers x labels: what the team's table and the person's accuracy on other items let one expect."""
    right = np.einsum("kjk->j", counts)
    total = counts.sum(axis=(0, 2))
    accuracy = (right.sum() + ACCURACY[0]) / (total.sum() + ACCURACY[1])
    mine = right[table.person] - own[np.arange(len(own)), table.label] + PERSON_ACCURACY * accuracy
    of_person = np.clip(mine / (total[table.person] - 1 + PERSON_ACCURACY), 1 - CERTAIN, CERTAIN)
    team = _team(table, counts.sum(axis=1), accuracy)
    diagonal = np.diag(team)
    hits = _expit(_logit(diagonal)[None] + (_logit(of_person) - _logit(accuracy))[:, None])
    errors = team / (1 - diagonal)[:, None]
    same = table.label[:, None] == np.arange(len(table.labels))
    return np.where(same, hits, (1 - hits) * errors[:, table.label].T)


def _team(table: _Table, counts: Floats, accuracy: float) -> Floats:
    """Right label x answer: what the team answers, each row summing to 1."""
    size = len(table.labels)
    steps = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    errors = np.where(steps == 0, 0.0, NEIGHBOUR**steps if table.ordered else 1.0)
    plain = accuracy * np.eye(size) + (1 - accuracy) * errors / errors.sum(axis=1, keepdims=True)
    return np.asarray((counts + TEAM * plain) / (counts.sum(axis=1, keepdims=True) + TEAM))


def _logit(share: Any) -> Any:
    return np.log(share / (1 - share))


def _expit(value: Any) -> Any:
    return 1 / (1 + np.exp(-value))


PRIOR_ANSWERS = 4.0
"""Answers of the team's accuracy that a person's own are joined by, for their ability."""
DOUBT = 2.0
"""How much further off a whole team may be than the calibration says, in its standard deviations: measured so that
intervals contain the true ability about as often as they say, on the mean of ten crowd sets and simulated ones."""
NORMAL = 1.959964
"""Standard normal quantile of a 95 % interval."""


def _abilities(table: _Table, calibration: Calibration) -> dict[Any, Ability]:
    """Person -> ability, from how probable their answers are; how far to believe that is part of the interval."""
    times = table.times[table.line]
    answered = np.bincount(table.person, times, len(table.people))
    weights = answered + PRIOR_ANSWERS
    shares = squares = np.zeros(len(table.people))
    for weight, probable in calibration.each():
        right = times * table.with_gold(probable)[table.line, table.label]
        team = (right.sum() + ACCURACY[0]) / (answered.sum() + ACCURACY[1])
        some = (np.bincount(table.person, right, len(table.people)) + PRIOR_ANSWERS * team) / weights
        shares = shares + weight * some
        squares = squares + weight * some**2
    chance = shares * (1 - shares)
    low, high = _interval(shares, chance / (chance / weights + DOUBT**2 * np.maximum(squares - shares**2, 0)))
    return {
        person: Ability(float(shares[number]), float(low[number]), float(high[number]), int(answered[number]))
        for person, number in table.people.items()
    }


def _interval(shares: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Wilson's interval (1927) of shares of so many."""
    square = NORMAL**2 / weights
    centre = (shares + square / 2) / (1 + square)
    half = NORMAL / (1 + square) * np.sqrt(shares * (1 - shares) / weights + square / (4 * weights))
    return centre - half, centre + half


def _confused(table: _Table, probable: Floats) -> dict[tuple[Any, Any], float]:
    counts = _counts(table, probable).sum(axis=1)
    names = list(enumerate(table.labels[: table.named]))
    return {
        (right, given): float(counts[row, column])
        for row, right in names
        for column, given in names
        if row != column
    }
