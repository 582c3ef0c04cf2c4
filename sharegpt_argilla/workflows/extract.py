"""Raw chat corpora -> rows."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sharegpt_argilla.common.jsonl import STANDARD_STREAM, left_by_an_earlier_run
from sharegpt_argilla.common.object_storage import is_remote
from sharegpt_argilla.common.plurals import numbered
from sharegpt_argilla.corpora.formats.base import Options
from sharegpt_argilla.corpora.pairing.pairing import Counts
from sharegpt_argilla.corpora.reading.inputs import Progress, expand_inputs, total_size
from sharegpt_argilla.corpora.run.output_files import write_rejects, write_rows
from sharegpt_argilla.corpora.run.run_plan import SHARD_SIZE, RunPlan, RunSettings, plan_run
from sharegpt_argilla.corpora.run.shard_results import RunResult
from sharegpt_argilla.corpora.run.shards import convert_shards, direct_output
from sharegpt_argilla.corpora.run.work_folder import NothingFoundError, open_work
from sharegpt_argilla.errors import UsageError
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
        rejects: the file with the rejected records; None when nothing was rejected.
        not_of_this_run: a rejects file that an earlier run left, when this one has none to write; else "".
        first_rejections: the first five.
        first_id: id of the first row; "" when there is no row.
        model: as it was asked for; ``auto`` where the adapters were found out.
        corpora: the adapter that read each input, by its name.
        skipped: files of folders and zip files that were not read -> why.
        shards: into how many the run was cut.
        resumed: how many of them an earlier run had converted.
    """

    rows: int = 0
    counts: Counts = field(default_factory=Counts)
    outputs: list[str] = field(default_factory=list)
    rejects: Path | None = None
    not_of_this_run: str = ""
    first_rejections: list[Rejection] = field(default_factory=list)
    first_id: str = ""
    model: str = ""
    corpora: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
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
    on_progress: Progress | None = None,
) -> ExtractSummary:
    """Read raw corpora and write their question/answer pairs as rows. The same call resumes a run that ended.

    Args:
        inputs: files, folders, patterns, URLs, ``-`` for standard input, or data sets of the Hub.
        model: name of the corpus adapter, one of ``CORPORA``, or ``auto``: told for each file by its content.
        output: rows file, URL, or ``-``; default ``shareGPT_{model}_{time}.jsonl`` in the current folder.
        create_time: ``yyyymmdd HH:MM:SS`` for rows whose corpus has no time; default: now, the same for all.
        profile: ``mnbvc-2023``, or ``mnbvc-2025`` with at most 512 MB in a file.
        start_line: 1-based line of each file to start at; row of a parquet file or data set.
        max_size: bytes a rows file may have before the next one starts.
        rejects: file for rejected records; default ``rejected.jsonl`` next to the output.
        dry_run: read and count everything, write nothing.
        split: which split of data sets of the Hub.
        options: how the adapters read; default ``Options()``.
        workers, scheduler: processes, or the address of a Dask scheduler; the output does not depend on them.
        restart: discard what an earlier run left.
        shard_size: bytes of a plain file in one shard.
        on_progress: is given the number of bytes after each read.

    Raises:
        UsageError, InputError: as ``docs/extract.md`` says; no file has the output's name then.
    """
    started = datetime.now()
    target = str(output) if output is not None else OUTPUT_NAME.format(model=model, time=started)
    time = check_create_time(create_time or started.strftime(CREATE_TIME_FORMAT))
    names, kept, shape = tuple(map(str, inputs)), _rejects(rejects, target), check_profile(profile)
    plain = start_line, split, options or Options(), max_size, dry_run, workers, scheduler, restart, shard_size
    settings = RunSettings(names, model, target, kept, time, shape, *plain, output is not None, bool(create_time))
    return _run(settings, on_progress)


def _run(settings: RunSettings, progress: Progress | None) -> ExtractSummary:
    settings.check()
    with ExitStack() as stack, open_work(plan_run(settings, stack)) as work:
        before = work.results()
        result = convert_shards(work, before, progress)
        return _finish(work.plan, result, resumed=len(before))


def input_size(inputs: Sequence[str | Path]) -> int | None:
    """Bytes in the files that the inputs name; None when one of them is a stream.

    Raises:
        UsageError, InputError: as ``extract``.
    """
    return total_size(expand_inputs(inputs))


def _finish(plan: RunPlan, result: RunResult, resumed: int) -> ExtractSummary:
    """Write the files of the run. Rejects first: they are what is left when there is nothing else."""
    settings = plan.settings
    summary = ExtractSummary(
        rows=result.counts.pairs,
        counts=result.counts,
        first_rejections=[Rejection(*rejection) for rejection in result.rejections],
        not_of_this_run=left_by_an_earlier_run(settings.rejects, written=bool(result.rejects)),
        first_id=result.first_id,
        model=settings.model,
        corpora={source.name: name for source, name in zip(plan.sources, plan.corpora, strict=True)},
        skipped=dict(plan.skipped),
        shards=len(plan.shards),
        resumed=resumed,
    )
    if result.rejects and not settings.dry_run:
        write_rejects(settings.rejects, result.rejects)
        summary.rejects = settings.rejects
    if not result.counts.conversations:
        raise NothingFoundError(_nothing_found(summary, plan))
    if not result.counts.pairs:
        raise NothingFoundError(_no_question(summary, plan))
    if direct_output(plan) is not None:
        sys.stdout.buffer.flush()
        summary.outputs = [settings.output]
    elif not settings.dry_run:
        summary.outputs = write_rows(settings.output, result.rows, settings.largest_file)
    return summary


def _nothing_found(summary: ExtractSummary, plan: RunPlan) -> str:
    sources = plan.sources
    where = sources[0].name if len(sources) == 1 else f"{len(sources)} files"
    if not summary.counts.rejected:
        return f"no conversation in {where}: no record at all"
    first = summary.first_rejections[0]
    position = f"line {first.line}" if len(sources) == 1 else f"{first.file}:{first.line}"
    kept = f" -> {summary.rejects}" if summary.rejects else ""
    return (
        f"no conversation of the {' or '.join(sorted(set(plan.corpora)))} layout in {where}:"
        f" {summary.counts.rejected:,} rejected{kept} (first: {position}: {first.reason})"
    )


def _no_question(summary: ExtractSummary, plan: RunPlan) -> str:
    counts, sources = summary.counts, plan.sources
    where = sources[0].name if len(sources) == 1 else f"{len(sources)} files"
    reasons = [
        numbered(number, words)
        for number, words in (
            (counts.questions_blank, "blank questions"),
            (counts.answers_dropped, "answers without a question"),
            (counts.rejected, "rejected"),
            *((number, f"{what} left out") for what, number in sorted(counts.left_out.items())),
        )
        if number
    ]
    conversations = numbered(counts.conversations, "conversations")
    return f"no question in {where}, so no row: {conversations}, {', '.join(reasons)}"


def _rejects(file: str | Path | None, target: str) -> Path:
    if is_remote(file):
        raise UsageError(f"{file}: rejects go to a file on this machine; give its name")
    if file is not None:
        return Path(file)
    elsewhere = target == STANDARD_STREAM or is_remote(target)
    return Path(REJECTS_NAME) if elsewhere else Path(target).with_name(REJECTS_NAME)
