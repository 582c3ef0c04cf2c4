"""Answers against an answer that was there before: gold, or what an agent suggested."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sharegpt_argilla.responses.bootstrap import Estimate, Floats, estimate

Answers = Mapping[str, Mapping[str, Hashable]]
"""Record -> person -> answer."""


@dataclass(frozen=True)
class ReferenceAgreement:
    """How many answers are the same as the reference.

    Attributes:
        answers: answers to records that have a reference.
        equal: those that are the same.
        share: equal / answers, with its interval; its items are records.
    """

    answers: int
    equal: int
    share: Estimate


def against_reference(
    answers: Answers, reference: Mapping[str, Hashable], people: Sequence[str] | None = None
) -> ReferenceAgreement:
    """Answers to one question against one answer a record.

    Args:
        answers: numbers, labels or frozensets of labels, which are the same when all of them are.
        reference: record -> the answer that is compared with, in the same form.
        people: whose answers count; None for everybody's.
    """
    counts = []
    for item, wanted in reference.items():
        given = [one for who, one in answers.get(item, {}).items() if people is None or who in people]
        if given:
            counts.append((sum(one == wanted for one in given), len(given)))
    table = np.array(counts, dtype=float).reshape(len(counts), 2)
    equal, total = (int(number) for number in table.sum(axis=0))
    return ReferenceAgreement(total, equal, estimate(table, _share))


def _share(patterns: Floats, weights: Floats) -> Floats:
    found: Floats = (weights @ patterns[:, 0]) / (weights @ patterns[:, 1])
    return found
