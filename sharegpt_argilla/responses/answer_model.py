"""The model of `confidence` for the questions of a project: how probable each answer to each row is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sharegpt_argilla.annotation import AnsweredRecord
from sharegpt_argilla.responses.confidence import Estimate, estimate
from sharegpt_argilla.responses.merge import answers_of, rulings_of
from sharegpt_argilla.responses.policies import PolicyChoice

DIGITS = 4
"""Of a probability in a row: more would differ from one processor to the next."""


QuestionEstimates = Mapping[Any, Estimate]
"""None -> the estimate of a question with one answer; label -> that of yes or no, where several can be chosen."""


@dataclass
class _Answers:
    """What people gave to one question, and what is known to be right."""

    votes: list[tuple[str, str, Any]] = field(default_factory=list)
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
    found = estimate_questions(choice, records, gold)
    return replace(choice, beliefs={question: _beliefs(estimates) for question, estimates in found.items()})


def estimate_questions(
    choice: PolicyChoice, records: Iterable[AnsweredRecord], gold: Mapping[str, Mapping[str, Any]]
) -> dict[str, QuestionEstimates]:
    """Question -> what a model of all its answers says; the arguments are those of `model_answers`."""
    answers = {question: _Answers() for question in choice.modelled}
    for record in records:
        for question, of_question in answers.items():
            if record.id is not None:
                _collect(of_question, record, question, choice.adjudicators, gold.get(record.id, {}).get(question))
                of_question.votes += _suggested(record, question, choice)
    return {
        question: _estimates(of_question, choice.modelled[question], ordered=question in choice.scales)
        for question, of_question in answers.items()
    }


def _collect(
    answers: _Answers, record: AnsweredRecord, question: str, adjudicators: Sequence[str], gold: Any
) -> None:
    row = record.id or ""
    by_person = answers_of(record, question)
    answers.votes += [(row, person, answer) for person, answer in by_person.items()]
    ruled = rulings_of(record, question)
    ruled = ruled or {person: by_person[person] for person in adjudicators if person in by_person}
    right = gold if gold is not None else next(iter(ruled.values()), None)
    if right is not None:
        answers.right[row] = right


def _suggested(record: AnsweredRecord, question: str, choice: PolicyChoice) -> list[tuple[str, str, Any]]:
    """What agents who count suggested for a record that somebody answered; a username has no space in it."""
    if not choice.agents or not answers_of(record, question):
        return []
    labels = choice.modelled[question]
    return [
        (record.id or "", f"agent {suggestion.agent}", suggestion.value)
        for suggestion in record.suggestions
        if suggestion.question == question
        and any(counts_as(suggestion.agent, name) for name in choice.agents)
        and all(label in labels for label in _listed(suggestion.value))
    ]


def counts_as(agent: str, name: str) -> bool:
    """Whether an agent is meant by a name: its own, or that without the fingerprint of its model or prompt."""
    return agent == name or agent.startswith((f"{name}-", f"{name}:"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _estimates(answers: _Answers, labels: Sequence[Any], *, ordered: bool) -> QuestionEstimates:
    lists = [answer for _, _, answer in answers.votes if isinstance(answer, list)]
    if not lists:
        return {None: estimate(answers.votes, labels, answers.right, ordered=ordered)}
    more = {label for answer in lists for label in answer if isinstance(label, str)}
    votes = [(row, person, answer) for row, person, answer in answers.votes if isinstance(answer, list)]
    right = {row: answer for row, answer in answers.right.items() if isinstance(answer, list)}
    return {
        label: estimate(
            [(row, person, label in answer) for row, person, answer in votes],
            (False, True),
            {row: label in answer for row, answer in right.items()},
        )
        for label in [*labels, *sorted(more.difference(labels))]
    }


def _beliefs(estimates: QuestionEstimates) -> dict[str, dict[Any, float]]:
    """Row id -> label -> its probability."""
    if None in estimates:
        return {
            row: {label: round(share, DIGITS) for label, share in shares.items()}
            for row, shares in estimates[None].answers.items()
        }
    beliefs: dict[str, dict[Any, float]] = {}
    for label, found in estimates.items():
        for row, shares in found.answers.items():
            beliefs.setdefault(row, {})[label] = round(shares[True], DIGITS)
    return beliefs
