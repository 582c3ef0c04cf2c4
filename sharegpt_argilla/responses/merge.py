"""What annotators said about a row -> the row with ``标注`` in its extension."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sharegpt_argilla.annotation import AnsweredRecord, AnswerValue, Response, planned_status
from sharegpt_argilla.common.contract_keys import CONFIDENCE, GOLD
from sharegpt_argilla.responses.policies import PolicyChoice
from sharegpt_argilla.rows import ANNOTATION, Row, read_extension, with_extension


@dataclass(frozen=True)
class Origin:
    """Where answers come from, as every annotated row says.

    Attributes:
        dataset: name of the dataset in Argilla; several names where datasets were joined.
        guidelines: short hash of the guidelines in force at the export; several where they differ.
        questions: names of the questions, in the order of the dataset.
        choice: how several answers become one.
        gold: row id -> question -> the right answer, where it is known; rows keep theirs.
        done: see `planned_status`.
    """

    dataset: str | Sequence[str]
    guidelines: str | Sequence[str]
    questions: Sequence[str]
    choice: PolicyChoice = field(default_factory=PolicyChoice)
    gold: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    done: frozenset[str] | None = None


def guidelines_hash(text: str) -> str:
    """The first 12 hex digits of the sha256 of the guidelines."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def merge(row: Row, record: AnsweredRecord, origin: Origin) -> Row:
    """The row with the record's responses merged in, in place of what an earlier export put there."""
    return with_annotation(row, annotation(record, origin))


def with_annotation(row: Row, marked: Mapping[str, Any]) -> Row:
    """The row with what `annotation` gave."""
    extension = {key: value for key, value in read_extension(row).items() if key != ANNOTATION}
    extension[ANNOTATION] = marked
    return with_extension(row, extension)


def is_withdrawn(row: Row, origin: Origin) -> bool:
    """Whether the row carries answers of this dataset. Asked of rows that have none there (any more).

    Answers without a time were imported from Argilla 1.x, and not from this dataset, whatever its name.
    """
    if ANNOTATION not in row["元数据"]["扩展字段"]:
        return False
    marked = read_extension(row).get(ANNOTATION)
    if not isinstance(marked, dict) or marked.get("dataset") != _plain(origin.dataset):
        return False
    return all("submitted_at" in response for response in marked.get("responses", ()))


def without_annotation(row: Row) -> Row:
    """The row as it was before it was annotated."""
    extension = read_extension(row)
    extension.pop(ANNOTATION, None)
    return with_extension(row, extension)


def annotation(record: AnsweredRecord, origin: Origin) -> dict[str, Any]:
    """The object under ``标注``: one value a question, whether a tie had to be broken, and every response."""
    submitted = [response for response in record.responses if response.status == "submitted"]
    reviews = [response for response in submitted if response.adjudication]
    peers = [response for response in submitted if not response.adjudication] if reviews else submitted
    values: dict[str, Any] = {}
    policies: dict[str, str] = {}
    confidence: dict[str, Any] = {}
    tie = False
    for question in origin.questions:
        policies[question] = origin.choice.of(question)
        answers = _answers(peers, question)
        ruled = _answers(reviews, question) if reviews else {}
        if answers or ruled:
            policies[question], result = origin.choice.decide(question, answers, record.id, ruled)
            tie = tie or result.tie
            if result.value is not None:
                values[question] = result.value
            if (sure := origin.choice.confidence(question, result.value, record.id)) is not None:
                confidence[question] = sure
    marked = {
        "dataset": _plain(origin.dataset),
        "guidelines": _plain(origin.guidelines),
        "status": planned_status(record, origin.done),
        "policy": _same(policies.values()) or policies,
        **values,
        "tie": tie,
        **({CONFIDENCE: confidence} if confidence else {}),
        "responses": [response.to_json() for response in record.responses],
    }
    if record.suggestions:
        marked["suggestions"] = [suggestion.to_json() for suggestion in record.suggestions]
    if known := origin.gold.get(record.id or ""):
        marked[GOLD] = dict(known)
    return marked


def answers_of(record: AnsweredRecord, question: str) -> Mapping[str, AnswerValue]:
    """Person -> submitted answer to a question of a record, the earliest first; without those of reviewers."""
    said = [one for one in record.responses if one.status == "submitted" and not one.adjudication]
    return _answers(said, question)


def rulings_of(record: AnsweredRecord, question: str) -> Mapping[str, AnswerValue]:
    """The same of reviewers."""
    said = [one for one in record.responses if one.status == "submitted" and one.adjudication]
    return _answers(said, question)


def _answers(submitted: Sequence[Response], question: str) -> Mapping[str, AnswerValue]:
    """Person -> answer, the earliest first.

    Of somebody who answered the record in several joined datasets the latest answer counts, in the place of the
    first.
    """
    answers: dict[str, AnswerValue] = {}
    times: dict[str, str] = {}
    for response in submitted:
        if question in response.values and response.submitted_at >= times.get(response.annotator, ""):
            answers[response.annotator] = response.values[question]
            times[response.annotator] = response.submitted_at
    return answers


def _same(names: Iterable[str]) -> str | None:
    """The one name that all are, None where they differ."""
    different = set(names)
    return different.pop() if len(different) == 1 else None


def _plain(names: str | Sequence[str]) -> str | list[str]:
    return names if isinstance(names, str) else list(names)
