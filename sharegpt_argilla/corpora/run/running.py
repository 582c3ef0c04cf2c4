"""The shards of a run, done: here, in several processes, or on a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from sharegpt_argilla.corpora.reading.compression import Peekable
from sharegpt_argilla.corpora.reading.inputs import Progress, Source
from sharegpt_argilla.corpora.run.conversion import Settings, convert
from sharegpt_argilla.corpora.run.executors import InThisProcess, executor
from sharegpt_argilla.corpora.run.shard_files import SharedRows
from sharegpt_argilla.corpora.run.shards import Shard
from sharegpt_argilla.corpora.run.work import Plan


@dataclass(frozen=True, slots=True)
class Workers:
    """Who does the shards.

    Attributes:
        count: processes; 1 for this one only.
        scheduler: address of a Dask scheduler that does them instead.
    """

    count: int = 1
    scheduler: str | None = None

    @property
    def alone(self) -> bool:
        """Whether this process does everything."""
        return self.count == 1 and self.scheduler is None


@dataclass(frozen=True, slots=True)
class Here:
    """What only this process has.

    Attributes:
        streams: the open streams among the inputs.
        rows: takes the rows of the shards done here, instead of a file for each in the work folder.
        progress: is given the number of bytes that were read.
    """

    streams: Mapping[str, Peekable] = field(default_factory=dict)
    rows: SharedRows | None = None
    progress: Progress | None = None


def run_shards(
    folder: Path, plan: Plan, settings: Settings, shards: Sequence[Shard], workers: Workers, here: Here
) -> None:
    """Do the shards; each stands in the folder with its completion marker then.

    Args:
        folder: the work folder; where workers on other machines see it too, if there are any.
        plan: of the run.
        settings: of the run.
        shards: those that are not done yet.
        workers: who does them.
        here: what only this process has.

    Raises:
        InputError: an input cannot be read, a part cannot be written, or a worker died.
        UsageError: the scheduler needs a library that is not installed.
    """
    away = [] if workers.alone else [shard for shard in shards if not _has_stream(shard, plan)]
    remaining = {shard.number for shard in away}
    local = InThisProcess()
    for shard in shards:
        if shard.number not in remaining:
            inputs = _inputs(shard, plan)
            local.submit(convert, str(folder), shard, inputs, settings, here.streams, here.rows, here.progress)
    if not away:
        return
    with executor(workers.count, len(away), workers.scheduler) as pool:
        sizes = {shard.number: shard.size for shard in away}
        for future in as_completed(_submit(pool, folder, plan, settings, away)):
            if here.progress is not None:
                here.progress(sizes[future.result()])
            else:
                future.result()


def _submit(
    pool: Executor, folder: Path, plan: Plan, settings: Settings, shards: Iterable[Shard]
) -> list[Future[int]]:
    return [pool.submit(convert, str(folder), shard, _inputs(shard, plan), settings) for shard in shards]


def _inputs(shard: Shard, plan: Plan) -> dict[int, Source]:
    return {stretch.source: plan.sources[stretch.source] for stretch in shard.stretches}


def _has_stream(shard: Shard, plan: Plan) -> bool:
    """Whether it reads a stream, which is open in this process only."""
    return any(source.form == "stream" for source in _inputs(shard, plan).values())
