"""How much each person's vote counts, by how often they were right where the answer is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sharegpt_argilla.annotation import AnsweredRecord
from sharegpt_argilla.responses.aggregation import PolicyChoice, comparable
from sharegpt_argilla.responses.merge import answers_of

UNKNOWN = 0.5
"""The weight of somebody who answered no gold: what `gold_weights` gives for nothing right of nothing."""


def weigh_by_gold(
    choice: PolicyChoice, records: Iterable[AnsweredRecord], gold: Mapping[str, Mapping[str, Any]]
) -> PolicyChoice:
    """The choice with weights from these records, which are all that there are."""
    return replace(choice, weights=gold_weights(records, gold), weighs_by_gold=False)


def gold_weights(records: Iterable[AnsweredRecord], gold: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Person -> (right + 1) / (answers + 2), over all questions of all gold rows, 0 to 1.

    The smoothing is Laplace's rule of succession: nobody weighs nothing after one mistake, or all after one hit.

    Args:
        records: with everybody's answers; who answered no gold is there with `UNKNOWN`.
        gold: row id -> question -> the right answer. Labels in any order are the same answer.
    """
    right: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for record in records:
        answers.update(dict.fromkeys((one.annotator for one in record.responses), 0))
        for question, wanted in gold.get(record.id or "", {}).items():
            for person, answer in answers_of(record, question).items():
                answers[person] += 1
                right[person] += comparable(answer) == comparable(wanted)
    return {person: (right[person] + 1) / (count + 2) for person, count in sorted(answers.items())}
