"""Training rows as JSON: one object per line, or an array."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from sharegpt_argilla.common.jsonl import open_output
from sharegpt_argilla.training.base import JSON_ARRAY, JSON_LINES, About, Scheme, TrainingRow, split_path

_encode = json.JSONEncoder(ensure_ascii=False).encode


class JsonFormat:
    """The base of training formats that write JSON. ``suffix`` is ``.jsonl``, or ``.json`` for an array."""

    suffix: str

    def write(
        self, target: Path, splits: Mapping[str, Iterable[TrainingRow]], _scheme: Scheme, _about: About
    ) -> list[Path]:
        """Write every split, whole or not at all.

        Raises:
            InputError: a file cannot be written.
        """
        return write_json(target, splits, self.suffix)


def write_json(target: Path, splits: Mapping[str, Iterable[TrainingRow]], suffix: str) -> list[Path]:
    """Write each split to a file; no file appears under its name before all are complete.

    ``.json`` in the target's name means an array and ``.jsonl`` means lines; for any other name the format's
    suffix decides.

    Raises:
        InputError: a file cannot be written.
    """
    layout = target.suffix if target.suffix in (JSON_LINES, JSON_ARRAY) else suffix
    paths = [split_path(target, split) for split in splits]
    with ExitStack() as files:
        for path, rows in zip(paths, splits.values(), strict=True):
            file = files.enter_context(open_output(path))
            (_write_array if layout == JSON_ARRAY else _write_lines)(file, rows)
    return paths


def _write_lines(file: IO[str], rows: Iterable[TrainingRow]) -> None:
    for row in rows:
        file.write(_encode(row) + "\n")


def _write_array(file: IO[str], rows: Iterable[TrainingRow]) -> None:
    separator = "[\n"
    for row in rows:
        file.write(separator + _encode(row))
        separator = ",\n"
    file.write("[]\n" if separator == "[\n" else "\n]\n")
