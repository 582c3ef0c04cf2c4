"""Rows of CSV and TSV as records: the header names the keys."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

from sharegpt_argilla.corpora.reading.base import Damaged, Located
from sharegpt_argilla.corpora.reading.byte_window import Readable

SUFFIXES = (".csv", ".tsv")
_COMPRESSED = re.compile(r"\.(gz|bz2|xz|zst)$", re.IGNORECASE)
LONGEST_CELL = 64 << 20
"""Characters."""
_DELIMITERS = ",;\t|"
_UNDECODED = re.compile("[\udc80-\udcff]")


def is_delimited(name: str) -> bool:
    """Whether the name is that of a CSV or TSV file. The content does not say: a text may look like a row."""
    return _COMPRESSED.sub("", name.lower()).endswith(SUFFIXES)


def read_delimited(file: Readable, name: str, first_line: int = 1) -> Iterator[Located | Damaged]:
    """The rows of a table, each as an object of texts; a cell with a JSON object or a list of them is that.

    Args:
        file: read from its start.
        name: the name of the file in what is read.
        first_line: 1-based line of the first row that is wanted.
    """
    csv.field_size_limit(LONGEST_CELL)
    text = io.TextIOWrapper(io.BufferedReader(_Raw(file)), "utf-8-sig", "surrogateescape", newline="")
    header = text.readline()
    delimiter = max(_DELIMITERS, key=header.count)
    names = next(csv.reader([header], delimiter=delimiter), [])
    rows = csv.reader(text, delimiter=delimiter)
    while True:
        start = rows.line_num + 2
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Damaged(name, start, b"", f"not readable as a row of a table: {error}")
            continue
        if cells and start >= first_line:
            yield _row(name, start, names, cells)


def _row(name: str, line: int, names: list[str], cells: list[str]) -> Located | Damaged:
    raw = ",".join(cells).encode("utf-8", "surrogateescape")
    if len(cells) > len(names):
        return Damaged(name, line, raw, f"the row has {len(cells):,} cells and the header {len(names):,}")
    if _UNDECODED.search("".join(cells)):
        return Damaged(name, line, raw, "the row contains bytes that are not UTF-8")
    return Located(name, line, b"", dict(zip(names, map(_value, cells), strict=False)))


def _value(cell: str) -> Any:
    if cell.startswith(("{", "[{")):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            return cell
    return cell


class _Raw(io.RawIOBase):
    """A stream that only has ``read`` as a raw file."""

    def __init__(self, file: Readable) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        data = self._file.read(len(view))
        view[: len(data)] = data
        return len(data)
