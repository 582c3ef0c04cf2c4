"""A rows file curated in stretches: each read, checked and written by a worker, with what one process would write.

Workers pass one another files in a folder that all of them see. Through the process of the run go only numbers:
two for each row that shares a key with another (``duplicate_shuffle``), counts, and where things are in the files.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol, TypeVar

from sharegpt_argilla.common.atomic_files import atomic_bytes
from sharegpt_argilla.common.executors import completed
from sharegpt_argilla.curation.checks.duplicate_checks import Fingerprint
from sharegpt_argilla.curation.chunks import Curated, Settings, chunks, curate_chunk
from sharegpt_argilla.curation.duplicate_shuffle import (
    Decision,
    Groups,
    Place,
    Print,
    decide,
    keys_of,
    pairs_in_part,
    print_of,
    read_part,
    sort_by_task,
    write_parts,
)
from sharegpt_argilla.curation.merge_chunks import Gathering, PromptHistory
from sharegpt_argilla.curation.row_stretches import RowStretch, read_stretch
from sharegpt_argilla.curation.sampling import SampleCandidate, candidate

T = TypeVar("T")

MOST_PARTS = 256
"""Parts that keys and groups are sorted into: a billion rows have 1 GB of keys in each."""


@dataclass(frozen=True, slots=True)
class ShardJob:
    """What every worker has to know.

    Attributes:
        name: of the rows file, in messages.
        folder: for the files of the run; every worker sees it.
        settings: of the checks.
        drop: checks whose rows are left out.
        seed: of a sample.
        stratify: as ``candidate`` takes it.
        sampled: whether a sample is drawn.
    """

    name: str
    folder: str
    settings: Settings
    drop: frozenset[str]
    seed: int = 42
    stratify: str | None = None
    sampled: bool = False

    def file(self, number: int, what: str) -> str:
        """The file of a stretch or task."""
        return str(Path(self.folder) / f"{number:06}.{what}")


class CheckedTask(Protocol):
    """Has a task done where inputs and code are the same as here; see ``worker_checks``."""

    def __call__(self, task: Callable[[], T], /) -> Callable[[], T]:
        """The task with the check before it."""


class _Checked(NamedTuple):
    """What the checks left of a stretch: lines read, lines that are no rows, and its keys by part."""

    lines: int
    rejected: int
    keys: list[int]


class Refused(NamedTuple):
    """A line that is no row: its 1-based number in the file, why, and the line."""

    line: int
    reason: str
    raw: str


@dataclass(slots=True)
class _Finished:
    gathering: Gathering
    kept: int
    candidates: list[SampleCandidate] = field(default_factory=list)


@dataclass(slots=True)
class ShardedRun:
    """What all stretches left, in their order.

    Attributes:
        gathering: the counts.
        kept: rows that are kept.
        rejected: lines that are no rows.
        candidates: of a sample; numbered among the rows that are kept.
        files: the rows that are kept, a file for each stretch.
    """

    gathering: Gathering
    kept: int = 0
    rejected: int = 0
    candidates: list[SampleCandidate] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    _refused: list[tuple[Path, int]] = field(default_factory=list)

    def refused(self) -> Iterator[Refused]:
        """The lines that are no rows, in order."""
        for path, before in self._refused:
            with path.open("rb") as file:
                for line in file:
                    number, reason, raw = json.loads(line)
                    yield Refused(number + before, reason, raw)


def curate_stretches(
    pool: Executor,
    job: ShardJob,
    stretches: Sequence[RowStretch],
    task: CheckedTask,
    on_progress: Callable[[int], None],
) -> ShardedRun:
    """Curate a file with the workers of a pool.

    Args:
        pool: does the tasks.
        job: what is done.
        stretches: of the file.
        task: wraps each task.
        on_progress: is given numbers of lines that are done.

    Raises:
        InputError: the file cannot be read, the folder cannot be written, or a worker died.
    """
    parts = min(len(stretches), MOST_PARTS)
    checked: dict[int, _Checked] = {}
    tasks = {
        number: task(partial(check_stretch, job, number, stretch, parts))
        for number, stretch in enumerate(stretches)
    }
    for number, result in completed(pool, tasks):
        checked[number] = result
        on_progress(result.lines)
    decisions = _decisions(pool, job, checked, parts, task)
    finished = dict(
        completed(
            pool,
            {number: task(partial(finish_stretch, job, number, decisions.get(number, []))) for number in checked},
        )
    )
    return _joined(job, checked, finished)


def _decisions(
    pool: Executor, job: ShardJob, checked: Mapping[int, _Checked], parts: int, task: CheckedTask
) -> dict[int, list[Place]]:
    """Number of a stretch -> where the decisions for its rows are."""
    keys = {
        part: [
            (job.file(number, "keys"), each.keys[part], each.keys[part + 1] - each.keys[part])
            for number, each in sorted(checked.items())
        ]
        for part in range(parts)
    }
    pairs = dict(completed(pool, {part: task(partial(pairs_in_part, places)) for part, places in keys.items()}))
    groups = Groups(pairs.values(), parts)
    members = {number: found for number in checked if (found := groups.in_stretch(number))}
    sorting = {number: task(partial(sort_prints, job, number, found)) for number, found in members.items()}
    wanted: dict[int, dict[int, Place]] = {}
    for number, places in completed(pool, sorting):
        for part, place in places.items():
            wanted.setdefault(part, {})[number] = place
    similarity, checks = job.settings.options.similarity, job.settings.checks
    deciding = {
        part: task(partial(decide, places, similarity, checks, job.file(part, "decided")))
        for part, places in wanted.items()
    }
    decisions: dict[int, list[Place]] = {}
    for _, places in completed(pool, deciding):
        for number, place in places.items():
            decisions.setdefault(number, []).append(place)
    return decisions


def _joined(job: ShardJob, checked: Mapping[int, _Checked], finished: Mapping[int, _Finished]) -> ShardedRun:
    run = ShardedRun(_gathering(job, {}))
    lines = 0
    for number in sorted(checked):
        run.candidates += [each._replace(number=each.number + run.kept) for each in finished[number].candidates]
        run.gathering.add(finished[number].gathering)
        run.kept += finished[number].kept
        run.files.append(Path(job.file(number, "out")))
        if checked[number].rejected:
            run.rejected += checked[number].rejected
            run._refused.append((Path(job.file(number, "refused")), lines))
        lines += checked[number].lines
    return run


def check_stretch(job: ShardJob, number: int, stretch: RowStretch, parts: int) -> _Checked:
    """Check the rows of a stretch; writes them, their prints and their keys, and the lines that are no rows.

    Raises:
        InputError: the stretch cannot be read, or a file cannot be written.
    """
    prints: list[Print] = []
    history = PromptHistory()
    lines = rejected = 0
    with ExitStack() as stack:
        rows, refused = (stack.enter_context(atomic_bytes(job.file(number, what))) for what in ("rows", "refused"))
        for chunk in chunks(read_stretch(stretch, job.name)):
            kept: list[Curated] = []
            for index, row in enumerate(curate_chunk(chunk, job.settings), lines + 1):
                if row.reason and row.line:
                    rejected += 1
                    refused.write(json.dumps([index, row.reason, row.line]).encode("ascii") + b"\n")
                elif row.line:
                    kept.append(_without_signature(row))
                    if row.print is not None and not (job.settings.first_turn and row.turn != 1):
                        dropped = bool(job.drop.intersection(row.flags))
                        key = history.before(row)
                        prints.append(print_of(row.print, key, row.id, row.session, dropped=dropped))
            pickle.dump(kept, rows)
            lines += len(chunk)
    write_parts(job.file(number, "prints"), {0: prints})
    keys, ends = keys_of(prints, number, parts)
    with atomic_bytes(job.file(number, "keys")) as file:
        file.write(keys)
    return _Checked(lines, rejected, ends)


def _without_signature(row: Curated) -> Curated:
    return row if row.print is None else row._replace(print=Fingerprint(row.print.exact, None))


def sort_prints(job: ShardJob, number: int, rows: Sequence[tuple[int, int]]) -> dict[int, Place]:
    """The prints of a stretch's rows, by the task that decides them; see ``sort_by_task``."""
    with Path(job.file(number, "prints")).open("rb") as file:
        prints = pickle.load(file)  # noqa: S301 - written by this run, in its own folder
    return sort_by_task(prints, rows, job.file(number, "sorted"))


class _Decided:
    """Says of the rows of a stretch, one after the other, what was decided."""

    def __init__(self, decisions: Mapping[int, Decision]) -> None:
        self._decisions = decisions
        self._index = -1

    def find(self, _print: Fingerprint, _key: bytes, _row: str, _session: str) -> Decision | None:
        """The decision for the next row."""
        self._index += 1
        return self._decisions.get(self._index)

    def add(self, _print: Fingerprint, _key: bytes, _row: str, _session: str) -> None:
        """Nothing: all is decided."""


def _gathering(job: ShardJob, decisions: Mapping[int, Decision]) -> Gathering:
    return Gathering(job.settings.checks, job.drop, job.settings.first_turn, _Decided(decisions))


def finish_stretch(job: ShardJob, number: int, places: Sequence[Place]) -> _Finished:
    """Flag and drop the rows of a stretch as decided; writes those that are kept.

    Raises:
        InputError: the file cannot be written.
    """
    decisions: dict[int, Decision] = {}
    for place in places:
        decisions.update(read_part(place))
    finished = _Finished(_gathering(job, decisions), 0)
    with atomic_bytes(job.file(number, "out")) as target, Path(job.file(number, "rows")).open("rb") as rows:
        for row in _stored(rows):
            kept = finished.gathering.take(row)
            if kept is None:
                continue
            if job.sampled:
                finished.candidates.append(candidate(kept, finished.kept, job.seed, job.stratify))
            finished.kept += 1
            target.write(f"{kept.line}\n".encode())
    return finished


def _stored(file: IO[bytes]) -> Iterator[Curated]:
    while True:
        try:
            rows: Any = pickle.load(file)  # noqa: S301 - written by this run, in its own folder
        except EOFError:
            return
        yield from rows
