"""The table as pandas and datasets know it: labels in the order of the project, never of appearance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import datasets
import pandas  # type: ignore[import-untyped]  # pandas ships no types

from sharegpt_argilla.training.base import Question, Scheme, TrainingRow
from sharegpt_argilla.training.columns import columns

DataFrame = pandas.DataFrame
Dataset = datasets.Dataset


def to_frame(rows: Iterable[TrainingRow], scheme: Scheme) -> pandas.DataFrame:
    """One row each. Ratings are ``Float64``, since a mean may be one; labels are ordered categories."""
    table = list(rows)
    frame = pandas.DataFrame(index=range(len(table)))
    for name, kind in columns(scheme):
        values = [row[name] for row in table]
        frame[name] = pandas.Series(values, dtype=_dtype(kind), index=frame.index)
    return frame


def to_dataset(rows: Iterable[TrainingRow], scheme: Scheme) -> datasets.Dataset:
    """The same as a ``datasets.Dataset``; labels are ``ClassLabel`` with the names in the order of the project."""
    table = list(rows)
    values = {name: [row[name] for row in table] for name, _ in columns(scheme)}
    return datasets.Dataset.from_dict(values, features=features(scheme))


def features(scheme: Scheme) -> datasets.Features:
    """The types of the columns for ``datasets``."""
    plain = {"text": "string", "integer": "int64", "number": "float64", "truth": "bool"}
    found: dict[str, Any] = {}
    for name, kind in columns(scheme):
        if isinstance(kind, str):
            found[name] = datasets.Value(plain[kind])
        elif kind.type == "rating":
            found[name] = datasets.Value("float64")
        else:
            names = [str(choice) for choice in kind.choices]
            label = datasets.ClassLabel(names=names) if names else datasets.Value("string")
            found[name] = datasets.Sequence(label) if kind.type == "multi_label" else label
    return datasets.Features(found)


def _dtype(kind: Question | str) -> Any:
    plain = {"text": "str", "integer": "int64", "number": "float64", "truth": "bool"}
    if isinstance(kind, str):
        return plain[kind]
    if kind.type == "rating":
        return "Float64"
    if kind.type == "label" and kind.choices:
        return pandas.CategoricalDtype([str(choice) for choice in kind.choices], ordered=True)
    return "object"
