"""Submitted responses merged back into the rows."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, get_args

from sharegpt_argilla.annotation import AnsweredRecord, ResponseStatus
from sharegpt_argilla.config import DEFAULT_CONFIG, Project, ProjectConfig, load_project
from sharegpt_argilla.config.parts import project_parts
from sharegpt_argilla.errors import InputError, UnknownNameError, UsageError
from sharegpt_argilla.jsonl import STANDARD_STREAM, open_output, read_rows
from sharegpt_argilla.records.plan_file import plan_path, read_plan
from sharegpt_argilla.responses.aggregation import PolicyChoice
from sharegpt_argilla.responses.export_state import (
    DatasetState,
    ExportState,
    file_mark,
    load_state,
    plan_hash,
    save_state,
)
from sharegpt_argilla.responses.lines import LineCounts, LineMerger, patch
from sharegpt_argilla.responses.merge import Origin, annotation, guidelines_hash
from sharegpt_argilla.responses.times import read_time
from sharegpt_argilla.settings import Connection, find_connection
from sharegpt_argilla.workflows.answer_sources import Sources, open_sources
from sharegpt_argilla.workflows.run_lock import run_lock

ORPHANS = "orphans.jsonl"


@dataclass(frozen=True)
class ExportOptions:
    """What to export, where it is not what the project file says.

    Attributes:
        datasets: ``dataset`` or ``workspace/dataset``, several are joined by the row's id; by default the
            project's own.
        statuses: of the responses that rows carry; by default the project's, which are the submitted ones.
        since: only rows whose answers changed since this time are looked at, the others keep what the rows file
            has; ISO 8601.
        state: a file that remembers this export, so that the next one with it looks only at what changed.
    """

    datasets: Sequence[str] = ()
    statuses: Sequence[str] = ()
    since: str | None = None
    state: str | Path | None = None


@dataclass
class ExportSummary(LineCounts):
    """What ``export_responses`` wrote.

    Attributes:
        output: where the rows went.
        rows: lines in the output.
        annotated: rows that carry responses now.
        responses: responses in them.
        withdrawn: rows that carried responses of this dataset before, and have none there any more.
        unreadable: lines that are no row; they are in the output as they came.
        repeated: rows whose id stood in the file before; each carries the responses.
        orphans: answered records whose row is not in the file; they are in the orphans file.
        orphans_file: that file; None when there is none.
        changed: rows whose answers changed since the export that the state file remembers; None when every row
            was looked at.
    """

    output: str = ""
    orphans: int = 0
    orphans_file: Path | None = None
    changed: int | None = None


def export_responses(
    rows: str | Path,
    output: str | Path,
    config: str | Path = DEFAULT_CONFIG,
    options: ExportOptions | None = None,
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
        options: what to export, where it is not what the project file says.
        connection: the Argilla; by default the one from the environment, else the embedded one.
        dry_run: count only.
        on_progress: called with the number of lines that are done since the last call.

    Raises:
        ConfigError, UsageError, InputError, ServerUnreachableError, CredentialsError, ServerRefusedError: nothing
            is written then.
    """
    options = options or ExportOptions()
    whole = load_project(config)
    project = whole.config
    statuses = check_statuses(options.statuses or project.export.statuses)
    _check(rows, output, options)
    locked = nullcontext() if dry_run or str(output) == STANDARD_STREAM else run_lock(Path(output))
    where = connection or find_connection()
    parts = _Parts(whole, options.datasets)
    with locked, open_sources(where, parts.datasets, statuses, parts.needed) as sources:
        export = _Export(str(rows), str(output), options, _origin(project, sources), dry_run, on_progress)
        marks = [str(rows), statuses, asdict(export.origin), sources.ids, sources.people, parts.mark]
        return export.run(sources, plan_hash(marks))


def check_statuses(names: Sequence[str]) -> list[ResponseStatus]:
    """The statuses of those names.

    Raises:
        UnknownNameError: one is none.
    """
    known: tuple[ResponseStatus, ...] = get_args(ResponseStatus)
    for name in names:
        if name not in known:
            raise UnknownNameError("status", name, known)
    return [status for status in known if status in names]


def _check(rows: str | Path, output: str | Path, options: ExportOptions) -> None:
    if str(rows) != STANDARD_STREAM and not Path(rows).is_file():
        raise InputError(f"{rows}: no such file; give the rows that were loaded")
    if options.since is not None:
        read_time(options.since)
    if options.state is None:
        return
    if options.since is not None:
        raise UsageError("--state knows by itself since when; give --since or --state, not both")
    if STANDARD_STREAM in {str(rows), str(output)}:
        raise UsageError("--state needs files for rows and output, not standard input or output")


class _Parts:
    """The datasets to export: those that are named, else those that the project is kept in.

    Attributes:
        datasets: name to be known by, workspace and dataset of each.
        needed: see `Sources`.
        mark: changes with the plan, where that says when a row is complete.
    """

    def __init__(self, project: Project, names: Sequence[str]) -> None:
        self.needed: Callable[[str], int | None] | None = None
        self.mark: tuple[int, int] | None = None
        config = project.config
        if names or not config.assignment.planned:
            self.datasets = _named(config, names or [config.dataset])
            return
        path = plan_path(project.path, config.dataset)
        plan = read_plan(path)
        parts = project_parts(project, plan.people if plan else ())
        self.datasets = [(f"{part.workspace}/{part.dataset}", part.workspace, part.dataset) for part in parts]
        self.needed = lambda _row: None
        if parts[0].person is not None and plan is not None:
            self.mark = file_mark(path)
            overlaps = dict(zip(plan.ids, (plan.starts[1:] - plan.starts[:-1]).tolist(), strict=True))
            self.needed = lambda row: overlaps.get(row, config.assignment.overlap)


def _named(project: ProjectConfig, names: Sequence[str]) -> list[tuple[str, str, str]]:
    found = []
    for name in dict.fromkeys(names):
        workspace, slash, dataset = name.rpartition("/")
        found.append((name, workspace if slash else project.workspace, dataset))
    return found


def _origin(project: ProjectConfig, sources: Sources) -> Origin:
    hashes = [guidelines_hash(text) for text in sources.guidelines]
    export = project.export
    names = list(sources.names) if sources.needed is None else [project.dataset]
    return Origin(
        names[0] if len(names) == 1 else names,
        hashes[0] if len(set(hashes)) == 1 else hashes,
        [question.name for question in project.questions],
        PolicyChoice(export.policies, export.adjudicators, export.weights),
    )


@dataclass(frozen=True)
class _Export:
    rows: str
    output: str
    options: ExportOptions
    origin: Origin
    dry_run: bool
    on_progress: Callable[[int], None]

    def run(self, sources: Sources, plan: str) -> ExportSummary:
        if self.options.state is None:
            return self._write_all(sources.answers())[0]
        before = self._before(plan)
        # Looked at first: what changes while the rows are read is then seen by the next run.
        rows_mark = file_mark(Path(self.rows))
        seen = before.datasets if before else [None] * len(sources.sources)
        now = [source.state(state) for source, state in zip(sources.sources, seen, strict=True)]
        if before is None:
            summary, orphans = self._write_all(sources.answers())
        else:
            summary, orphans = self._write_changed(sources, before, now)
        self._save(ExportState(plan, rows_mark, (0, 0), now), summary, orphans)
        return summary

    def _before(self, plan: str) -> ExportState | None:
        """The export that this one goes on from; None where every row must be looked at."""
        if self.options.state is None:
            return None
        before = load_state(Path(self.options.state))
        marks = (file_mark(Path(self.rows)), file_mark(Path(self.output)))
        return before if before and (before.plan, before.rows, before.output) == (plan, *marks) else None

    def _write_all(self, answers: list[AnsweredRecord]) -> tuple[ExportSummary, list[str]]:
        since = None if self.options.since is None else read_time(self.options.since)
        merger = LineMerger({record.id: record for record in answers if record.id is not None}, self.origin, since)
        with self._sink() as file:
            for line in read_rows(self.rows):
                file.write(merger.merge(line) + line.end)
                self.on_progress(1)
        summary = ExportSummary(**asdict(merger.counts), output=self.output)
        return summary, self._orphans(summary, [one for one in answers if one.id not in merger.met])

    def _write_changed(
        self, sources: Sources, before: ExportState, now: list[DatasetState]
    ) -> tuple[ExportSummary, list[str]]:
        changed = changed_rows(before.datasets, now)
        counts = LineCounts(before.lines, unreadable=before.unreadable, repeated=before.repeated)
        orphans = before.orphans
        summary = ExportSummary(**asdict(counts), output=self.output, changed=len(changed))
        if changed:
            touched = {*changed, *orphans}
            answers = sources.answers_of(now, touched)
            merger = LineMerger({one.id: one for one in answers if one.id is not None}, self.origin)
            with self._sink() as file:
                file.flush()
                for line in patch(Path(self.output), Path(self.rows), touched, merger):
                    file.buffer.write(line)  # type: ignore[attr-defined]  # text files of open() have one
            summary.withdrawn = merger.counts.withdrawn
            orphans = self._orphans(summary, [one for one in answers if one.id not in merger.met])
        self.on_progress(before.lines)
        _count(summary, now, orphans)
        return summary, orphans

    def _orphans(self, summary: ExportSummary, orphans: list[AnsweredRecord]) -> list[str]:
        summary.orphans = len(orphans)
        if orphans and not self.dry_run:
            summary.orphans_file = _write_orphans(self.output, orphans, self.origin)
        return [record.id for record in orphans if record.id is not None]

    def _save(self, after: ExportState, summary: ExportSummary, orphans: list[str]) -> None:
        if self.options.state is None or self.dry_run:
            return
        same = Path(self.rows) == Path(self.output)
        mark = file_mark(Path(self.output))
        state = replace(
            after,
            rows=mark if same else after.rows,
            output=mark,
            orphans=orphans,
            lines=summary.rows,
            unreadable=summary.unreadable,
            repeated=summary.repeated,
        )
        save_state(Path(self.options.state), state)

    def _sink(self) -> AbstractContextManager[IO[str]]:
        return Path(os.devnull).open("w", encoding="utf-8") if self.dry_run else open_output(self.output)


def changed_rows(before: Sequence[DatasetState], now: Sequence[DatasetState]) -> set[str]:
    """Ids of the rows whose answers came, changed or went; "" for records that were not loaded from a row."""
    changed: set[str] = set()
    for then, current in zip(before, now, strict=True):
        for key in then.stamps.keys() | current.stamps.keys():
            old, new = then.stamps.get(key), current.stamps.get(key)
            if old != new:
                changed.update(stamp.row or "" for stamp in (old, new) if stamp is not None)
    return changed


def _count(summary: ExportSummary, now: Sequence[DatasetState], orphans: Sequence[str]) -> None:
    """The counts of an output of which only the changed rows were looked at, from the datasets' stamps."""
    missing = {*orphans, None}
    stamps = [stamp for one in now for stamp in one.stamps.values()]
    there = [stamp for stamp in stamps if stamp.row not in missing]
    summary.annotated = len({stamp.row for stamp in there}) + summary.repeated
    summary.responses = sum(stamp.responses for stamp in there)
    strangers = sum(stamp.row is None for stamp in stamps)
    summary.orphans = len(orphans) + strangers
    if summary.orphans and summary.orphans_file is None:
        summary.orphans_file = _orphans_path(summary.output)


def _orphans_path(output: str) -> Path:
    return (Path() if output == STANDARD_STREAM else Path(output).parent) / ORPHANS


def _write_orphans(output: str, orphans: list[AnsweredRecord], origin: Origin) -> Path:
    """Answers whose row is missing, one JSON object a line: the record's id and what a row would carry."""
    path = _orphans_path(output)
    with open_output(path) as file:
        for record in orphans:
            document = {"id": record.id, "标注": annotation(record, origin)}
            file.write(json.dumps(document, ensure_ascii=False) + "\n")
    return path
