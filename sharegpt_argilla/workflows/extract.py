"""Raw chat corpora -> rows."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from sharegpt_argilla.common.jsonl import STANDARD_STREAM, left_by_an_earlier_run
from sharegpt_argilla.corpora.formats.base import Options
from sharegpt_argilla.corpora.reading.compression import Peekable
from sharegpt_argilla.corpora.reading.inputs import Progress, describe, expand_inputs, total_size
from sharegpt_argilla.corpora.run.assembly import Assembly, assemble, stitch_halves, write_rejects, write_stitched
from sharegpt_argilla.corpora.run.conversion import Settings, corpus_of
from sharegpt_argilla.corpora.run.detection import AUTO, detect_corpora
from sharegpt_argilla.corpora.run.pairing import Counts
from sharegpt_argilla.corpora.run.parts import LARGEST_MNBVC_FILE, PartsWriter, write_rows
from sharegpt_argilla.corpora.run.running import Here, Workers, run_shards
from sharegpt_argilla.corpora.run.shard_files import ShardResult, SharedRows, shared_rows
from sharegpt_argilla.corpora.run.shards import SHARD_SIZE, cut
from sharegpt_argilla.corpora.run.work import Plan, Work, unfinished, work_folder
from sharegpt_argilla.errors import InputError, UsageError
from sharegpt_argilla.rows import CREATE_TIME_FORMAT, check_create_time, check_profile

OUTPUT_NAME = "shareGPT_{model}_{time:%Y-%m-%d-%H-%M-%S}.jsonl"
"""The default output, in the current folder: the name that ShareGPTQAExtractor-mnbvc gives."""
REJECTS_NAME = "rejected.jsonl"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that could not be used: the file, the 1-based line it starts on, and why."""

    file: str
    line: int
    reason: str


@dataclass(slots=True)
class ExtractSummary:
    """What ``extract`` did.

    Attributes:
        rows: rows written; in a dry run, rows that would have been.
        counts: what became of the records and their turns.
        outputs: the files written, ``-`` for standard output; none in a dry run.
        rejects: the file that holds the rejected records; None when there is none.
        not_of_this_run: a rejects file that an earlier run left, when this one has none to write; else "".
        first_rejections: the first five.
        first_id: id of the first row; "" when there is no row.
        shards: into how many the run was cut.
        resumed: how many of them an earlier run had done.
    """

    rows: int = 0
    counts: Counts = field(default_factory=Counts)
    outputs: list[str] = field(default_factory=list)
    rejects: Path | None = None
    not_of_this_run: str = ""
    first_rejections: list[Rejection] = field(default_factory=list)
    first_id: str = ""
    shards: int = 0
    resumed: int = 0


def extract(  # noqa: PLR0913 - the options of the command, under their names
    inputs: Sequence[str | Path],
    model: str,
    output: str | Path | None = None,
    *,
    create_time: str | None = None,
    profile: str = "mnbvc-2023",
    start_line: int = 1,
    max_size: int | None = None,
    rejects: str | Path | None = None,
    dry_run: bool = False,
    split: str = "train",
    options: Options | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    restart: bool = False,
    shard_size: int = SHARD_SIZE,
    progress: Progress | None = None,
) -> ExtractSummary:
    """Read raw corpora and write their question/answer pairs as rows. The same call again goes on after an end.

    Args:
        inputs: files, folders, patterns, ``-`` for standard input, or data sets of the Hub.
        model: name of the corpus adapter, one of ``CORPORA``, or ``auto``: found out for each file by its content.
        output: rows file, or ``-``; default ``shareGPT_{model}_{time}.jsonl`` in the current folder.
        create_time: ``yyyymmdd HH:MM:SS`` for rows whose corpus has no time; default: now, the same for all.
        profile: ``mnbvc-2023``, or ``mnbvc-2025`` with at most 512 MB in a file.
        start_line: 1-based line of each file to start at; row of a parquet file or data set.
        max_size: bytes a rows file may have before the next one starts.
        rejects: file for rejected records; default ``rejected.jsonl`` beside the output.
        dry_run: read and count everything, write nothing.
        split: which split of data sets of the Hub.
        options: how the adapters read; default ``Options()``.
        workers, scheduler: processes, or the address of a Dask scheduler; the output does not depend on them.
        restart: discard what an earlier run left.
        shard_size: bytes of a plain file that one worker reads in one go.
        progress: is given the number of bytes after each read.

    Raises:
        UsageError, InputError: as ``docs/extract.md`` says; nothing stands under the output's name then.
    """
    started = datetime.now()
    target = str(output) if output is not None else OUTPUT_NAME.format(model=model, time=started)
    crew, largest = Workers(workers, scheduler), _largest(max_size, profile, target)
    job = _Job(target, _rejects(rejects, target), largest, dry_run, restart, crew, progress)
    time = check_create_time(create_time or started.strftime(CREATE_TIME_FORMAT))
    settings = Settings(time, check_profile(profile), start_line, split, options or Options(), not dry_run)
    return job.start(inputs, model, settings, shard_size, fixed=(output is not None, create_time is not None))


def input_size(inputs: Sequence[str | Path]) -> int | None:
    """Bytes in the files that the inputs name; None when one of them is a stream.

    Raises:
        UsageError, InputError: as ``extract``.
    """
    return total_size(expand_inputs(inputs))


def _plan(
    inputs: Sequence[str | Path], model: str, job: _Job, settings: Settings, shard_size: int, stack: ExitStack
) -> tuple[Plan, dict[str, Peekable]]:
    if model != AUTO:
        corpus_of(model, settings.options)
    streams: dict[str, Peekable] = {}
    names = expand_inputs(inputs, (job.target, job.rejects))
    sources = [describe(name, streams, stack) for name in names]
    chosen = [model] * len(names) if model != AUTO else detect_corpora(sources, settings.split, streams)
    corpora = {name: corpus_of(name, settings.options) for name in set(chosen)}
    shards = cut(sources, chosen, corpora, settings.start_line, shard_size)
    options = {
        "model": model,
        "profile": settings.profile,
        "start line": settings.start_line,
        "split": settings.split,
        **asdict(settings.options),
    }
    if options.get("salt") is not None:
        options["salt"] = sha256(str(options["salt"]).encode("utf-8")).hexdigest()[:16]
    return Plan(options, settings.create_time, sources, chosen, shards), streams


@dataclass(slots=True)
class _Job:
    """Where a run writes, and who does it."""

    target: str
    rejects: Path
    max_size: int | None
    dry_run: bool
    restart: bool
    workers: Workers
    progress: Progress | None

    @property
    def to_stdout(self) -> bool:
        return self.target == STANDARD_STREAM

    def check(self, settings: Settings) -> None:
        """Raise for what would fail when all the work is done."""
        if settings.start_line < 1:
            raise UsageError(f"start line {settings.start_line}: lines are counted from 1")
        if self.workers.count < 1:
            raise UsageError(f"{self.workers.count} workers: at least one is needed")
        PartsWriter(self.target, self.max_size)
        for path in [] if self.dry_run else [Path(self.target), self.rejects]:
            if str(path) != STANDARD_STREAM and path.is_dir():
                raise InputError(f"{path}: cannot be written: it is a folder")
            if not path.parent.is_dir():
                raise InputError(f"{path}: cannot be written: there is no folder {path.parent}")

    def start(
        self,
        inputs: Sequence[str | Path],
        model: str,
        settings: Settings,
        shard_size: int,
        fixed: tuple[bool, bool],
    ) -> ExtractSummary:
        """Plan the run and do it; ``fixed`` says whether the output and the time were asked for."""
        self.check(settings)
        output_given, create_time_given = fixed
        with ExitStack() as stack:
            plan, streams = _plan(inputs, model, self, settings, shard_size, stack)
            if not (output_given or self.dry_run or self.restart):
                self.target = unfinished(f"shareGPT_{model}_*.jsonl", plan) or self.target
            return self.run(plan, settings, streams, create_time_given)

    def run(
        self, plan: Plan, settings: Settings, streams: dict[str, Peekable], create_time_given: bool
    ) -> ExtractSummary:
        """Do what is not done yet, and put the parts together."""
        with self._folder() as folder, closing(Work(folder)) as work:
            plan = work.adopt(plan, create_time_given, self.restart)
            try:
                summary = self._do(work, plan, replace(settings, create_time=plan.create_time), streams)
            except BaseException as error:
                # What one shard takes, or leads to nothing, is not worth a folder that stays.
                worth = len(plan.shards) > 1 and not isinstance(error, _NothingFoundError)
                if not (worth and plan.resumable and work.results(plan)):
                    work.remove()
                raise
            work.remove()
        return summary

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        """Where the parts lie: beside the output, or anywhere when there is nothing to come back for."""
        if not (self.dry_run or self.to_stdout):
            yield work_folder(Path(self.target)).resolve()
            return
        # Workers on other machines share the current folder with this one.
        with TemporaryDirectory(prefix=".extract-", dir="." if self.workers.scheduler else None) as folder:
            yield Path(folder, "work").resolve()

    def _do(self, work: Work, plan: Plan, settings: Settings, streams: dict[str, Peekable]) -> ExtractSummary:
        before = work.results(plan)
        todo = [shard for shard in plan.shards if shard.number not in before]
        if self.progress is not None and before:
            self.progress(sum(shard.size for shard in plan.shards if shard.number in before))
        sink = sys.stdout.buffer if self.to_stdout and self.workers.alone and not self.dry_run else None
        with self._rows(work.folder, before, sink) as rows:
            run_shards(work.folder, plan, settings, todo, self.workers, Here(streams, rows, self.progress))
        results = work.results(plan)
        if len(results) < len(plan.shards):
            raise InputError(f"{work.folder}: parts of this run are gone; run the same command again")
        whole = assemble(work.folder, plan.shards, results, plan.sources)
        if self.dry_run or sink is not None:
            for line in stitch_halves(work.folder, plan.shards, settings, whole):
                if sink is not None:
                    sink.write(line)
        else:
            whole.rows += write_stitched(work.folder, plan.shards, settings, whole)
        summary = self._summary(whole)
        summary.shards, summary.resumed = len(plan.shards), len(before)
        self._write(whole, summary, plan, written=sink is not None)
        return summary

    @contextmanager
    def _rows(
        self, folder: Path, before: Mapping[int, ShardResult], sink: BinaryIO | None
    ) -> Iterator[SharedRows | None]:
        """What takes the rows of the shards done here; None for a file for each, or when none is kept."""
        if sink is not None:
            yield SharedRows(sink)
        elif self.workers.alone and not self.dry_run:
            with shared_rows(folder, before.values()) as rows:
                yield rows
        else:
            yield None

    def _summary(self, whole: Assembly) -> ExtractSummary:
        shown = [Rejection(*rejection) for rejection in whole.rejections]
        return ExtractSummary(whole.counts.pairs, whole.counts, first_rejections=shown, first_id=whole.first_id)

    def _write(self, whole: Assembly, summary: ExtractSummary, plan: Plan, written: bool) -> None:
        """Rejects first: they are what is left when there is nothing else."""
        summary.not_of_this_run = left_by_an_earlier_run(self.rejects, written=bool(whole.rejects))
        if whole.rejects and not self.dry_run:
            write_rejects(self.rejects, whole.rejects)
            summary.rejects = self.rejects
        if not whole.counts.conversations:
            raise _NothingFoundError(_nothing_found(summary, plan))
        if written:
            sys.stdout.buffer.flush()
            summary.outputs = [self.target]
        elif not self.dry_run:
            summary.outputs = write_rows(self.target, whole.rows, self.max_size)


class _NothingFoundError(InputError):
    """Not one conversation: most likely the name of another corpus was given."""


def _nothing_found(summary: ExtractSummary, plan: Plan) -> str:
    sources = plan.sources
    where = sources[0].name if len(sources) == 1 else f"{len(sources)} files"
    if not summary.counts.rejected:
        return f"no conversation in {where}: no record at all"
    first = summary.first_rejections[0]
    place = f"line {first.line}" if len(sources) == 1 else f"{first.file}:{first.line}"
    kept = f" -> {summary.rejects}" if summary.rejects else ""
    return (
        f"no conversation of the {' or '.join(sorted(set(plan.corpora)))} layout in {where}:"
        f" {summary.counts.rejected:,} rejected{kept} (first: {place}: {first.reason})"
    )


def _largest(max_size: int | None, profile: str, target: str) -> int | None:
    if profile != "mnbvc-2025" or target == STANDARD_STREAM:
        return max_size
    return LARGEST_MNBVC_FILE if max_size is None else min(max_size, LARGEST_MNBVC_FILE)


def _rejects(given: str | Path | None, target: str) -> Path:
    if given is not None:
        return Path(given)
    return Path(REJECTS_NAME) if target == STANDARD_STREAM else Path(target).with_name(REJECTS_NAME)
