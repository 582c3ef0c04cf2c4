"""The shards of a run, converted: in this process, in several, or on a cluster."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import IO

from sharegpt_argilla.common.executors import InThisProcess, completed, executor
from sharegpt_argilla.common.object_storage import is_remote
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.pairing.sessions import Resolution, resolve
from sharegpt_argilla.corpora.reading.inputs import Progress
from sharegpt_argilla.corpora.run.conversion import convert
from sharegpt_argilla.corpora.run.run_plan import KEPT, RunPlan, Shard
from sharegpt_argilla.corpora.run.shard_results import (
    RunResult,
    ShardFiles,
    ShardResult,
    join_results,
)
from sharegpt_argilla.corpora.run.shared_rows import RowsMover, SharedRows, shared_rows
from sharegpt_argilla.corpora.run.work_folder import WorkFolder
from sharegpt_argilla.corpora.run.worker_checks import SameInputs
from sharegpt_argilla.errors import InputError


def convert_shards(work: WorkFolder, before: Mapping[int, ShardResult], progress: Progress | None) -> RunResult:
    """Convert what is not converted yet, and join what all shards left.

    Args:
        work: the work folder; where workers on other machines see it too, if there are any.
        before: the shards that an earlier run converted.
        progress: is given the number of bytes that were read.

    Raises:
        InputError: an input cannot be read, a file cannot be written, or a worker died.
        UsageError: the scheduler needs a library that is not installed.
    """
    plan = work.plan
    if progress is not None and before:
        progress(sum(shard.size for shard in plan.shards if shard.number in before))
    sink = direct_output(plan)
    with _shared_rows(work, before, sink) as rows:
        _convert(work, [shard for shard in plan.shards if shard.number not in before], rows, progress)
    _resolve_sessions(work, sink)
    results = work.results()
    if len(results) < len(plan.shards):
        seen = "; every worker must see this folder" if plan.settings.scheduler else ""
        raise InputError(f"{work.folder}: parts of this run are gone{seen}; run the same command again")
    return join_results(work.folder, plan, results, sink)


def direct_output(plan: RunPlan) -> IO[bytes] | None:
    """Standard output, where rows can go to it at once; None where they are kept until the end.

    Rows of several shards, and of a corpus that splits conversations, may have to be written again.
    """
    settings = plan.settings
    last = len(plan.shards) > 1 or any(getattr(CORPORA[name], "splits", False) for name in plan.corpora)
    direct = settings.to_stdout and settings.alone and not settings.dry_run
    return sys.stdout.buffer if direct and (plan.streams or not last) else None


def _resolve_sessions(work: WorkFolder, sink: IO[bytes] | None) -> None:
    """Convert those shards again in which an id means something else than they could know; streams are gone."""
    plan = work.plan
    if sink is not None:
        return
    paths = {shard.number: ShardFiles.of(work.folder, shard.number).sessions for shard in plan.shards}
    resolutions = resolve({number: path for number, path in paths.items() if path.exists()})
    again = [shard for shard in plan.shards if shard.number in resolutions and not _is_gone(shard, plan)]
    if again:
        with _shared_rows(work, work.results(), None) as rows:
            _convert(work, again, rows, None, resolutions)


@contextmanager
def _shared_rows(
    work: WorkFolder, before: Mapping[int, ShardResult], sink: IO[bytes] | None
) -> Iterator[SharedRows | None]:
    """What takes the rows of the shards converted here; None for a file for each, or when none is kept."""
    if sink is not None:
        yield SharedRows(sink)
    elif work.plan.settings.alone and not work.plan.settings.dry_run:
        with shared_rows(work.folder, before.values()) as rows:
            yield rows
    else:
        yield None


def _convert(
    work: WorkFolder,
    shards: Sequence[Shard],
    rows: SharedRows | None,
    progress: Progress | None,
    resolutions: Mapping[int, Resolution] = MappingProxyType({}),
) -> None:
    plan, settings, folder = work.plan, work.plan.settings, str(work.folder)
    elsewhere = [] if settings.alone else [shard for shard in shards if not _has_stream(shard, plan)]
    numbers = {shard.number for shard in elsewhere}
    here = InThisProcess()
    for shard in shards:
        if shard.number not in numbers:
            job = partial(convert, resolution=resolutions.get(shard.number))
            here.submit(job, folder, shard, plan.inputs_of(shard), settings, plan.streams, rows, progress)
    if not elsewhere:
        return
    with (
        _mover(work, again=bool(resolutions)) as mover,
        executor(settings.workers, len(elsewhere), settings.scheduler) as pool,
    ):
        for shard, _ in completed(pool, tasks_of(plan, folder, elsewhere, resolutions)):
            if mover is not None:
                mover.move(shard.number)
            if progress is not None:
                progress(shard.size)


@contextmanager
def _mover(work: WorkFolder, *, again: bool) -> Iterator[RowsMover | None]:
    """What makes the output of the workers' rows meanwhile; None where all of them are copied in the end anyway.

    Rows that are converted again would come after those that they replace.
    """
    settings = work.plan.settings
    elsewhere = settings.dry_run or settings.to_stdout or is_remote(settings.output)
    if again or elsewhere or settings.largest_file is not None:
        yield None
        return
    before = work.results()
    with shared_rows(work.folder, before.values()) as shared:
        yield RowsMover(work.folder, [shard.number for shard in work.plan.shards], before, shared)


def tasks_of(
    plan: RunPlan,
    folder: str,
    shards: Sequence[Shard],
    resolutions: Mapping[int, Resolution] = MappingProxyType({}),
) -> dict[Shard, Callable[[], int]]:
    """What workers are sent: for each shard a call that contains what it needs, and nothing of the others.

    Raises:
        InputError: an input cannot be read.
    """
    # A shell gives thousands of names.
    settings = replace(plan.settings, inputs=())
    tasks: dict[Shard, Callable[[], int]] = {}
    for shard in shards:
        arguments = (folder, shard, plan.inputs_of(shard), settings)
        tasks[shard] = partial(convert, *arguments, resolution=resolutions.get(shard.number))
    if settings.scheduler is None:
        return tasks
    same = SameInputs.here(plan.sources)
    inputs = {shard: list(plan.inputs_of(shard).values()) for shard in tasks}
    return {shard: partial(same.only(inputs[shard]).do, inputs[shard], task) for shard, task in tasks.items()}


def _has_stream(shard: Shard, plan: RunPlan) -> bool:
    """Whether it reads a stream or the copy of one, which only this process can read."""
    return any(source.form == "stream" or source.modified == KEPT for source in plan.inputs_of(shard).values())


def _is_gone(shard: Shard, plan: RunPlan) -> bool:
    """Whether it read a stream, which cannot be read again."""
    return any(source.form == "stream" for source in plan.inputs_of(shard).values())
