"""Submitted responses merged back into the rows."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sharegpt_argilla.annotation import AnsweredRecord
from sharegpt_argilla.argilla_client.connection import connect
from sharegpt_argilla.argilla_client.dataset import require_dataset
from sharegpt_argilla.argilla_client.people import usernames
from sharegpt_argilla.argilla_client.responses import read_answered_records
from sharegpt_argilla.config import DEFAULT_CONFIG, load_project
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.jsonl import STANDARD_STREAM, RowLine, open_output, read_rows
from sharegpt_argilla.responses.merge import (
    Origin,
    annotation,
    guidelines_hash,
    is_withdrawn,
    merge,
    without_annotation,
)
from sharegpt_argilla.rows import Row, dump_row
from sharegpt_argilla.settings import Connection, find_connection


@dataclass
class ExportSummary:
    """What ``export_responses`` wrote.

    Attributes:
        rows: lines in the output.
        annotated: rows that carry responses now.
        responses: responses in them.
        withdrawn: rows that carried responses of this dataset before, and have none there any more.
        unreadable: lines that are no row; they are in the output as they came.
        repeated: rows whose id stood in the file before; each carries the responses.
        orphans: answered records whose row is not in the file; they are in the orphans file.
        orphans_file: that file; None when there is none.
        output: where the rows went.
    """

    output: str
    rows: int = 0
    annotated: int = 0
    responses: int = 0
    withdrawn: int = 0
    unreadable: int = 0
    repeated: int = 0
    orphans: int = 0
    orphans_file: Path | None = None


def export_responses(
    rows: str | Path,
    output: str | Path,
    config: str | Path = DEFAULT_CONFIG,
    *,
    connection: Connection | None = None,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda _lines: None,
) -> ExportSummary:
    """Write the rows with what annotators submitted. Row order is kept; rows nobody answered keep their bytes.

    Args:
        rows: the rows that were loaded, or an earlier export of them.
        output: takes the result whole or not at all; ``-`` is standard output. May be ``rows`` itself.
        config: the project file.
        connection: the Argilla; by default the one from the environment, else the embedded one.
        dry_run: count only.
        on_progress: called with the number of lines that are done since the last call.

    Raises:
        ConfigError, InputError, ServerUnreachableError, CredentialsError, ServerRefusedError: nothing is
        written then.
    """
    names = load_project(config).config
    if str(rows) != STANDARD_STREAM and not Path(rows).is_file():
        raise InputError(f"{rows}: no such file; give the rows that were loaded")
    with connect(connection or find_connection()) as client:
        dataset = require_dataset(client, names.workspace, names.dataset)
        records = read_answered_records(client, dataset.id, usernames(client, dataset.workspace_id))
    origin = Origin(names.dataset, guidelines_hash(dataset.guidelines), [q.name for q in names.questions])
    merger = _Merger({record.id: record for record in records if record.id is not None}, origin, str(output))
    with _sink(output, dry_run=dry_run) as file:
        for line in read_rows(rows):
            file.write(merger.merge(line) + line.end)
            on_progress(1)
    orphans = [record for record in records if record.id not in merger.met]
    merger.summary.orphans = len(orphans)
    if orphans and not dry_run:
        merger.summary.orphans_file = _write_orphans(output, orphans, origin)
    return merger.summary


class _Merger:
    """Merges line by line and counts."""

    def __init__(self, answers: dict[str, AnsweredRecord], origin: Origin, output: str) -> None:
        self.summary = ExportSummary(output)
        self.met: set[str | None] = set()
        self._answers = answers
        self._origin = origin

    def merge(self, line: RowLine) -> str:
        """The line as it goes into the output, without its line break."""
        self.summary.rows += 1
        if line.row is None:
            self.summary.unreadable += 1
            return line.text
        record = self._answers.get(line.row["id"])
        if record is not None:
            return self._annotated(line.row, record)
        if is_withdrawn(line.row, self._origin):
            self.summary.withdrawn += 1
            return dump_row(without_annotation(line.row))
        return line.text

    def _annotated(self, row: Row, record: AnsweredRecord) -> str:
        self.summary.repeated += row["id"] in self.met
        self.met.add(row["id"])
        self.summary.annotated += 1
        self.summary.responses += len(record.responses)
        return dump_row(merge(row, record, self._origin))


def _sink(output: str | Path, *, dry_run: bool) -> AbstractContextManager[IO[str]]:
    return Path(os.devnull).open("w", encoding="utf-8") if dry_run else open_output(output)


def _write_orphans(output: str | Path, orphans: list[AnsweredRecord], origin: Origin) -> Path:
    """Answers whose row is missing, one JSON object a line: the record's id and what a row would carry."""
    folder = Path() if str(output) == STANDARD_STREAM else Path(output).parent
    path = folder / "orphans.jsonl"
    with open_output(path) as file:
        for record in orphans:
            document = {"id": record.id, "标注": annotation(record, origin)}
            file.write(json.dumps(document, ensure_ascii=False) + "\n")
    return path
