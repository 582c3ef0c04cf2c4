"""Annotated rows as a table, a pandas frame and a ``datasets.Dataset``, with columns typed by the project."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import datasets
import pandas

from sharegpt_argilla.training.answer_formats import labels_of
from sharegpt_argilla.training.base import About, Example, Group, Question, Scheme, TrainingRow, Unit
from sharegpt_argilla.training.examples import mean_agreement

TEXTS = ("id", "prompt", "answer", "source", "corpus", "session", "system")
"""Columns of text before the questions; ``turn``, a number, follows ``session``."""
BEFORE = ("id", "prompt", "answer", "source", "corpus", "session", "turn", "system")
AFTER = ("dataset", "guidelines", "status", "tie", "n_responses", "agreement", "responses")
"""Columns after the questions; a question with one of these names is prefixed with ``question_``."""


class Table:
    """A training format with every annotated row and all of its columns.

    Args:
        name: its name for ``--format``.
        title: its purpose.
        suffix: suffix of the file; ``""`` for a folder.
        module: the module of this folder that writes it, imported when needed: pandas, pyarrow and datasets take
            a second or two.
    """

    unit: Unit = "row"
    needs_history = False
    needs_answer = False

    def __init__(self, name: str, title: str, suffix: str, module: str) -> None:
        self.name = name
        self.title = title
        self.suffix = suffix
        self._module = module

    def rows(self, group: Group, scheme: Scheme) -> list[TrainingRow]:
        """One row."""
        return [table_row(group.examples[0], scheme)]

    def write(
        self, target: Path, splits: Mapping[str, Iterable[TrainingRow]], scheme: Scheme, about: About
    ) -> list[Path]:
        """Write every split, as the format's module does.

        Raises:
            InputError: a file cannot be written.
        """
        writer = import_module(f"sharegpt_argilla.training.{self._module}")
        paths: list[Path] = writer.write(target, splits, scheme, about)
        return paths


def table_row(example: Example, scheme: Scheme) -> TrainingRow:
    """The row with every column; None for unanswered questions. Labels are in the order of the project."""
    annotation = example.annotation
    row: TrainingRow = {name: getattr(example, name) for name in BEFORE}
    for question in scheme.questions:
        row[column(question)] = _value(question, annotation.get(question.name))
    row["dataset"] = _names(annotation.get("dataset", ""))
    row["guidelines"] = _names(annotation.get("guidelines", ""))
    row["status"] = str(annotation.get("status", ""))
    row["tie"] = bool(annotation.get("tie", False))
    row["n_responses"] = len(example.submitted)
    row["agreement"] = mean_agreement(example, [question.name for question in scheme.questions])
    row["responses"] = json.dumps(annotation.get("responses", []), ensure_ascii=False)
    return row


def column(question: Question) -> str:
    """The name of a question's column."""
    return f"question_{question.name}" if question.name in (*BEFORE, *AFTER) else question.name


def columns(scheme: Scheme) -> Iterator[tuple[str, Question | str]]:
    """Every column in order with its question, or its type: ``text``, ``integer``, ``number``, ``truth``."""
    for name in BEFORE:
        yield name, "text" if name in TEXTS else "integer"
    for question in scheme.questions:
        yield column(question), question
    kinds = {"tie": "truth", "n_responses": "integer", "agreement": "number"}
    for name in AFTER:
        yield name, kinds.get(name, "text")


def _value(question: Question, value: Any) -> Any:
    if value is None:
        return None
    if question.type == "multi_label":
        return labels_of(question, value)
    if question.type == "rating":
        return float(value) if isinstance(value, int | float) else None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _names(value: Any) -> str:
    """One name, or several if datasets were joined."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


DataFrame = pandas.DataFrame
Dataset = datasets.Dataset


def to_frame(rows: Iterable[TrainingRow], scheme: Scheme) -> pandas.DataFrame:
    """A frame of the rows. Ratings are ``Float64``, because they may be means; labels are ordered categories."""
    table = list(rows)
    frame = pandas.DataFrame(index=range(len(table)))
    for name, kind in columns(scheme):
        values = [row[name] for row in table]
        frame[name] = pandas.Series(values, dtype=_dtype(kind), index=frame.index)
    return frame


def to_dataset(rows: Iterable[TrainingRow], scheme: Scheme) -> datasets.Dataset:
    """A ``datasets.Dataset`` of the rows; labels are ``ClassLabel`` with names in the order of the project."""
    table = list(rows)
    values = {name: [row[name] for row in table] for name, _ in columns(scheme)}
    return datasets.Dataset.from_dict(values, features=features(scheme))


def features(scheme: Scheme) -> datasets.Features:
    """The types of the columns for ``datasets``."""
    plain = {"text": "string", "integer": "int64", "number": "float64", "truth": "bool"}
    types: dict[str, Any] = {}
    for name, kind in columns(scheme):
        if isinstance(kind, str):
            types[name] = datasets.Value(plain[kind])
        elif kind.type == "rating":
            types[name] = datasets.Value("float64")
        else:
            names = [str(choice) for choice in kind.choices]
            label = datasets.ClassLabel(names=names) if names else datasets.Value("string")
            types[name] = datasets.Sequence(label) if kind.type == "multi_label" else label
    return datasets.Features(types)


def _dtype(kind: Question | str) -> Any:
    plain = {"text": "str", "integer": "int64", "number": "float64", "truth": "bool"}
    if isinstance(kind, str):
        return plain[kind]
    if kind.type == "rating":
        return "Float64"
    if kind.type == "label" and kind.choices:
        return pandas.CategoricalDtype([str(choice) for choice in kind.choices], ordered=True)
    return "object"
