"""The table as Parquet: labels as text, lists of labels as lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import pyarrow
from pyarrow import parquet

from sharegpt_argilla.errors import InputError
from sharegpt_argilla.training.base import About, Scheme, TrainingRow, split_path
from sharegpt_argilla.training.data_frames import columns

BATCH = 1_000
"""Rows in memory at a time."""


def arrow_schema(scheme: Scheme) -> pyarrow.Schema:
    """The types of the columns in a Parquet file: labels are text there."""
    plain = {
        "text": pyarrow.string(),
        "integer": pyarrow.int64(),
        "number": pyarrow.float64(),
        "truth": pyarrow.bool_(),
    }
    questions = {"rating": pyarrow.float64(), "multi_label": pyarrow.list_(pyarrow.string())}
    return pyarrow.schema(
        [
            (name, plain[kind] if isinstance(kind, str) else questions.get(kind.type, pyarrow.string()))
            for name, kind in columns(scheme)
        ]
    )


def write(
    target: Path,
    splits: Mapping[str, Iterable[TrainingRow]],
    scheme: Scheme,
    _about: About,
) -> list[Path]:
    """Write each split to a file of its own, a thousand rows at a time.

    Raises:
        InputError: a file cannot be written.
    """
    schema = arrow_schema(scheme)
    drafts = {split_path(target, split): rows for split, rows in splits.items()}
    part = {path: path.with_name(f".{path.name}.part") for path in drafts}
    try:
        for path, rows in drafts.items():
            _write_file(part[path], rows, schema)
        for path in drafts:
            part[path].replace(path)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
    finally:
        for draft in part.values():
            draft.unlink(missing_ok=True)
    return list(drafts)


def _write_file(path: Path, rows: Iterable[TrainingRow], schema: pyarrow.Schema) -> None:
    with parquet.ParquetWriter(path, schema) as writer:  # type: ignore[no-untyped-call]  # pyarrow has no types
        for batch in _batches(iter(rows)):
            writer.write_table(pyarrow.Table.from_pylist(batch, schema=schema))


def _batches(rows: Iterator[TrainingRow]) -> Iterator[list[TrainingRow]]:
    while batch := list(islice(rows, BATCH)):
        yield batch
