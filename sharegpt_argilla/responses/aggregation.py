"""Several people's answers to one question -> one value, with ties named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.annotation import AnswerValue

POLICY = "majority"
"""The name that an exported row gives for what this module does."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One value out of several answers.

    Attributes:
        value: the value.
        tie: True where the votes were even and the earliest response decided.
    """

    value: AnswerValue
    tie: bool


def majority(answers: Sequence[AnswerValue]) -> Aggregate:
    """The answer that most people gave; for lists of labels, each label that more than half gave.

    Where no label has a majority, the labels of the earliest response stand, as a tie.

    Args:
        answers: at least one answer to the same question, the earliest response first. The earliest decides
            where the votes are even.
    """
    if isinstance(answers[0], list):
        return _majority_of_labels([answer for answer in answers if isinstance(answer, list)])
    votes = Counter(answer for answer in answers if not isinstance(answer, list))
    most = max(votes.values())
    winners = [answer for answer in votes if votes[answer] == most]
    return Aggregate(winners[0], tie=len(winners) > 1)


def _majority_of_labels(answers: Sequence[list[str] | list[dict[str, Any]]]) -> Aggregate:
    votes = Counter(label for answer in answers for label in answer if isinstance(label, str))
    half = len(answers) / 2
    even = {label for label, count in votes.items() if count == half}
    chosen = [label for label, count in votes.items() if count > half or (label in even and label in answers[0])]
    if not chosen:
        return Aggregate(answers[0], tie=True)
    return Aggregate(chosen, tie=bool(even))
