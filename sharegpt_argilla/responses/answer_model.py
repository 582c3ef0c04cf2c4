"""The model of `confidence` for the questions of a project: how probable each answer to each row is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sharegpt_argilla.annotation import AnsweredRecord
from sharegpt_argilla.responses.confidence import estimate_answers
from sharegpt_argilla.responses.merge import answers_of, rulings_of
from sharegpt_argilla.responses.policies import PolicyChoice

DIGITS = 4
"""Of a probability in a row: more would differ from one processor to the next."""


@dataclass
class _Answers:
    """What people gave to one question, and what is known to be right."""

    given: list[tuple[str, str, Any]] = field(default_factory=list)
    right: dict[str, Any] = field(default_factory=dict)


def model_answers(
    choice: PolicyChoice, records: Iterable[AnsweredRecord], gold: Mapping[str, Mapping[str, Any]]
) -> PolicyChoice:
    """The choice with how probable each answer is, by these records, which are all that there are.

    Args:
        choice: ``modelled`` says which questions.
        records: with everybody's answers. What a reviewer or an adjudicator ruled is taken for right.
        gold: row id -> question -> the right answer.
    """
    answers = {question: _Answers() for question in choice.modelled}
    for record in records:
        for question, of_question in answers.items():
            if record.id is not None:
                _collect(of_question, record, question, choice.adjudicators, gold.get(record.id, {}).get(question))
    beliefs = {
        question: _beliefs(of_question, choice.modelled[question], ordered=question in choice.scales)
        for question, of_question in answers.items()
    }
    return replace(choice, beliefs=beliefs)


def _collect(
    answers: _Answers, record: AnsweredRecord, question: str, adjudicators: Sequence[str], known: Any
) -> None:
    row = record.id or ""
    given = answers_of(record, question)
    answers.given += [(row, person, answer) for person, answer in given.items()]
    ruled = rulings_of(record, question)
    ruled = ruled or {person: given[person] for person in adjudicators if person in given}
    right = known if known is not None else next(iter(ruled.values()), None)
    if right is not None:
        answers.right[row] = right


def _beliefs(answers: _Answers, labels: Sequence[Any], *, ordered: bool) -> dict[str, dict[Any, float]]:
    """Row id -> label -> its probability; for several labels each is a question of its own."""
    lists = [answer for _, _, answer in answers.given if isinstance(answer, list)]
    if not lists:
        found = estimate_answers(answers.given, labels, answers.right, ordered=ordered)
        return {row: _rounded(shares) for row, shares in found.items()}
    beliefs: dict[str, dict[Any, float]] = {row: {} for row, _, _ in answers.given}
    more = {label for answer in lists for label in answer if isinstance(label, str)}
    for label in [*labels, *sorted(more.difference(labels))]:
        votes = [
            (row, person, label in answer) for row, person, answer in answers.given if isinstance(answer, list)
        ]
        right = {row: label in answer for row, answer in answers.right.items() if isinstance(answer, list)}
        for row, shares in estimate_answers(votes, (False, True), right).items():
            beliefs[row][label] = round(shares[True], DIGITS)
    return beliefs


def _rounded(shares: Mapping[Any, float]) -> dict[Any, float]:
    return {label: round(share, DIGITS) for label, share in shares.items()}
