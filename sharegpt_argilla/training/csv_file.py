"""The table as CSV (RFC 4180) that spreadsheets do not evaluate as formulas.

A text that a spreadsheet would evaluate, or that begins with an apostrophe already, is prefixed with an apostrophe
(OWASP, "CSV Injection"). A reader gets every text back by removing one leading apostrophe.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sharegpt_argilla.common.jsonl import open_output
from sharegpt_argilla.training.base import About, Scheme, TrainingRow, split_path
from sharegpt_argilla.training.data_frames import columns

BETWEEN_LABELS = "; "
_STARTS = tuple("=+-@＝＋－＠")
"""First characters of a formula in Excel, LibreOffice and Google Sheets, full-width forms included."""


def write(
    target: Path,
    splits: Mapping[str, Iterable[TrainingRow]],
    scheme: Scheme,
    _about: About,
) -> list[Path]:
    """Write each split to a file of its own: a header, then the rows; lists of labels are joined with ``; ``.

    Raises:
        InputError: a file cannot be written.
    """
    names = [name for name, _ in columns(scheme)]
    paths = [split_path(target, split) for split in splits]
    with ExitStack() as files:
        for path, rows in zip(paths, splits.values(), strict=True):
            writer = csv.writer(files.enter_context(open_output(path)))
            writer.writerow(names)
            writer.writerows([cell(row[name]) for name in names] for row in rows)
    return paths


def cell(value: Any) -> Any:
    """A value as it is written to the file."""
    if isinstance(value, list):
        value = BETWEEN_LABELS.join(value)
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return value
    dangerous = value.lstrip().startswith(_STARTS) or value[:1] in ("\t", "\r", "\n", "'")
    return f"'{value}" if dangerous else value
