"""Rows -> flagged rows: checked, fixed, left out and sampled as asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Any, AnyStr, TypedDict, TypeVar, Unpack

from sharegpt_argilla.common.atomic_files import check_file_writable, scratch_folder
from sharegpt_argilla.common.executors import executor, threads_of
from sharegpt_argilla.common.jsonl import (
    STANDARD_STREAM,
    RejectsFile,
    open_bytes_output,
    open_input,
    open_output,
    rejects_next_to,
)
from sharegpt_argilla.common.object_storage import is_remote, shown
from sharegpt_argilla.config import Curation, load_project
from sharegpt_argilla.corpora.reading.inputs import Source
from sharegpt_argilla.corpora.run.worker_checks import SameInputs
from sharegpt_argilla.curation.checks.base import Options
from sharegpt_argilla.curation.checks.duplicate_checks import Seen
from sharegpt_argilla.curation.checks.table import CHECKS, DEFAULT, can_fix
from sharegpt_argilla.curation.chunks import Curated, Settings, chunks, curate_chunk
from sharegpt_argilla.curation.curation_report import build_report, render_report
from sharegpt_argilla.curation.curation_shards import ShardJob, curate_stretches
from sharegpt_argilla.curation.language_identifier import identifier
from sharegpt_argilla.curation.merge_chunks import Gathering
from sharegpt_argilla.curation.row_stretches import RowStretch, read_stretch, stretches_of
from sharegpt_argilla.curation.sampling import SampleCandidate, candidate, check_stratum, choose
from sharegpt_argilla.errors import InputError, UnknownNameError, UsageError

T = TypeVar("T")

_BLOCK = 1 << 20
"""Bytes copied at a time."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which of the kept rows are written.

    Attributes:
        size: how many; None for all.
        seed: another seed is another sample; the same gives the same rows everywhere.
        stratify: ``language``, ``model``, ``length`` or ``flag``: as many rows of each group.
        diverse: prompts that are unlike one another.
        first_turn: first pairs of conversations only.
    """

    size: int | None = None
    seed: int = 42
    stratify: str | None = None
    diverse: bool = False
    first_turn: bool = False


class Thresholds(TypedDict, total=False):
    """Options of the checks that are not the default: the attributes of ``Options``, under their names."""

    languages: Sequence[str]
    identifier: str
    similarity: float
    toxicity: float
    min_words: int
    spacy_model: str
    detoxify_model: str
    moderation_url: str
    moderation_model: str


@dataclass(slots=True)
class CurateSummary:
    """What ``curate`` did.

    Attributes:
        rows: rows read.
        kept: rows written, or in a dry run rows that would have been.
        dropped: rows left out for a check.
        rejected: lines that are not rows.
        rejects: the file that contains them; None if none exists.
        output: the file written; "" in a dry run.
        report: all counts, with examples; what the report file contains.
    """

    rows: int = 0
    kept: int = 0
    dropped: int = 0
    rejected: int = 0
    rejects: Path | None = None
    output: str = ""
    report: dict[str, Any] = field(default_factory=dict)


def curate(  # noqa: PLR0913 - the options of the command, under their names
    rows: str | Path,
    output: str | Path,
    *,
    check: Sequence[str] = (),
    also: Sequence[str] = (),
    skip: Sequence[str] = (),
    drop: Sequence[str] = (),
    fix: Sequence[str] = (),
    redact: bool = False,
    sample: int | None = None,
    seed: int = 42,
    stratify: str | None = None,
    diverse: bool = False,
    first_turn: bool = False,
    report: str | Path | None = None,
    rejects: str | Path | None = None,
    config: str | Path | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda _rows: None,
    sampling: Sampling | None = None,
    options: Mapping[str, Any] | None = None,
    **thresholds: Unpack[Thresholds],
) -> CurateSummary:
    """Check every row, store the findings in it, and leave out or fix only what is asked for.

    Args:
        rows: a rows file, or ``-``.
        output: the file to write, or ``-``. The order of the rows stays.
        check: checks that run; default: all that need no model and no network. Those of ``drop`` and ``fix``
            run too.
        also: checks that run in addition, such as ``names``.
        skip: checks that do not run.
        drop: checks whose rows are left out.
        fix: checks that fix what they find; those for private data put placeholders there.
        redact: ``fix`` for all checks for private data that run.
        sample: how many of the rows that are kept are written; default: all.
        seed: of the sample; the same gives the same rows everywhere.
        stratify: ``language``, ``model``, ``length`` or ``flag``: as many rows of each group.
        diverse: sample prompts that are unlike one another.
        first_turn: only the first pair of each conversation.
        report: file for the counts, as HTML or JSON by its name.
        rejects: file for lines that are not rows; default ``rejected.jsonl`` next to the output.
        config: a project file whose ``curation`` section gives what is not given here.
        workers: processes; the output does not depend on it.
        scheduler: address of a Dask scheduler that does the work instead.
        dry_run: check and count, write nothing.
        on_progress: called with the number of rows that are done since the last call.
        sampling: ``sample`` to ``first_turn`` as one object.
        options: ``thresholds`` as a mapping.
        thresholds: thresholds, languages and models of the checks that are not the default: the attributes of
            ``sharegpt_argilla.curation.checks.base.Options``, under their names.

    Raises:
        UsageError: an option cannot be used, or a check needs what is not installed.
        InputError: a file cannot be read or written; the output file is not created then.
    """
    section = load_project(config).config.curation if config is not None else Curation()
    plan = _plan(section, check, also, skip, drop, fix, redact=redact)
    chosen = sampling or Sampling(sample, seed, stratify, diverse, first_turn)
    if workers < 1:
        raise UsageError(f"{workers} workers: at least one is needed")
    settings = Settings(
        plan.checks,
        plan.fix,
        _options(section, {**(options or {}), **thresholds}),
        chosen.first_turn,
        words=chosen.diverse,
    )
    run = _Run(str(rows), str(output), settings, plan.drop, chosen, dry_run, on_progress)
    run.check(report)
    if is_remote(rejects):
        raise UsageError(f"{rejects}: rejects go to a file on this machine; give its name")
    kept_rejects = Path(rejects) if rejects is not None else rejects_next_to(output)
    with ExitStack() as stack:
        refused = stack.enter_context(RejectsFile(kept_rejects)) if not dry_run else None
        with executor(workers, workers if scheduler is None else 1, scheduler) as pool:
            at_once = threads_of(pool, workers)
            window = 1 if workers == 1 and scheduler is None else 2 * at_once + 2
            stretches = _stretches(str(rows))
            if window > 1 and len(stretches) > 1:
                summary = run.in_stretches(pool, stretches, refused, elsewhere=scheduler is not None)
            else:
                summary = run.do(pool, window, stretches, refused)
        if refused is not None and refused.count:
            summary.rejects = kept_rejects
    if report is not None and not dry_run:
        with open_output(report) as file:
            file.write(render_report(summary.report, str(report)))
    return summary


def _stretches(rows: str) -> list[RowStretch]:
    """The stretches of a file; none of a stream."""
    special = rows != STANDARD_STREAM and not is_remote(rows) and Path(rows).exists() and not Path(rows).is_file()
    return [] if special or rows == STANDARD_STREAM else stretches_of(rows)


@dataclass(frozen=True, slots=True)
class _Plan:
    checks: tuple[str, ...]
    drop: frozenset[str]
    fix: frozenset[str]


def _plan(
    section: Curation,
    check: Sequence[str],
    also: Sequence[str],
    skip: Sequence[str],
    drop: Sequence[str],
    fix: Sequence[str],
    *,
    redact: bool,
) -> _Plan:
    """The checks that run, drop and fix; the project file gives what the call does not."""
    check, skip = check or section.check, skip or section.skip
    dropping, fixing = frozenset(drop or section.drop), frozenset(fix or section.fix)
    for name in (*check, *also, *skip, *dropping, *fixing):
        CHECKS[name]
    running = (set(check or DEFAULT) | set(also) | dropping | fixing) - set(skip)
    if missing := (dropping | fixing) & set(skip):
        raise UsageError(f'the check "{min(missing)}" cannot both be skipped and drop or fix rows')
    if redact or section.redact:
        fixing |= {name for name in running if CHECKS[name].private}
    fixable = [name for name, check in CHECKS.items() if can_fix(check)]
    if unfit := fixing.difference(fixable):
        raise UsageError(
            f'the check "{min(unfit)}" cannot fix what it finds; those that can: {", ".join(fixable)}'
        )
    return _Plan(tuple(name for name in CHECKS if name in running), dropping, fixing)


def _options(section: Curation, thresholds: Mapping[str, Any]) -> Options:
    names = [attribute.name for attribute in fields(Options)]
    for name in thresholds:
        if name not in names:
            raise UnknownNameError("option", name, names)
    options = Options(**{"languages": tuple(section.languages), **section.thresholds(), **thresholds})
    for name in ("similarity", "toxicity"):
        if not 0 <= getattr(options, name) <= 1:
            raise UsageError(f"{name} {getattr(options, name)}: it must be between 0 and 1")
    identifier(options.identifier)
    return options


@dataclass(slots=True)
class _Run:
    rows: str
    output: str
    settings: Settings
    drop: frozenset[str]
    sampling: Sampling
    dry_run: bool
    on_progress: Callable[[int], None]
    _candidates: list[SampleCandidate] = field(default_factory=list)

    def check(self, report: str | Path | None) -> None:
        """Raise for what would fail only after all the work."""
        if self.sampling.size is not None and self.sampling.size < 1:
            raise UsageError(f"a sample of {self.sampling.size} rows: at least one is needed")
        if self.sampling.stratify is not None:
            check_stratum(self.sampling.stratify)
        if self.sampling.size is None and (self.sampling.stratify or self.sampling.diverse):
            raise UsageError("--stratify and --diverse say how a sample is drawn; give its size with --sample")
        if self.dry_run:
            return
        for target in (self.output, report):
            if target is not None and str(target) != STANDARD_STREAM:
                check_file_writable(target)

    def in_stretches(
        self, pool: Executor, stretches: Sequence[RowStretch], refused: RejectsFile | None, *, elsewhere: bool
    ) -> CurateSummary:
        """Have the workers read, check and write the stretches of the file, and join what they wrote.

        Raises:
            InputError: the file cannot be read, or the folder of the output cannot be written.
        """
        local = self.output != STANDARD_STREAM and not is_remote(self.output)
        # Workers on other machines find it by its absolute path.
        named_after = Path(self.output if local else "curate").resolve()
        with scratch_folder(named_after) as folder:
            chosen = self.sampling
            sampled = chosen.size is not None
            job = ShardJob(self.rows, str(folder), self.settings, self.drop, chosen.seed, chosen.stratify, sampled)
            task = _task_on_workers(self.rows, stretches[0].path) if elsewhere else _task_here
            run = curate_stretches(pool, job, stretches, task, self.on_progress)
            self._candidates, kept = run.candidates, run.kept
            if refused is not None:
                for reject in run.refused():
                    refused.add(shown(self.rows), *reject)
            with nullcontext() if self.dry_run else open_bytes_output(self.output) as target:
                if chosen.size is not None:
                    kept = self._sample(chosen.size, _lines_of(run.files), target)
                elif target is not None:
                    for path in run.files:
                        with path.open("rb") as part:
                            copyfileobj(part, target, _BLOCK)
        gathering = run.gathering
        return CurateSummary(
            rows=gathering.rows,
            kept=kept,
            dropped=gathering.dropped,
            rejected=run.rejected,
            output="" if self.dry_run else self.output,
            report=build_report(gathering, self.settings, self.drop, kept, run.rejected),
        )

    def do(
        self, pool: Executor, window: int, stretches: Sequence[RowStretch], refused: RejectsFile | None
    ) -> CurateSummary:
        """Run the chunks on the workers and write the results in order."""
        summary = CurateSummary()
        checks, similarity = self.settings.checks, self.settings.options.similarity
        with (
            closing(Seen(similarity)) as seen,
            nullcontext() if self.dry_run else open_output(self.output) as target,
        ):
            gathering = Gathering(checks, self.drop, self.sampling.first_turn, seen)
            if self.sampling.size is None:
                self._write(self._curated(pool, window, stretches), gathering, refused, summary, target)
            else:
                with TemporaryFile("w+", encoding="utf-8", newline="") as spool:
                    self._write(self._curated(pool, window, stretches), gathering, refused, summary, spool)
                    spool.seek(0)
                    summary.kept = self._sample(self.sampling.size, spool, target)
        summary.rows, summary.dropped = gathering.rows, gathering.dropped
        summary.output = "" if self.dry_run else self.output
        summary.report = build_report(gathering, self.settings, self.drop, summary.kept, summary.rejected)
        return summary

    def _write(
        self,
        curated: Iterator[tuple[bool, list[Curated]]],
        gathering: Gathering,
        refused: RejectsFile | None,
        summary: CurateSummary,
        target: IO[str] | None,
    ) -> None:
        number = 0
        for begins, chunk in curated:
            if begins:
                gathering.begin_stretch()
            for index, row in enumerate(chunk):
                if not row.line:
                    continue
                if row.reason:
                    summary.rejected += 1
                    if refused is not None:
                        refused.add(shown(self.rows), index + number + 1, row.reason, row.line)
                    continue
                kept = gathering.take(row)
                if kept is None:
                    continue
                if self.sampling.size is not None:
                    sampling = self.sampling
                    self._candidates.append(candidate(kept, summary.kept, sampling.seed, sampling.stratify))
                summary.kept += 1
                if target is not None:
                    target.write(f"{kept.line}\n")
            number += len(chunk)
            self.on_progress(len(chunk))

    def _sample(self, size: int, lines: Iterable[AnyStr], target: IO[AnyStr] | None) -> int:
        """Copy the chosen rows; returns how many."""
        numbers = choose(self._candidates, size, diverse=self.sampling.diverse)
        chosen = iter(numbers)
        following = next(chosen, None)
        for number, line in enumerate(lines):
            if number == following:
                following = next(chosen, None)
                if target is not None:
                    target.write(line)
        return len(numbers)

    def _curated(
        self, pool: Executor, window: int, stretches: Sequence[RowStretch]
    ) -> Iterator[tuple[bool, list[Curated]]]:
        """The chunks in order, each with whether it begins a stretch; at most ``window`` are in flight."""
        waiting: deque[tuple[bool, Future[list[Curated]]]] = deque()
        for begins, lines in self._chunks(stretches):
            waiting.append((begins, pool.submit(curate_chunk, lines, self.settings)))
            if len(waiting) >= window:
                first, done = waiting.popleft()
                yield first, done.result()
        while waiting:
            first, done = waiting.popleft()
            yield first, done.result()

    def _chunks(self, stretches: Sequence[RowStretch]) -> Iterator[tuple[bool, list[str]]]:
        for stretch in stretches:
            for number, lines in enumerate(chunks(read_stretch(stretch, self.rows))):
                yield number == 0, lines
        if not stretches:
            with open_input(self.rows) as file:
                for lines in chunks(_lines(file, self.rows)):
                    yield False, lines


def _task_here(task: Callable[[], T]) -> Callable[[], T]:
    return task


def _task_on_workers(name: str, path: str) -> Callable[[Callable[[], T]], Callable[[], T]]:
    """Has a worker do a task only where code and input are the same as here."""
    source = Source(shown(name), path, "plain")
    same = SameInputs.here([source])
    return lambda task: partial(same.do, [source], task)


def _lines_of(files: Iterable[Path]) -> Iterator[bytes]:
    for path in files:
        with path.open("rb") as file:
            yield from file


def _lines(file: IO[str], name: str) -> Iterator[str]:
    try:
        for line in file:
            yield line.strip()
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: not UTF-8 near byte {error.start}; rows files are UTF-8") from None
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from error
