"""Training rows as JSON: one object per line, or an array."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO

from sharegpt_argilla.common.jsonl import open_output
from sharegpt_argilla.training.base import JSON_ARRAY, JSON_LINES, About, Scheme, TrainingRow, split_path

HEAD = 1 << 20
"""Characters at the start of a file in which every column shows its type; a tenth of what `datasets` looks at."""
EMPTY: tuple[None, list[object]] = (None, [])
"""Values from which no reader can tell the type of a column."""
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
    """Write the rows; those that are the first with a value in a column come within the first ``HEAD`` characters.

    Readers infer the type of a column from the first block of a file (`datasets`: 10 MB), and refuse a value in a
    column that was empty all through it.
    """
    rows = iter(rows)
    head, empty = _head(rows)
    if not empty:
        file.writelines(chain(head, _lines(rows)))
        return
    with TemporaryFile("w+", encoding="utf-8", newline="") as rest:
        first: list[str] = []
        for row in rows:
            filled = {key for key in empty if row.get(key) not in EMPTY}
            empty -= filled
            (first.append if filled else rest.write)(_encode(row) + "\n")
        file.writelines(chain(first, head))
        rest.seek(0)
        copyfileobj(rest, file)


def _head(rows: Iterator[TrainingRow]) -> tuple[list[str], set[str]]:
    """The first lines, and the columns that are empty in all of them; no column where these are all lines."""
    lines: list[str] = []
    empty: dict[str, bool] = {}
    size = 0
    for row in rows:
        empty |= {key: empty.get(key, True) and value in EMPTY for key, value in row.items()}
        lines.append(_encode(row) + "\n")
        size += len(lines[-1])
        if size >= HEAD:
            return lines, {key for key, still in empty.items() if still}
    return lines, set()


def _lines(rows: Iterable[TrainingRow]) -> Iterator[str]:
    return (_encode(row) + "\n" for row in rows)


def _write_array(file: IO[str], rows: Iterable[TrainingRow]) -> None:
    separator = "[\n"
    for row in rows:
        file.write(separator + _encode(row))
        separator = ",\n"
    file.write("[]\n" if separator == "[\n" else "\n]\n")
