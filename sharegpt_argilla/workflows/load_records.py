"""Rows -> records on an Argilla: described, checked, sent in batches, nothing twice."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sharegpt_argilla.annotation import FieldValue, RecordDraft
from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.dataset import find_dataset, require_dataset
from sharegpt_argilla.argilla_client.records import BATCH, find_records, same_fields, upsert_records
from sharegpt_argilla.config import DEFAULT_CONFIG, Project, load_project
from sharegpt_argilla.descriptives.metrics import METRICS, describe
from sharegpt_argilla.errors import InputError, RejectedError
from sharegpt_argilla.jsonl import STANDARD_STREAM, RejectsFile, RowLine, open_input, read_rows
from sharegpt_argilla.records.build import build_draft, build_fields
from sharegpt_argilla.records.context import EarlierTurns
from sharegpt_argilla.records.metadata import MetadataPlan, plan_metadata
from sharegpt_argilla.rows import Row
from sharegpt_argilla.settings import Connection, find_connection
from sharegpt_argilla.workflows.setup_dataset import check_dataset

DEFAULT_REJECTS = "rejected.jsonl"


@dataclass
class LoadSummary:
    """What ``load_records`` did with the rows.

    Attributes:
        loaded: rows that are new on the server.
        updated: rows that were there with another text or other metadata, and were sent again.
        unchanged: rows that were there already.
        repeated: rows whose id stood in the file before; only the first is used.
        rejected: lines that are no usable row; they are in the rejects file.
        rejects: the rejects file.
        url: address of the Argilla.
        dataset_id: Argilla's id of the dataset; empty when a dry run found none.
        dry_run: True when nothing was sent.
    """

    loaded: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0
    rejected: int = 0
    rejects: Path = Path(DEFAULT_REJECTS)
    url: str = ""
    dataset_id: str = ""
    dry_run: bool = False


@dataclass(frozen=True)
class _Candidate:
    line: RowLine
    row: Row
    fields: dict[str, FieldValue]
    known: bool


def load_records(
    rows: str | Path,
    config: str | Path = DEFAULT_CONFIG,
    *,
    connection: Connection | None = None,
    rejects: str | Path = DEFAULT_REJECTS,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda _lines: None,
) -> LoadSummary:
    """Load every row of a file; what is on the server already is left alone, so a second run resumes the first.

    Args:
        rows: a rows file, ``-`` for standard input.
        config: the project file; the dataset must be what it describes.
        connection: the Argilla; by default the one from the environment, else the embedded one.
        rejects: where unusable lines go; written only when there are any.
        dry_run: check and count, send nothing.
        on_progress: called with the number of lines that are done since the last call.

    Raises:
        ConfigError, InputError, DatasetDiffersError, ServerUnreachableError, CredentialsError,
        ServerRefusedError: see their docstrings. All that was sent before stays and counts as unchanged next time.
    """
    project = load_project(config)
    plan = plan_metadata(project.config, METRICS)
    with _as_file(rows) as path, connect(connection or find_connection()) as client:
        dataset_id = _dataset_id(client, project, dry_run=dry_run)
        summary = LoadSummary(rejects=Path(rejects), url=client.url, dataset_id=dataset_id, dry_run=dry_run)
        with RejectsFile(rejects) as rejected, closing(EarlierTurns(path)) as earlier:
            loader = _Loader(client, project, plan, earlier, rejected, summary, str(rows))
            for lines in _batches(read_rows(path)):
                loader.load(lines)
                on_progress(len(lines))
            summary.rejected = rejected.count
    return summary


def _dataset_id(client: ArgillaClient, project: Project, *, dry_run: bool) -> str:
    names = project.config
    if dry_run and find_dataset(client, names.workspace, names.dataset) is None:
        return ""
    dataset = require_dataset(client, names.workspace, names.dataset)
    check_dataset(client, dataset.id, project)
    return dataset.id


@dataclass
class _Loader:
    client: ArgillaClient
    project: Project
    plan: MetadataPlan
    earlier: EarlierTurns
    rejects: RejectsFile
    summary: LoadSummary
    name: str

    def __post_init__(self) -> None:
        self._seen: set[bytes] = set()

    def load(self, lines: Sequence[RowLine]) -> None:
        """Check one batch of lines, compare it with the server, send what is new."""
        usable = self._first_of_each(lines)
        ids = [row["id"] for _, row in usable]
        there = find_records(self.client, self.summary.dataset_id, ids) if self.summary.dataset_id else {}
        wanted = []
        for line, row in usable:
            candidate = self._candidate(line, row, known=row["id"] in there)
            if candidate is None:
                continue
            # A row's id is a hash of its content, so only the context can differ; the numbers follow from the
            # texts and need not be computed again.
            if candidate.known and same_fields(candidate.fields, there[row["id"]]):
                self.summary.unchanged += 1
            else:
                wanted.append(candidate)
        self._send(wanted)

    def _first_of_each(self, lines: Sequence[RowLine]) -> list[tuple[RowLine, Row]]:
        usable = []
        for line in lines:
            if line.row is None:
                self._reject(line, line.reason)
                continue
            digest = line.row["id"].encode("utf-8")
            if digest in self._seen:
                self.summary.repeated += 1
                continue
            self._seen.add(digest)
            usable.append((line, line.row))
        return usable

    def _candidate(self, line: RowLine, row: Row, *, known: bool) -> _Candidate | None:
        try:
            fields = build_fields(row, self.project.config, lambda turns: self.earlier.messages(row, turns))
        except RejectedError as error:
            self._reject(line, str(error))
            return None
        return _Candidate(line, row, fields, known)

    def _send(self, candidates: Sequence[_Candidate]) -> None:
        drafts: list[RecordDraft] = []
        by_id = {candidate.row["id"]: candidate for candidate in candidates}
        for candidate, numbers in zip(candidates, self._numbers(candidates), strict=True):
            try:
                drafts.append(build_draft(candidate.row, candidate.fields, self.plan, numbers))
            except RejectedError as error:
                self._reject(candidate.line, str(error))
        refused: set[str] = set()

        def on_refused(draft: RecordDraft, reason: str) -> None:
            refused.add(draft.id)
            self._reject(by_id[draft.id].line, reason)

        if not self.summary.dry_run:
            upsert_records(self.client, self.summary.dataset_id, drafts, on_refused)
        sent = [by_id[draft.id] for draft in drafts if draft.id not in refused]
        self.summary.updated += sum(candidate.known for candidate in sent)
        self.summary.loaded += sum(not candidate.known for candidate in sent)

    def _numbers(self, candidates: Sequence[_Candidate]) -> list[dict[str, dict[str, float]]]:
        """Text field -> metric -> value for each candidate, one pass of the pipeline for the whole batch."""
        names = list(self.plan.metrics)
        texts = [str(candidate.fields.get(name, "")) for candidate in candidates for name in names]
        described = describe(texts, self.plan.metric_names)
        return [dict(zip(names, islice(described, len(names)), strict=True)) for _ in candidates]

    def _reject(self, line: RowLine, reason: str) -> None:
        self.rejects.add(self.name, line.number, reason, line.text)


def _batches(lines: Iterator[RowLine]) -> Iterator[list[RowLine]]:
    while batch := list(islice(lines, BATCH)):
        yield batch


@contextmanager
def _as_file(rows: str | Path) -> Iterator[Path]:
    """The rows as a file that can be read twice; standard input is copied to one."""
    if str(rows) != STANDARD_STREAM:
        if not Path(rows).is_file():
            raise InputError(f"{rows}: no such file; `sharegpt-argilla extract` writes one")
        yield Path(rows)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        with open_input(rows) as source, path.open("w", encoding="utf-8", newline="") as copy:
            shutil.copyfileobj(source, copy)
        yield path
