"""Dawid-Skene and MACE: one value per row, from all answers and the estimated reliability of each person.

Both come from crowd-kit (extra ``crowd``). Sources: Dawid and Skene, Maximum Likelihood Estimation of
Observer Error-Rates Using the EM Algorithm (1979); Hovy and others, Learning Whom to Trust with MACE (2013).
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from sharegpt_argilla.annotation import AnsweredRecord, AnswerValue
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.responses.merge import answers_of
from sharegpt_argilla.responses.policies import POLICIES, Aggregate, PolicyChoice, comparable

UNKNOWN = 0.5
"""The weight of a person who answered no gold: 0 right of 0 in `gold_weights`."""


def weigh_by_gold(
    choice: PolicyChoice, records: Iterable[AnsweredRecord], gold: Mapping[str, Mapping[str, Any]]
) -> PolicyChoice:
    """The choice with weights from these records, which must be all records."""
    return replace(choice, weights=gold_weights(records, gold), weighs_by_gold=False)


def gold_weights(records: Iterable[AnsweredRecord], gold: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Person -> (right + 1) / (answers + 2), over all questions of all gold rows, 0 to 1.

    The smoothing is Laplace's rule of succession: one mistake does not make a weight 0, nor one hit 1.

    Args:
        records: with all answers; a person who answered no gold gets `UNKNOWN`.
        gold: row id -> question -> the right answer. Labels in any order are the same answer.
    """
    right: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for record in records:
        answers.update(dict.fromkeys((response.annotator for response in record.responses), 0))
        for question, right_answer in gold.get(record.id or "", {}).items():
            for person, answer in answers_of(record, question).items():
                answers[person] += 1
                right[person] += comparable(answer) == comparable(right_answer)
    return {person: (right[person] + 1) / (count + 2) for person, count in sorted(answers.items())}


SEED = 0
"""Of MACE, which starts from several random guesses."""

RESTARTS = 3
"""Of MACE; the best fit counts. Each takes about three seconds for 20,000 rows with two answers."""

EVEN = 1e-9
"""Two values whose probabilities differ by no more are even: a tie."""

Answers = Mapping[str, Mapping[str, AnswerValue]]
"""Row id -> person -> answer."""


def fit_policies(choice: PolicyChoice, records: Iterable[AnsweredRecord]) -> PolicyChoice:
    """The choice with the values of its fitted policies for these records, which must be all records.

    Raises:
        UsageError: crowd-kit is not installed.
    """
    answers: dict[str, dict[str, Mapping[str, AnswerValue]]] = {name: {} for name in choice.fitted_questions}
    for record in records:
        for question, of_rows in answers.items():
            own_answers = answers_of(record, question)
            if own_answers and record.id is not None:
                of_rows[record.id] = own_answers
    fitted = {
        name: fit_all(answers[name])
        for name, policy in choice.fitted_questions.items()
        if (fit_all := POLICIES[policy].fit) is not None
    }
    return replace(choice, fitted=fitted)


def fit(policy: str, answers: Answers) -> dict[str, Aggregate]:
    """Row id -> its value: the most probable one; of several labels, each that is more likely present than absent.

    Args:
        policy: ``dawid_skene`` or ``mace``.
        answers: all answers to one question. The result does not depend on their order.

    Raises:
        UsageError: crowd-kit is not installed.
    """
    values = [answer for of_row in answers.values() for answer in of_row.values()]
    if not any(isinstance(answer, list) for answer in values):
        return _most_probable(_probabilities(policy, _votes(answers, lambda answer: answer)))
    labels = dict.fromkeys(label for answer in values if isinstance(answer, list) for label in answer)
    chosen: dict[str, Aggregate] = {row: Aggregate([], tie=False) for row in answers}
    for label in sorted(map(str, labels)):
        presence = _most_probable(
            _probabilities(policy, _votes(answers, lambda answer, label=label: label in answer))  # type: ignore[misc]
        )
        for row, aggregate in presence.items():
            before = chosen[row]
            value = [*_labels(before), label] if aggregate.value else _labels(before)
            chosen[row] = Aggregate(value, tie=before.tie or aggregate.tie)
    return chosen


def _labels(aggregate: Aggregate) -> list[Any]:
    return aggregate.value if isinstance(aggregate.value, list) else []


def _votes(answers: Answers, read: Callable[[Any], Hashable]) -> list[tuple[str, str, Hashable]]:
    return [
        (row, person, read(of_row[person])) for row, of_row in sorted(answers.items()) for person in sorted(of_row)
    ]


def _probabilities(policy: str, votes: list[tuple[str, str, Hashable]]) -> dict[str, dict[Any, float]]:
    """Row id -> value -> its probability."""
    # Imported on demand: they take seconds, and crowd-kit is an extra.
    try:
        import pandas as pd  # noqa: PLC0415
        from crowdkit.aggregation.classification.dawid_skene import DawidSkene  # noqa: PLC0415
        from crowdkit.aggregation.classification.mace import MACE  # noqa: PLC0415
    except ImportError:
        raise UsageError(
            f'policy "{policy}" needs crowd-kit; install it with `pip install "sharegpt-argilla[crowd]"`'
        ) from None
    values = list(dict.fromkeys(value for _, _, value in votes))
    if len(values) < 2:
        return {row: {value: 1.0} for row, _, value in votes}
    # Codes instead of values: crowd-kit sorts them, and cannot sort booleans among texts.
    codes = {value: code for code, value in enumerate(sorted(values, key=_order))}
    table = pd.DataFrame(
        [(row, person, codes[value]) for row, person, value in votes], columns=["task", "worker", "label"]
    )
    model = DawidSkene() if policy == "dawid_skene" else MACE(n_restarts=RESTARTS, random_state=SEED)
    with warnings.catch_warnings():
        # crowd-kit 1.4 calls pandas in a way that pandas 4 drops.
        warnings.simplefilter("ignore", DeprecationWarning)
        model.fit(table)
    ordered = sorted(codes, key=codes.__getitem__)
    probabilities: Any = model.probas_
    return {
        str(row): {ordered[code]: float(share) for code, share in zip(probabilities.columns, shares, strict=True)}
        for row, shares in zip(probabilities.index, probabilities.to_numpy(), strict=True)
    }


def _order(value: Hashable) -> tuple[str, Any]:
    return type(value).__name__, value


def _most_probable(probabilities: Mapping[str, Mapping[Any, float]]) -> dict[str, Aggregate]:
    aggregates = {}
    for row, shares in probabilities.items():
        most = max(shares.values())
        winners = [value for value, share in shares.items() if most - share <= EVEN]
        aggregates[row] = Aggregate(winners[0], tie=len(winners) > 1)
    return aggregates
