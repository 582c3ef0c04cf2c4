"""The agreement of a team, from its present answers on the server."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sharegpt_argilla.annotation import AnsweredRecord, Response
from sharegpt_argilla.config import MultiLabelQuestion, QuestionConfig
from sharegpt_argilla.responses.agreement import (
    METRIC_OF_TYPE,
    AnswerTable,
    answer_table,
    krippendorff_alpha,
    label_table,
    percent_agreement,
)
from sharegpt_argilla.responses.agreement_report import disagreement, scale_of
from sharegpt_argilla.responses.person_agreement import against_reference, against_rest
from sharegpt_argilla.responses.policies import comparable

LATEST = 10_000
"""Records with two answers or more that are compared: those with the newest answers. A table of the label sets
of many more would not fit a small machine."""

POINTS = 30
"""The most days in the course of agreement."""


@dataclass(frozen=True)
class AgreementTables:
    """The answers to records that two people or more submitted.

    Attributes:
        tables: question -> the project's question and its answers.
        days: Argilla's record id -> day of its newest answer, UTC.
        left_out: number of such records beyond the `LATEST`.
    """

    tables: Mapping[str, tuple[QuestionConfig, AnswerTable]]
    days: Mapping[str, str]
    left_out: int


def agreement_tables(
    records: Mapping[str, AnsweredRecord], questions: Sequence[QuestionConfig]
) -> AgreementTables:
    """Collect the records that two people or more submitted."""
    shared: list[tuple[str, str]] = []
    for key, record in records.items():
        times = [response.submitted_at for response in record.responses if response.status == "submitted"]
        if len(times) >= 2:
            shared.append((max(times), key))
    kept = sorted(shared, reverse=True)[:LATEST]
    tables = {}
    for question in questions:
        if question.type in METRIC_OF_TYPE:
            answers = {key: _answers(records[key], question.name) for _, key in kept}
            tables[question.name] = (question, answer_table(answers, scale_of(question)))
    return AgreementTables(tables, {key: time[:10] for time, key in kept}, len(shared) - len(kept))


def team_agreement(tables: AgreementTables) -> dict[str, Any]:
    """Question -> ``alpha`` and ``percent_agreement`` with intervals, ``labels`` with the alpha of each."""
    agreement = {}
    for name, (question, table) in tables.tables.items():
        metric = METRIC_OF_TYPE[question.type]
        labels = list(question.labels) if isinstance(question, MultiLabelQuestion) else []
        agreement[name] = {
            "title": question.title,
            "metric": metric,
            "alpha": krippendorff_alpha(table, metric).to_json(),
            "percent_agreement": percent_agreement(table).to_json(),
            "labels": {
                label: krippendorff_alpha(label_table(table, label), "nominal").to_json() for label in labels
            },
        }
    return agreement


def course(tables: AgreementTables) -> list[dict[str, Any]]:
    """Krippendorff's alpha of all records answered until the end of each day: ``day``, ``question``, ``alpha``,
    ``records``; the last `POINTS` days on which somebody answered."""
    days = sorted(set(tables.days.values()))[-POINTS:]
    points = []
    for name, (question, table) in tables.tables.items():
        of_item = np.array([tables.days[item] for item in table.items])
        for day in days:
            until = of_item <= day
            part = AnswerTable(
                [item for item, inside in zip(table.items, until, strict=True) if inside],
                table.people,
                table.categories,
                table.codes[until],
            )
            alpha = krippendorff_alpha(part, METRIC_OF_TYPE[question.type], resamples=0)
            if alpha.value is not None:
                value = round(alpha.value, 4)
                points.append({"day": day, "question": name, "alpha": value, "records": alpha.items})
    return points


def disputed(tables: AgreementTables, limit: int = 20) -> list[dict[str, Any]]:
    """Argilla's ids and answers of the records with the most different answers, the greatest distance first."""
    scores: dict[str, list[float]] = {}
    for question, table in tables.tables.values():
        for item, score in disagreement(table, METRIC_OF_TYPE[question.type]).items():
            scores.setdefault(item, []).append(score)
    means = {item: sum(distances) / len(distances) for item, distances in scores.items()}
    worst = sorted((item for item in means if means[item]), key=lambda item: (-means[item], item))[:limit]
    return [
        {"record": item, "disagreement": round(means[item], 4), "answers": _answers_to(tables, item)}
        for item in worst
    ]


def own_agreement(tables: AgreementTables, person: str) -> list[dict[str, Any]]:
    """One person compared with the others on each question: ``agreement``, ``kappa``, ``difference``."""
    return [
        {"question": name, "title": question.title}
        | against_rest(table, person, METRIC_OF_TYPE[question.type]).to_json()
        for name, (question, table) in tables.tables.items()
        if person in table.people
    ]


def mean_scores(tables: AgreementTables) -> dict[str, dict[str, float | None]]:
    """Each person compared with the others, in two numbers.

    Returns:
        Person -> ``agreement``: share of the others who gave the same answer, 0 to 1, mean of the questions;
        ``offset``: the person's ratings less the others' mean, in steps, mean of the rating questions. None
        without a record that somebody else answered too.
    """
    scores: dict[str, tuple[list[float], list[float]]] = {}
    for question, table in tables.tables.values():
        for person in table.people:
            one = against_rest(table, person, METRIC_OF_TYPE[question.type], resamples=0)
            shares, differences = scores.setdefault(person, ([], []))
            shares += [] if one.agreement.value is None else [one.agreement.value]
            if one.difference is not None and one.difference.value is not None:
                differences.append(one.difference.value)
    return {
        person: {"agreement": _mean(shares), "offset": _mean(differences)}
        for person, (shares, differences) in scores.items()
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def own_gold(
    records: Mapping[str, AnsweredRecord],
    gold: Mapping[str, Mapping[str, Any]],
    questions: Sequence[QuestionConfig],
    person: str,
) -> list[dict[str, Any]]:
    """One person's answers to gold rows: ``question``, ``right``, ``answers`` and their ``share``.

    Args:
        records: Argilla's record id -> record with all its responses.
        gold: row id -> question -> the right answer. Labels in any order are the same answer.
        questions: of the project; those to which the person answered no gold are left out.
        person: the username.
    """
    asked = {record.id: _of_person(record, person) for record in records.values() if record.id in gold}
    by_question = []
    for question in questions:
        right_answers = {
            row: comparable(gold[row][question.name]) for row in asked if row and question.name in gold[row]
        }
        answers = {
            row: own_answer for row in right_answers if (own_answer := _own_answer(asked[row], question.name))
        }
        agreement = against_reference(answers, right_answers)
        if agreement.answers:
            counts = {"right": agreement.equal, "answers": agreement.answers}
            by_question.append({"question": question.name, **counts, "share": agreement.share.to_json()})
    return by_question


def _of_person(record: AnsweredRecord, person: str) -> Response | None:
    own = (
        response
        for response in record.responses
        if response.annotator == person and response.status == "submitted"
    )
    return next(own, None)


def _own_answer(response: Response | None, question: str) -> dict[str, Hashable]:
    if response is None or question not in response.values:
        return {}
    return {response.annotator: comparable(response.values[question])}


def _answers(record: AnsweredRecord, question: str) -> dict[str, Hashable]:
    answers: dict[str, Hashable] = {}
    for response in record.responses:
        if response.status == "submitted" and question in response.values:
            value: Any = response.values[question]
            answers[response.annotator] = frozenset(map(str, value)) if isinstance(value, list) else value
    return answers


def _answers_to(tables: AgreementTables, item: str) -> dict[str, dict[str, Any]]:
    """Question -> person -> answer to one record."""
    answers_of_questions: dict[str, dict[str, Any]] = {}
    for name, (_, table) in tables.tables.items():
        codes = table.codes[list(table.items).index(item)]
        answers = {
            person: table.categories[code] for person, code in zip(table.people, codes, strict=True) if code >= 0
        }
        answers_of_questions[name] = {
            person: sorted(answer) if isinstance(answer, frozenset) else answer
            for person, answer in answers.items()
        }
    return answers_of_questions
