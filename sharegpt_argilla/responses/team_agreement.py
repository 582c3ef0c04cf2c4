"""How far a team agrees, read from its answers as they stand on the server."""

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
"""Records that two people or more answered which are looked at, those with the newest answers; a table of all
the different sets of labels of many more would not fit a small machine."""

POINTS = 30
"""Days at most in the course of agreement."""


@dataclass(frozen=True)
class AgreementTables:
    """The answers to records that two people or more submitted.

    Attributes:
        tables: question -> the project's question and its answers.
        days: Argilla's record id -> day of its newest answer, UTC.
        left_out: such records beyond the `LATEST`.
    """

    tables: Mapping[str, tuple[QuestionConfig, AnswerTable]]
    days: Mapping[str, str]
    left_out: int


def agreement_tables(
    records: Mapping[str, AnsweredRecord], questions: Sequence[QuestionConfig]
) -> AgreementTables:
    """Gather the records on which people can agree."""
    shared: list[tuple[str, str]] = []
    for key, record in records.items():
        times = [one.submitted_at for one in record.responses if one.status == "submitted"]
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
    found = {}
    for name, (question, table) in tables.tables.items():
        metric = METRIC_OF_TYPE[question.type]
        labels = list(question.labels) if isinstance(question, MultiLabelQuestion) else []
        found[name] = {
            "title": question.title,
            "metric": metric,
            "alpha": krippendorff_alpha(table, metric).to_json(),
            "percent_agreement": percent_agreement(table).to_json(),
            "labels": {
                label: krippendorff_alpha(label_table(table, label), "nominal").to_json() for label in labels
            },
        }
    return found


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


def disputed(tables: AgreementTables, wanted: int = 20) -> list[dict[str, Any]]:
    """Argilla's ids of the records whose answers lie farthest apart, with the answers, the farthest first."""
    scores: dict[str, list[float]] = {}
    for question, table in tables.tables.values():
        for item, score in disagreement(table, METRIC_OF_TYPE[question.type]).items():
            scores.setdefault(item, []).append(score)
    means = {item: sum(found) / len(found) for item, found in scores.items()}
    worst = sorted((item for item in means if means[item]), key=lambda item: (-means[item], item))[:wanted]
    return [
        {"record": item, "disagreement": round(means[item], 4), "answers": _given(tables, item)} for item in worst
    ]


def own_agreement(tables: AgreementTables, person: str) -> list[dict[str, Any]]:
    """One person against the others on each question: ``agreement``, ``kappa``, ``difference``, as in a report."""
    return [
        {"question": name, "title": question.title}
        | against_rest(table, person, METRIC_OF_TYPE[question.type]).to_json()
        for name, (question, table) in tables.tables.items()
        if person in table.people
    ]


def own_gold(
    records: Mapping[str, AnsweredRecord],
    gold: Mapping[str, Mapping[str, Any]],
    questions: Sequence[QuestionConfig],
    person: str,
) -> list[dict[str, Any]]:
    """One person's answers to rows with a known one: ``question``, ``right``, ``answers`` and their ``share``.

    Args:
        records: Argilla's record id -> record with all its responses.
        gold: row id -> question -> the right answer. Labels in any order are the same answer.
        questions: of the project; those to which the person answered no gold are left out.
        person: the username.
    """
    asked = {one.id: _of_person(one, person) for one in records.values() if one.id in gold}
    found = []
    for question in questions:
        wanted = {row: comparable(gold[row][question.name]) for row in asked if row and question.name in gold[row]}
        answers = {row: given for row in wanted if (given := _own_answer(asked[row], question.name))}
        one = against_reference(answers, wanted)
        if one.answers:
            share = one.share.to_json()
            found.append({"question": question.name, "right": one.equal, "answers": one.answers, "share": share})
    return found


def _of_person(record: AnsweredRecord, person: str) -> Response | None:
    own = (one for one in record.responses if one.annotator == person and one.status == "submitted")
    return next(own, None)


def _own_answer(response: Response | None, question: str) -> dict[str, Hashable]:
    if response is None or question not in response.values:
        return {}
    return {response.annotator: comparable(response.values[question])}


def _answers(record: AnsweredRecord, question: str) -> dict[str, Hashable]:
    found: dict[str, Hashable] = {}
    for response in record.responses:
        if response.status == "submitted" and question in response.values:
            value: Any = response.values[question]
            found[response.annotator] = frozenset(map(str, value)) if isinstance(value, list) else value
    return found


def _given(tables: AgreementTables, item: str) -> dict[str, dict[str, Any]]:
    """Question -> person -> answer to one record."""
    given: dict[str, dict[str, Any]] = {}
    for name, (_, table) in tables.tables.items():
        codes = table.codes[list(table.items).index(item)]
        answers = {
            person: table.categories[code] for person, code in zip(table.people, codes, strict=True) if code >= 0
        }
        given[name] = {
            person: sorted(answer) if isinstance(answer, frozenset) else answer
            for person, answer in answers.items()
        }
    return given
