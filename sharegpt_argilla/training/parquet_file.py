"""Parquet: the table, with labels as text and lists of labels as lists; and prompts in verl's layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

import pyarrow
from pyarrow import parquet

from sharegpt_argilla.common.atomic_files import atomic_path
from sharegpt_argilla.common.batching import batched
from sharegpt_argilla.training.base import About, Scheme, TrainingRow, split_path
from sharegpt_argilla.training.data_frames import columns

BATCH = 1_000
"""Rows in memory at once."""


def arrow_schema(scheme: Scheme) -> pyarrow.Schema:
    """The column types of the Parquet file, in which labels are text."""
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
    return _write_files(target, splits, arrow_schema(scheme))


MESSAGES = pyarrow.list_(pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())]))
VERL = pyarrow.schema(
    [
        ("data_source", pyarrow.string()),
        ("prompt", MESSAGES),
        ("ability", pyarrow.string()),
        ("reward_model", pyarrow.struct([("style", pyarrow.string()), ("ground_truth", pyarrow.string())])),
        (
            "extra_info",
            pyarrow.struct([("id", pyarrow.string()), ("session", pyarrow.string()), ("turn", pyarrow.int64())]),
        ),
    ]
)
"""Column types of the layout that verl documents under "Prepare Data for Post-Training"."""


def write_prompts(target: Path, splits: Mapping[str, Iterable[TrainingRow]]) -> list[Path]:
    """Write each split of prompts to a file of its own, a thousand rows at a time.

    Raises:
        InputError: a file cannot be written.
    """
    return _write_files(target, splits, VERL)


def _write_files(target: Path, splits: Mapping[str, Iterable[TrainingRow]], schema: pyarrow.Schema) -> list[Path]:
    paths = [split_path(target, split) for split in splits]
    with ExitStack() as drafts:
        for path, rows in zip(paths, splits.values(), strict=True):
            _write_file(drafts.enter_context(atomic_path(path)), rows, schema)
    return paths


def _write_file(path: Path, rows: Iterable[TrainingRow], schema: pyarrow.Schema) -> None:
    with parquet.ParquetWriter(path, schema) as writer:  # type: ignore[no-untyped-call]  # pyarrow has no types
        for batch in batched(rows, BATCH):
            writer.write_table(pyarrow.Table.from_pylist(batch, schema=schema))
