"""The records of a FeedbackDataset of Argilla 1.x as the Hub has them: JSON Lines, JSON or Parquet.

One column for each field; for each question a list of ``{user_id, value, status}``, ``<question>-suggestion`` and
``<question>-suggestion-metadata``; ``external_id``; ``metadata``, a JSON string. A list may also be stored as
three lists under the three keys, as ``datasets.Sequence`` does. (argilla 1.29, ``HuggingFaceDatasetMixin``.)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pyarrow
from pyarrow import parquet

from sharegpt_argilla.annotation import AnswerValue, Response, ResponseStatus
from sharegpt_argilla.errors import InputError, RejectedError
from sharegpt_argilla.legacy.legacy_project import LegacyProject, LegacyQuestion, slug

BATCH = 500
"""Rows of a Parquet file in memory at a time."""
_STATUSES = ("submitted", "draft", "discarded")
_LABELS = ("label_selection", "multi_label_selection")


@dataclass(frozen=True, slots=True)
class LegacyRow:
    """One record as it is stored in a file.

    Attributes:
        file: the file.
        number: 1-based number of the record in the file; of the line in JSON Lines.
        raw: the text of the line; of other files the record as JSON.
        value: the parsed JSON; None if it is not valid JSON.
    """

    file: Path
    number: int
    raw: str
    value: Any


@dataclass(frozen=True, slots=True)
class LegacyRecord:
    """One record, parsed.

    Attributes:
        fields: field -> text; fields without text are absent.
        responses: one for each person, in the order in which the file names them. 1.x kept no times.
        suggestions: question -> ``value`` and, if known, ``score``, ``agent`` and ``type``.
        external_id: ``""`` if the record has none.
        metadata: as annotators saw it.
    """

    fields: Mapping[str, str]
    responses: Sequence[Response]
    suggestions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    external_id: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


def find_files(folder: Path) -> list[Path]:
    """The files with records in the folder and its subfolders, sorted by name.

    Raises:
        InputError: no such file exists.
    """
    for suffix in (".parquet", ".jsonl", ".json"):
        paths = sorted(path for path in folder.rglob(f"*{suffix}") if path.name != "dataset_infos.json")
        if paths:
            return paths
    raise InputError(f"{folder}: no .parquet, .jsonl or .json file with records")


def read_rows(path: Path) -> Iterator[LegacyRow]:
    """Read every record of a file.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        if path.suffix == ".parquet":
            yield from _read_parquet(path)
        elif path.suffix == ".jsonl":
            yield from _read_lines(path)
        else:
            for number, value in enumerate(json.loads(path.read_text(encoding="utf-8")), 1):
                yield LegacyRow(path, number, json.dumps(value, ensure_ascii=False), value)
    except RecursionError:
        raise InputError(f"{path}: cannot be read: nested too deep") from None
    except (OSError, ValueError, TypeError, pyarrow.ArrowException) as error:
        raise InputError(f"{path}: cannot be read: {' '.join(str(error).split())}") from error


def read_record(value: object, project: LegacyProject) -> LegacyRecord:
    """Parse the record in a row.

    Raises:
        RejectedError: the row contains no record.
    """
    if not isinstance(value, dict):
        raise RejectedError("not a JSON object")
    return LegacyRecord(
        fields={name: str(value[name]) for name in project.fields if value.get(name) is not None},
        responses=_responses(value, project),
        suggestions=_suggestions(value, project),
        external_id=str(value.get("external_id") or ""),
        metadata=_metadata(value.get("metadata")),
    )


def _read_parquet(path: Path) -> Iterator[LegacyRow]:
    number = 0
    with parquet.ParquetFile(path) as file:  # type: ignore[no-untyped-call]  # pyarrow has no types
        for batch in file.iter_batches(batch_size=BATCH):
            for value in batch.to_pylist():
                number += 1
                yield LegacyRow(path, number, json.dumps(value, ensure_ascii=False, default=str), value)


def _read_lines(path: Path) -> Iterator[LegacyRow]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            text = line.rstrip("\n")
            if not text.strip():
                continue
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                value = None
            yield LegacyRow(path, number, text, value)


def _responses(value: Mapping[str, Any], project: LegacyProject) -> list[Response]:
    values: dict[str, dict[str, AnswerValue]] = {}
    statuses: dict[str, ResponseStatus] = {}
    for question in project.questions:
        for person, answer, status in _answers(value.get(question.name), question):
            statuses.setdefault(person, status)
            values.setdefault(person, {})
            if answer is not None:
                values[person][question.name] = answer
    return [Response(person, statuses[person], answers, "") for person, answers in values.items()]


def _answers(column: object, question: LegacyQuestion) -> Iterator[tuple[str, AnswerValue | None, ResponseStatus]]:
    unknown = 0
    for answer in _as_list(column):
        person = answer.get("user_id")
        if person is None:
            # Without an account only the position in the list tells people apart.
            unknown += 1
            person = f"unknown-{unknown}"
        status = answer.get("status") or "submitted"
        if status not in _STATUSES:
            raise RejectedError(f'{question.name}: unknown status "{status}"')
        yield str(person), _value(answer.get("value"), question), cast("ResponseStatus", status)


def _as_list(cells: object) -> list[dict[str, Any]]:
    """A list of objects, whether it is stored as one or as lists under the keys of the objects."""
    if isinstance(cells, Mapping):
        lists = [cells if isinstance(cells, list) else [] for cells in cells.values()]
        return [dict(zip(cells, items, strict=False)) for items in zip(*lists, strict=False)]
    return [item for item in cells if isinstance(item, dict)] if isinstance(cells, list) else []


def _value(value: Any, question: LegacyQuestion) -> AnswerValue | None:
    if value is None:
        return None
    if question.type == "ranking":
        return _as_list(value)
    if question.type == "rating":
        try:
            return int(value)
        except (ValueError, TypeError, OverflowError):
            raise RejectedError(f"{question.name}: a rating that is no whole number") from None
    if isinstance(value, list):
        return [slug(str(label)) for label in value]
    return slug(str(value)) if question.type in _LABELS else str(value)


def _suggestions(value: Mapping[str, Any], project: LegacyProject) -> dict[str, dict[str, Any]]:
    suggestions = {}
    for question in project.questions:
        suggested = _value(value.get(f"{question.name}-suggestion"), question)
        if suggested is not None:
            details = value.get(f"{question.name}-suggestion-metadata") or {}
            if not isinstance(details, Mapping):
                raise RejectedError(f"{question.name}-suggestion-metadata: not a JSON object")
            kept = {key: details[key] for key in ("score", "agent", "type") if details.get(key) is not None}
            suggestions[question.name] = {"value": suggested, **kept}
    return suggestions


def _metadata(value: object) -> dict[str, Any]:
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise RejectedError('"metadata" is not valid JSON') from None
    return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else {}
