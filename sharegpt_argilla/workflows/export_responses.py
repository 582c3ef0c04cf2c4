"""Submitted responses merged back into the rows."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, get_args

from sharegpt_argilla.annotation import ResponseStatus
from sharegpt_argilla.common.atomic_files import remove_drafts
from sharegpt_argilla.common.jsonl import STANDARD_STREAM, open_output, read_rows
from sharegpt_argilla.common.locks import run_lock
from sharegpt_argilla.config import DEFAULT_CONFIG, ProjectConfig, load_project
from sharegpt_argilla.errors import InputError, UnknownNameError, UsageError
from sharegpt_argilla.project.annotated_rows import modelled_choice
from sharegpt_argilla.project.answer_sources import ExportedDatasets, Sources, open_sources
from sharegpt_argilla.project.gold_answers import known_answers
from sharegpt_argilla.project.progress_history import keep_snapshots
from sharegpt_argilla.records.gold_file import Gold
from sharegpt_argilla.responses.answer_store import AnswerStore, rarely_collected
from sharegpt_argilla.responses.export_state import (
    Change,
    DamagedStateError,
    Export,
    StateFile,
    damage_told,
    file_mark,
    load_state,
    new_state,
    plan_hash,
)
from sharegpt_argilla.responses.merge import Origin, guidelines_hash
from sharegpt_argilla.responses.merge_lines import LineCounts, LineMerger, estimated_again, lines_at, patch, remade
from sharegpt_argilla.responses.working_time import read_time
from sharegpt_argilla.settings import Connection, default_home, find_connection

BATCH = 500
"""Rows whose answers are looked up at a time."""

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
        repeated: rows whose id occurred in the file before; each carries the responses.
        orphans: answered records whose row is not in the file; they are in the orphans file.
        orphans_file: that file; None if it was not written.
        stale: an orphans file of an earlier run that was removed, because there is no orphan any more.
        changed: rows whose answers changed since the export that the state file remembers; None when every row
            was looked at.
        damaged_state: the state file, if it was damaged: every row was looked at, and it was written anew.
    """

    output: str = ""
    orphans: int = 0
    orphans_file: Path | None = None
    stale: Path | None = None
    changed: int | None = None
    damaged_state: Path | None = None


def export_responses(  # noqa: PLR0913 - the options of the command, under their names
    rows: str | Path,
    output: str | Path,
    config: str | Path = DEFAULT_CONFIG,
    options: ExportOptions | None = None,
    *,
    datasets: Sequence[str] = (),
    statuses: Sequence[str] = (),
    since: str | None = None,
    state: str | Path | None = None,
    connection: Connection | None = None,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda _lines: None,
) -> ExportSummary:
    """Write the rows with what annotators submitted. Row order is kept; rows nobody answered keep their bytes.

    Args:
        rows: the rows that were loaded, or an earlier export of them.
        output: takes the result whole or not at all; ``-`` is standard output. May be ``rows`` itself.
        config: the project file.
        options: ``datasets`` to ``state`` as one object.
        datasets: ``dataset`` or ``workspace/dataset``, joined by the row's id; by default the project's own.
        statuses: of the responses that rows carry; by default the project's, which are the submitted ones.
        since: ISO 8601; rows whose answers did not change since this time keep what they have.
        state: a file that remembers this export, so that the next one with it looks only at what changed.
        connection: the Argilla; by default the one from the environment, else the embedded one.
        dry_run: count only.
        on_progress: called with the number of lines that are done since the last call.

    Raises:
        ConfigError, UsageError, InputError, ServerUnreachableError, CredentialsError, ServerRefusedError: nothing
            is written then.
    """
    options = options or ExportOptions(datasets, statuses, since, state)
    whole = load_project(config)
    project = whole.config
    taken = check_statuses(options.statuses or project.export.statuses)
    _check(rows, output, options)
    locked = nullcontext() if dry_run or str(output) == STANDARD_STREAM else run_lock(Path(output))
    where = connection or find_connection()
    exported = ExportedDatasets(whole, options.datasets)
    choice = modelled_choice(project)
    gold = known_answers(whole, rows if choice.weighs_by_gold or choice.modelled else None)
    with (
        locked,
        rarely_collected(),
        open_sources(where, exported.datasets, taken, exported.needed, exported.reviews) as sources,
    ):
        origin = replace(_origin(project, sources, gold), done=exported.done)
        told = {name: value for name, value in asdict(origin).items() if name != "done"}
        plan = plan_hash([str(rows), taken, told, sources.kind, sources.ids, sources.people, exported.mark])

        def run(*, again: bool = False) -> ExportSummary:
            with closing(AnswerStore(sources.names, origin, sources.needed, reviewed=sources.reviewed)) as store:
                export = _Export(str(rows), str(output), options, origin, sources, store, dry_run, on_progress)
                return export.run(plan, again=again)

        try:
            summary = run()
        except DamagedStateError:
            summary = run(again=True)
        # Of a plan that adapts the server does not know which records are completed.
        if not dry_run and exported.done is None:
            keep_snapshots(default_home(), dict(zip(sources.ids, sources.progress, strict=True)))
        return summary


def check_statuses(names: Sequence[str]) -> list[ResponseStatus]:
    """The statuses of those names.

    Raises:
        UnknownNameError: one of them does not exist.
    """
    statuses: tuple[ResponseStatus, ...] = get_args(ResponseStatus)
    for name in names:
        if name not in statuses:
            raise UnknownNameError("status", name, statuses)
    return [status for status in statuses if status in names]


def _check(rows: str | Path, output: str | Path, options: ExportOptions) -> None:
    if str(rows) != STANDARD_STREAM and not Path(rows).is_file():
        raise InputError(f"{rows}: no such file; give the rows that were loaded")
    if str(rows) != STANDARD_STREAM and not any(line.row for line in read_rows(rows)):
        raise InputError(f"{rows}: no rows in it; give the rows that were loaded")
    if options.since is not None:
        read_time(options.since)
    if options.state is None:
        return
    if options.since is not None:
        raise UsageError("--state knows by itself since when; give --since or --state, not both")
    if STANDARD_STREAM in {str(rows), str(output)}:
        raise UsageError("--state needs files for rows and output, not standard input or output")


def _origin(project: ProjectConfig, sources: Sources, gold: Gold) -> Origin:
    # Reviewers judge by the same guidelines, and their responses say themselves whose they are.
    peers = slice(-1 if sources.reviewed else None)
    hashes = [guidelines_hash(text) for text in sources.guidelines[peers]]
    names = list(sources.names[peers]) if sources.needed is None else [project.dataset]
    return Origin(
        names[0] if len(names) == 1 else names,
        hashes[0] if len(set(hashes)) == 1 else hashes,
        [question.name for question in project.questions],
        modelled_choice(project),
        gold,
    )


@dataclass(frozen=True)
class _Export:
    rows: str
    output: str
    options: ExportOptions
    origin: Origin
    sources: Sources
    store: AnswerStore
    dry_run: bool
    on_progress: Callable[[int], None]

    def run(self, plan: str, *, again: bool = False) -> ExportSummary:
        """Write what changed, or everything: ``again`` after a DamagedStateError."""
        if self.options.state is None:
            return self._write_all()
        path = Path(self.options.state)
        remove_drafts(path)
        # Looked at first: what changes while the rows are read is then seen by the next run.
        mark = file_mark(Path(self.rows))
        seen = datetime.now(UTC).replace(tzinfo=None).isoformat()
        with ThreadPoolExecutor(1) as thread:
            # The server counts while the state is read and checked.
            counting = thread.submit(lambda: [source.pulse() for source in self.sources.sources])
            try:
                before = None if again else load_state(path)
            except DamagedStateError:
                again, before = True, None
        with nullcontext() if before is None else closing(before):
            pulses = counting.result()
            resumes = before is not None and self._can_resume(before.export, plan, mark)
            if before is not None and resumes and not self._needs_all(before, pulses):
                with damage_told():
                    return self._write_changed(before, seen, pulses)
        damaged = path if again else None
        if self.dry_run:
            return replace(self._write_all(), damaged_state=damaged)
        with new_state(path, plan) as state:
            summary = replace(self._write_all(state), damaged_state=damaged)
            carried = (summary.annotated, summary.responses, summary.repeated)
            state.save(
                **self._marks(mark), seen=seen, pulses=pulses, unreadable=summary.unreadable, carried=carried
            )
        return summary

    def _can_resume(self, before: Export, plan: str, mark: tuple[int, int]) -> bool:
        """Whether this export can resume from that one."""
        return (before.plan, before.rows, before.output) == (plan, mark, file_mark(Path(self.output)))

    def _needs_all(self, before: StateFile, pulses: Sequence[str]) -> bool:
        """Whether an answer to one row may change what others carry."""
        return self.origin.choice.needs_all and list(before.export.pulses) != pulses

    def _marks(self, rows: tuple[int, int]) -> dict[str, tuple[int, int]]:
        output = file_mark(Path(self.output))
        return {"rows": output if Path(self.rows) == Path(self.output) else rows, "output": output}

    def _write_all(self, state: StateFile | None = None) -> ExportSummary:
        for number, source in enumerate(self.sources.sources):
            source.fill(self.store, number)
        self.store.fit()
        since = None if self.options.since is None else read_time(self.options.since)
        merger = LineMerger(self.origin, since)
        with self._sink() as file:
            lines = read_rows(self.rows)
            while batch := list(islice(lines, BATCH)):
                for line, text in zip(batch, merger.merge(batch, self.store.of_rows), strict=True):
                    file.write(text + line.end)
                    if state is not None:
                        state.add_line(line.row["id"] if line.row else None, len((text + line.end).encode()))
                self.on_progress(len(batch))
        summary = ExportSummary(**asdict(merger.counts), output=self.output)
        orphans = self._write_orphans(summary, None)
        if state is not None:
            state.set_orphans(orphans)
            state.times.add(self.store.times.all())
            for number, source in enumerate(self.sources.sources):
                state.remember(number, source.stamps(self.store, number))
        return summary

    def _write_changed(self, before: StateFile, seen: str, pulses: Sequence[str]) -> ExportSummary:
        changes = {
            number: source.changes(before, self.store, number, pulses[number])
            for number, source in enumerate(self.sources.sources)
            if pulses[number] != before.export.pulses[number]
        }
        touched = {
            stamp.row or ""
            for of_source in changes.values()
            for change in of_source
            for stamp in change[1:]
            if stamp
        }
        summary = ExportSummary(
            len(before.lengths), unreadable=before.export.unreadable, output=self.output, changed=len(touched)
        )
        old = before.carried(touched)
        before.apply(changes)
        new = before.carried(touched)
        carried = tuple(
            total - less + more for total, less, more in zip(before.export.carried, old, new, strict=True)
        )
        summary.annotated, summary.responses, summary.repeated = carried
        if touched:
            estimates = self._rows_with_new_estimates(before, changes)
            keys = {number: {change.key for change in of_source} for number, of_source in changes.items()}
            self._rewrite(before, touched, estimates, keys, summary)
        summary.orphans = len(before.orphans()) + before.strangers()
        if summary.orphans and summary.orphans_file is None:
            summary.orphans_file = _orphans_path(self.output)
        self.on_progress(summary.rows)
        if not self.dry_run and list(before.export.pulses) != pulses:
            before.save(**self._marks(before.export.rows), seen=seen, pulses=pulses, carried=carried)
        return summary

    def _rows_with_new_estimates(self, before: StateFile, changes: Mapping[int, Sequence[Change]]) -> set[str]:
        """The rows whose estimated times depend on answers that changed."""
        records: set[tuple[int, str]] = set()
        for number, of_source in changes.items():
            keys = [change.key for change in of_source]
            self.sources.sources[number].fill(self.store, number, keys)
            records |= before.times.replace(number, keys, self.store.times_of(number, keys))
        self.store.times = before.times
        return before.rows_of(records)

    def _rewrite(
        self,
        before: StateFile,
        touched: set[str],
        estimates: set[str],
        known: Mapping[int, set[str]],
        summary: ExportSummary,
    ) -> None:
        """The output with the touched rows merged again, other rows with their new estimates, and the orphans.

        Args:
            before: the export that is brought up to date.
            touched: rows whose answers changed.
            estimates: rows whose estimated times may be others.
            known: datasets and Argilla's ids of the records that are in the store.
            summary: takes the counts.
        """
        rows = touched | before.orphans()
        for index, source in enumerate(self.sources.sources):
            if missing := set(before.keys_of(index, rows)) - known.get(index, set()):
                source.fill(self.store, index, missing)
        lines = before.lines_of(rows)
        answers = self.store.of_rows(sorted(set(lines.values())))
        gone = {number for number, row in lines.items() if row not in answers}
        same = Path(self.rows) == Path(self.output)
        originals = lines_at(Path(self.rows), gone) if gone and not same else {}
        merger = LineMerger(self.origin)
        changed = {
            number: partial(remade, merger, answers.get(row), originals.get(number))
            for number, row in lines.items()
        }
        again = partial(estimated_again, self.store.times.estimate)
        changed |= dict.fromkeys(before.lines_of(estimates - rows), again)
        with self._sink() as file:
            file.flush()
            patch(Path(self.output), file.buffer, before.lengths, changed)  # type: ignore[attr-defined]
        summary.withdrawn = merger.counts.withdrawn
        before.set_orphans(self._write_orphans(summary, rows.difference(lines.values())))

    def _write_orphans(self, summary: ExportSummary, among: Collection[str] | None) -> list[str]:
        """Write the answers whose row is missing; the ids of those rows."""
        path = _orphans_path(self.output)
        ids: list[str] = []
        draft = nullcontext() if self.dry_run else _Orphans(path)
        with draft as file:
            for row, marked in self.store.unmet(among):
                summary.orphans += 1
                ids += [row] if row is not None else []
                if file is not None:
                    file.add(row, marked)
        if file is not None:
            summary.orphans_file = path if summary.orphans else None
            summary.stale = file.stale
        return ids

    def _sink(self) -> AbstractContextManager[IO[str]]:
        return Path(os.devnull).open("w", encoding="utf-8") if self.dry_run else open_output(self.output)


class _Orphans:
    """Answers whose row is missing, one JSON object a line: the record's id and what a row would carry.

    The file is written only if there are any; otherwise that of an earlier run is removed.
    """

    def __init__(self, path: Path) -> None:
        self.stale: Path | None = None
        self._path = path
        self._open = ExitStack()
        self._file: IO[str] | None = None

    def add(self, row: str | None, marked: Mapping[str, Any]) -> None:
        if self._file is None:
            self._file = self._open.enter_context(open_output(self._path))
        self._file.write(json.dumps({"id": row, "标注": marked}, ensure_ascii=False) + "\n")

    def __enter__(self) -> _Orphans:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.__exit__(*error)  # type: ignore[arg-type]  # as it came
        if self._file is None and error[0] is None and self._path.is_file():
            self._path.unlink()
            self.stale = self._path


def _orphans_path(output: str) -> Path:
    return (Path() if output == STANDARD_STREAM else Path(output).parent) / ORPHANS
