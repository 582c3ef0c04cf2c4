"""Data of the Export page: the last export, what a new one would change, and files to download."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sharegpt_argilla.common.jsonl import read_rows
from sharegpt_argilla.config import DEFAULT_CONFIG
from sharegpt_argilla.responses.export_state import file_mark
from sharegpt_argilla.rows import ANNOTATION, read_extension
from sharegpt_argilla.settings import Connection
from sharegpt_argilla.training.table import FORMATS
from sharegpt_argilla.workflows.export_responses import ExportSummary, export_responses
from sharegpt_argilla.workflows.training import TrainingSummary, training


@dataclass(frozen=True)
class LastExport:
    """The file of the last export.

    Attributes:
        path: the file.
        written: when, UTC.
        size: in bytes.
        rows: rows in it.
        annotated: rows that carry responses.
        responses: responses in them.
    """

    path: Path
    written: datetime
    size: int
    rows: int
    annotated: int
    responses: int


@dataclass
class NewExport:
    """An export to a temporary folder, to compare and download; the folder is deleted with this object.

    Attributes:
        path: the file, in a folder of its own.
        summary: its counts.
        added: rows that carry responses now and did not in the last export.
        changed: rows whose responses or values differ.
        withdrawn: rows that no longer carry responses.
        same: annotated rows that did not change.
        made: when, UTC.
    """

    path: Path
    summary: ExportSummary
    added: int
    changed: int
    withdrawn: int
    same: int
    made: datetime


def last_export(annotated: str | Path) -> LastExport | None:
    """The counts of the last export; None if its file does not exist.

    Raises:
        InputError: it cannot be read.
    """
    path = Path(annotated)
    if not path.is_file():
        return None
    size, changed = file_mark(path)
    rows = answered = responses = 0
    for _, marked in _annotations(path):
        rows += 1
        if marked is not None:
            answered += 1
            responses += len(marked.get("responses", ()))
    written = datetime.fromtimestamp(changed / 1e9, UTC).replace(tzinfo=None)
    return LastExport(path, written, size, rows, answered, responses)


def new_export(
    rows: str | Path,
    annotated: str | Path,
    config: str | Path = DEFAULT_CONFIG,
    *,
    connection: Connection | None = None,
) -> NewExport:
    """Export to a temporary folder and compare with the last export; neither file is changed.

    Args:
        rows: the rows that were loaded.
        annotated: the last export; need not exist.
        config: the project file.
        connection: the Argilla; by default the one from the environment, else the embedded one.

    Raises:
        SharegptArgillaError: what ``export_responses`` raises.
    """
    folder = Path(tempfile.mkdtemp(prefix="sharegpt-argilla-"))
    try:
        path = folder / "annotated.jsonl"
        summary = export_responses(rows, path, config, connection=connection)
        before = dict(_annotations(Path(annotated))) if annotated and Path(annotated).is_file() else {}
        counts = {"added": 0, "changed": 0, "withdrawn": 0, "same": 0}
        for key, now in _annotations(path):
            if kind := _kind(before.get(key), now):
                counts[kind] += 1
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    export = NewExport(path, summary, **counts, made=datetime.now(UTC).replace(tzinfo=None))
    weakref.finalize(export, shutil.rmtree, folder, ignore_errors=True)
    return export


def download_formats() -> dict[str, str]:
    """Name of a training format that writes one file -> its title."""
    return {name: FORMATS[name].title for name in FORMATS if FORMATS[name].suffix}


def training_file(
    export: NewExport,
    name: str,
    config: str | Path = DEFAULT_CONFIG,
) -> tuple[Path, TrainingSummary]:
    """A training file of an export, in the same folder, and its counts.

    Raises:
        SharegptArgillaError: what ``training`` raises.
    """
    path = export.path.parent / f"{name}{FORMATS[name].suffix}"
    return path, training(export.path, name, path, config=config)


def _kind(before: dict[str, Any] | None, now: dict[str, Any] | None) -> str:
    if before == now:
        return "same" if now is not None else ""
    if before is None:
        return "added"
    return "withdrawn" if now is None else "changed"


def _annotations(path: Path) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Id of each row, and its annotation."""
    for line in read_rows(path):
        if line.row is None:
            continue
        marked = read_extension(line.row).get(ANNOTATION) if ANNOTATION in line.text else None
        yield line.row["id"], marked if isinstance(marked, dict) else None
