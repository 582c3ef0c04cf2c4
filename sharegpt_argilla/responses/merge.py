"""What annotators said about a row -> the row with ``标注`` in its extension."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.annotation import AnsweredRecord
from sharegpt_argilla.responses.aggregation import POLICY, majority
from sharegpt_argilla.rows import ANNOTATION, Row, read_extension, with_extension


@dataclass(frozen=True)
class Origin:
    """Where answers come from, as every annotated row says.

    Attributes:
        dataset: name of the dataset in Argilla.
        guidelines: short hash of the guidelines in force at the export.
        questions: names of the questions, in the order of the dataset.
    """

    dataset: str
    guidelines: str
    questions: Sequence[str]


def guidelines_hash(text: str) -> str:
    """The first 12 hex digits of the sha256 of the guidelines."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def merge(row: Row, record: AnsweredRecord, origin: Origin) -> Row:
    """The row with the record's responses merged in, in place of what an earlier export put there."""
    extension = {key: value for key, value in read_extension(row).items() if key != ANNOTATION}
    extension[ANNOTATION] = annotation(record, origin)
    return with_extension(row, extension)


def is_withdrawn(row: Row, origin: Origin) -> bool:
    """Whether the row carries answers of this dataset. Asked of rows that have none there (any more)."""
    marked = read_extension(row).get(ANNOTATION)
    return isinstance(marked, dict) and marked.get("dataset") == origin.dataset


def without_annotation(row: Row) -> Row:
    """The row as it was before it was annotated."""
    extension = read_extension(row)
    extension.pop(ANNOTATION, None)
    return with_extension(row, extension)


def annotation(record: AnsweredRecord, origin: Origin) -> dict[str, Any]:
    """The object under ``标注``: one value a question, whether a tie had to be broken, and every response."""
    submitted = [response for response in record.responses if response.status == "submitted"]
    values: dict[str, Any] = {}
    tie = False
    for question in origin.questions:
        answers = [response.values[question] for response in submitted if question in response.values]
        if answers:
            result = majority(answers)
            values[question] = result.value
            tie = tie or result.tie
    return {
        "dataset": origin.dataset,
        "guidelines": origin.guidelines,
        "status": record.status,
        "policy": POLICY,
        **values,
        "tie": tie,
        "responses": [response.to_json() for response in record.responses],
    }
