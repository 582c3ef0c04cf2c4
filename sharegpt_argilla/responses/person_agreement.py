"""One person's agreement with the others, and the agreement of answers with a reference."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sharegpt_argilla.responses.agreement import (
    MISSING,
    RESAMPLES,
    AnswerTable,
    Floats,
    IntervalEstimate,
    MetricName,
    answer_table,
    estimate,
    kappa_weights,
    share_estimate,
    varied_items,
    weighted_kappa,
)


@dataclass(frozen=True)
class PersonAgreement:
    """One person compared with the rest, over the items that the person and somebody else answered.

    Attributes:
        person: the username.
        answers: answers that the person gave, to any item.
        agreement: mean share of the others who gave the same answer.
        kappa: Cohen's kappa (see `cohen_kappa`) with the others together, each item counted once.
        difference: for numbers, the mean of the person's answer less the others' mean, in steps of the scale;
            None for labels.
    """

    person: str
    answers: int
    agreement: IntervalEstimate
    kappa: IntervalEstimate
    difference: IntervalEstimate | None

    def to_json(self) -> dict[str, Any]:
        """The values for a report."""
        return {
            "annotator": self.person,
            "answers": self.answers,
            "agreement": self.agreement.to_json(),
            "kappa": self.kappa.to_json(),
            "difference": None if self.difference is None else self.difference.to_json(),
        }


def against_rest(
    table: AnswerTable, person: str, metric: MetricName, resamples: int = RESAMPLES
) -> PersonAgreement:
    """A person of the table compared with all others in it; with 0 ``resamples`` only shares have an interval."""
    column = table.codes[:, table.people.index(person)]
    answered = column != MISSING
    own = np.eye(len(table.categories))[column[answered]]
    rest = table.counts[answered] - own
    shared = rest.sum(axis=1) > 0
    own, rest = own[shared], rest[shared] / rest[shared].sum(axis=1, keepdims=True)
    items, width = np.hstack([own, rest]), len(table.categories)
    distances = kappa_weights(metric, table.categories)

    def kappa(patterns: Floats, weights: Floats) -> Floats:
        return weighted_kappa(patterns[:, :width], patterns[:, width:], weights, distances)

    return PersonAgreement(
        person,
        int(answered.sum()),
        share_estimate((own * rest).sum(axis=1), np.ones(len(own))),
        estimate(items, kappa, resamples, varied=varied_items(own + rest)),
        _difference(table, items, resamples) if metric in {"ordinal", "interval"} else None,
    )


def _difference(table: AnswerTable, items: Floats, resamples: int) -> IntervalEstimate:
    width = len(table.categories)
    values = np.array(table.categories, dtype=float)

    def difference(patterns: Floats, weights: Floats) -> Floats:
        return _mean((patterns[:, :width] - patterns[:, width:]) @ values, weights)

    return estimate(items, difference, resamples)


def _mean(values: Floats, weights: Floats) -> Floats:
    mean: Floats = (weights @ values) / weights.sum(axis=1)
    return mean


Answers = Mapping[str, Mapping[str, Hashable]]
"""Record -> person -> answer."""
_AGENT = "\0agent"
"""Name of the agent's column; no person has it."""


@dataclass(frozen=True)
class AgentAgreement:
    """An agent's suggestions compared with people's answers to the same records.

    Attributes:
        kappa: Cohen's kappa of the agent with all people together, each record counted once.
        confusion: what the agent suggested -> what people answered -> how often; each label of a set by itself,
            where ``-`` stands for a set that lacks it.
    """

    kappa: IntervalEstimate
    confusion: dict[str, dict[str, int]]


def agent_against_people(
    answers: Answers, suggested: Mapping[str, Hashable], metric: MetricName, scale: Sequence[Hashable] | None
) -> AgentAgreement:
    """An agent as one more rater.

    Args:
        answers: numbers, labels or frozensets of labels.
        suggested: record -> what the agent suggested, in the same form.
        metric: of the question.
        scale: the possible answers in their order, as for `answer_table`.
    """
    both = {item: {**answers[item], _AGENT: value} for item, value in suggested.items() if answers.get(item)}
    confusion: dict[str, Counter[str]] = defaultdict(Counter)
    for item, value in suggested.items():
        for answer in answers.get(item, {}).values():
            for left, right in _compared(value, answer):
                confusion[left][right] += 1
    return AgentAgreement(
        against_rest(answer_table(both, scale), _AGENT, metric).kappa,
        {left: dict(sorted(counts.items())) for left, counts in sorted(confusion.items())},
    )


def _compared(suggested: Hashable, answered: Hashable) -> list[tuple[str, str]]:
    if not isinstance(suggested, frozenset) or not isinstance(answered, frozenset):
        return [(str(suggested), str(answered))]
    return [
        (label if label in suggested else "-", label if label in answered else "-")
        for label in sorted(suggested | answered)
    ]


@dataclass(frozen=True)
class ReferenceAgreement:
    """How many answers equal the reference.

    Attributes:
        answers: answers to records that have a reference.
        equal: answers that equal it.
        share: equal / answers, with its interval; its items are records.
    """

    answers: int
    equal: int
    share: IntervalEstimate


def against_reference(
    answers: Answers, reference: Mapping[str, Hashable], people: Sequence[str] | None = None
) -> ReferenceAgreement:
    """Answers to one question compared with one reference answer per record.

    Args:
        answers: numbers, labels or frozensets of labels; sets are equal if all their labels are.
        reference: record -> the answer to compare with, in the same form.
        people: whose answers count; None for everybody's.
    """
    counts = []
    for item, right_answer in reference.items():
        own_answers = [
            answer for person, answer in answers.get(item, {}).items() if people is None or person in people
        ]
        if own_answers:
            counts.append((sum(answer == right_answer for answer in own_answers), len(own_answers)))
    table = np.array(counts, dtype=float).reshape(len(counts), 2)
    equal, total = (int(number) for number in table.sum(axis=0))
    return ReferenceAgreement(total, equal, share_estimate(table[:, 0], table[:, 1]))
