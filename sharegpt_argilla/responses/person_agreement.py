"""One person against the rest: who answers as the others do, and who always a little higher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sharegpt_argilla.responses.agreement import MISSING, AnswerTable, weighted_kappa
from sharegpt_argilla.responses.bootstrap import Estimate, Floats, estimate
from sharegpt_argilla.responses.distances import MetricName, kappa_weights


@dataclass(frozen=True)
class PersonAgreement:
    """One person against the rest, over the items that the person and somebody else answered.

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
    agreement: Estimate
    kappa: Estimate
    difference: Estimate | None

    def to_json(self) -> dict[str, Any]:
        """As it stands in a report."""
        return {
            "annotator": self.person,
            "answers": self.answers,
            "agreement": self.agreement.to_json(),
            "kappa": self.kappa.to_json(),
            "difference": None if self.difference is None else self.difference.to_json(),
        }


def against_rest(table: AnswerTable, person: str, metric: MetricName) -> PersonAgreement:
    """A person of the table against all others in it."""
    column = table.codes[:, table.people.index(person)]
    answered = column != MISSING
    own = np.eye(len(table.categories))[column[answered]]
    rest = table.counts[answered] - own
    shared = rest.sum(axis=1) > 0
    own, rest = own[shared], rest[shared] / rest[shared].sum(axis=1, keepdims=True)
    items, width = np.hstack([own, rest]), len(table.categories)
    distances = kappa_weights(metric, table.categories)

    def agreement(patterns: Floats, weights: Floats) -> Floats:
        return _mean((patterns[:, :width] * patterns[:, width:]).sum(axis=1), weights)

    def kappa(patterns: Floats, weights: Floats) -> Floats:
        return weighted_kappa(patterns[:, :width], patterns[:, width:], weights, distances)

    return PersonAgreement(
        person,
        int(answered.sum()),
        estimate(items, agreement),
        estimate(items, kappa),
        _difference(table, items) if metric in {"ordinal", "interval"} else None,
    )


def _difference(table: AnswerTable, items: Floats) -> Estimate:
    width = len(table.categories)
    values = np.array(table.categories, dtype=float)

    def difference(patterns: Floats, weights: Floats) -> Floats:
        return _mean((patterns[:, :width] - patterns[:, width:]) @ values, weights)

    return estimate(items, difference)


def _mean(values: Floats, weights: Floats) -> Floats:
    mean: Floats = (weights @ values) / weights.sum(axis=1)
    return mean
