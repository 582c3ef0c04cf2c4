"""What a shard leaves in the work folder, and what all shards of a run left together.

A shard leaves its rows, its rejects, its pending pairs, and a marker that it is complete.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import IO, NamedTuple

from sharegpt_argilla.common.atomic_files import atomic_bytes
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.pairing.pairing import Counts, Pairer
from sharegpt_argilla.corpora.pairing.pending_pairs import complete_pairs
from sharegpt_argilla.corpora.reading.byte_window import line_breaks
from sharegpt_argilla.corpora.run.run_plan import RunPlan
from sharegpt_argilla.rows import RowBuilder, dump_new_rows

SHARED = "shared.rows"
"""Where the process of the run puts rows, see ``shared_rows``. Mostly this becomes the output as it is."""
REJECTIONS_SHOWN = 5
BUFFER = 1 << 15
"""Bytes buffered before they are written."""


@dataclass(slots=True)
class ShardResult:
    """What became of a shard; as JSON, its completion marker.

    Attributes:
        rows: lines written.
        rows_start: where they start in the file ``SHARED``; -1 when they have a file of their own.
        rows_size: bytes of them.
        rejects_size: bytes in the rejects.
        pending_size: bytes in the pending pairs.
        start: offset of its first record, in bytes, where it is a stretch of a plain file.
        counts: what became of the records.
        first_id: id of the first row.
        rejections: file, line and reason of the first few.
        boot: what ``this_boot`` said to the worker, where a power failure may have cost the rows; else "".
    """

    rows: int = 0
    rows_start: int = -1
    rows_size: int = 0
    rejects_size: int = 0
    pending_size: int = 0
    start: int = 0
    counts: Counts = field(default_factory=Counts)
    first_id: str = ""
    rejections: list[tuple[str, int, str]] = field(default_factory=list)
    boot: str = ""

    def dump(self) -> str:
        """As JSON."""
        # asdict cannot copy a Counter on Python 3.11.
        left_out, plain = self.counts.left_out, replace(self.counts, left_out=Counter())
        document = asdict(replace(self, counts=plain))
        document["counts"]["left_out"] = dict(left_out)
        return json.dumps(document)

    @classmethod
    def load(cls, text: str) -> ShardResult:
        """From ``dump``.

        Raises:
            ValueError: it is something else.
        """
        try:
            stored = json.loads(text)
            counts = Counts(**stored.pop("counts"))
            counts.left_out = Counter(dict(counts.left_out))
            rejections = [(file, line, reason) for file, line, reason in stored.pop("rejections")]
            result = cls(**stored, counts=counts, rejections=rejections)
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(str(error)) from error
        if not result._is_sound():
            raise ValueError("a value of another type")
        return result

    def _is_sound(self) -> bool:
        """Whether every value has the type that it must have."""
        empty = ShardResult()
        sound = all(type(getattr(self, part.name)) is type(getattr(empty, part.name)) for part in fields(self))
        numbers = [*self.counts.left_out.values(), *(line for _, line, _ in self.rejections)]
        numbers += [getattr(self.counts, part.name) for part in fields(Counts) if part.name != "left_out"]
        texts = [*self.counts.left_out, *(text for file, _, reason in self.rejections for text in (file, reason))]
        return sound and all(type(one) is int for one in numbers) and all(type(one) is str for one in texts)


class StoredRows(NamedTuple):
    """Rows in a file: all of it, or a stretch in bytes."""

    path: Path
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class ShardFiles:
    """The files of a shard in the work folder."""

    rows: Path
    rejects: Path
    pending: Path
    sessions: Path
    marker: Path

    @classmethod
    def of(cls, folder: str | Path, number: int) -> ShardFiles:
        """The files of the shard with that number."""
        stem = Path(folder) / f"{number:06}"
        return cls(
            *(stem.with_suffix(suffix) for suffix in (".rows", ".rejects", ".pending", ".sessions", ".done"))
        )

    def remove(self) -> None:
        """Remove what an earlier run left of the shard."""
        for path in (self.marker, self.rows, self.rejects, self.pending, self.sessions):
            path.unlink(missing_ok=True)

    def result(self) -> ShardResult | None:
        """What became of the shard; None while it is not complete."""
        try:
            result = ShardResult.load(self.marker.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        sizes = ((self.rejects, result.rejects_size), (self.pending, result.pending_size))
        whole = all(size_of(path) == size for path, size in sizes) and self._has_rows(result)
        return result if whole and result.boot in {"", this_boot()} else None

    def stored(self, result: ShardResult) -> StoredRows:
        """Where its rows are stored."""
        own = result.rows_start < 0
        return StoredRows(self.rows if own else self.shared, 0 if own else result.rows_start, result.rows_size)

    @property
    def shared(self) -> Path:
        """The file of rows that several shards share."""
        return self.marker.with_name(SHARED)

    def complete(self, result: ShardResult) -> None:
        """Write the completion marker."""
        result.rejects_size, result.pending_size = size_of(self.rejects), size_of(self.pending)
        if result.rows_start < 0:
            result.rows_size = size_of(self.rows)
        with shard_file(self.marker) as file:
            file.write(result.dump().encode("utf-8"))

    def _has_rows(self, result: ShardResult) -> bool:
        path, start, size = self.stored(result)
        return size_of(path) >= start + size if path == self.shared else size_of(path) == size


def shard_file(path: Path, *, flushed: bool = True) -> AbstractContextManager[IO[bytes]]:
    """A file of a shard, which appears when the block ends well; two workers at one shard do not collide."""
    return atomic_bytes(path, buffering=BUFFER, flushed=flushed)


@cache
def this_boot() -> str:
    """What tells this start of the machine from others (random(4)); "" where the system does not say it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def size_of(path: Path) -> int:
    """Bytes of a file; 0 when it is not there."""
    return path.stat().st_size if path.exists() else 0


@dataclass(slots=True)
class RunResult:
    """What the shards of a run left together, in the order of the inputs.

    Attributes:
        counts: what became of the records.
        rejections: file, line and reason of the first few.
        first_id: id of the first row; "" when there is no row.
        rows: where the rows are stored, in order.
        rejects: the files of the rejects, in order, each with what its line numbers lack.
    """

    counts: Counts = field(default_factory=Counts)
    rejections: list[tuple[str, int, str]] = field(default_factory=list)
    first_id: str = ""
    rows: list[StoredRows] = field(default_factory=list)
    rejects: list[tuple[Path, int]] = field(default_factory=list)


def join_results(
    folder: Path, plan: RunPlan, results: Mapping[int, ShardResult], sink: IO[bytes] | None
) -> RunResult:
    """Join what the shards left, and complete the pending pairs.

    Args:
        folder: the work folder.
        plan: of the run.
        results: of every shard, by its number.
        sink: where the rows of the shards went, when they were not kept; takes those of the pending pairs, too.

    Raises:
        InputError: the rows of the pending pairs cannot be written.
    """
    whole = RunResult()
    missing = _missing_lines(plan, results)
    for shard in plan.shards:
        result, files = results[shard.number], ShardFiles.of(folder, shard.number)
        lacking = missing.get(shard.number, 0)
        whole.counts.add(result.counts)
        whole.first_id = whole.first_id or result.first_id
        shown = ((file, line + lacking, reason) for file, line, reason in result.rejections)
        whole.rejections = [*whole.rejections, *shown][:REJECTIONS_SHOWN]
        if result.rows_size:
            whole.rows.append(files.stored(result))
        if result.rejects_size:
            whole.rejects.append((files.rejects, lacking))
    rows = _pending_rows(folder, plan, whole)
    if sink is not None:
        sink.writelines(rows)
    elif plan.settings.dry_run:
        for _ in rows:
            pass
    else:
        path = folder / "pending.rows"
        with shard_file(path) as file:
            file.writelines(rows)
        if size := size_of(path):
            whole.rows.append(StoredRows(path, 0, size))
    return whole


def _pending_rows(folder: Path, plan: RunPlan, whole: RunResult) -> Iterator[bytes]:
    """The rows of pairs whose question and answer are in different shards, then the unanswered questions.

    They are counted in ``whole``.
    """
    paths = [path for shard in plan.shards if (path := ShardFiles.of(folder, shard.number).pending).exists()]
    pairers = {name: Pairer(CORPORA[name].name, CORPORA[name].source) for name in sorted(set(plan.corpora))}
    builder = RowBuilder(plan.settings.create_time, plan.settings.profile)
    for pair in complete_pairs(paths, pairers):
        row = builder.row(pair)
        whole.first_id = whole.first_id or row.id
        yield dump_new_rows([row])
    for pairer in pairers.values():
        whole.counts.add(pairer.counts)


def _missing_lines(plan: RunPlan, results: Mapping[int, ShardResult]) -> dict[int, int]:
    """The lines before a shard in its file, for those that name lines and could not know them."""
    missing: dict[int, int] = {}
    path, counted, lines = "", 0, 0
    for shard in plan.shards:
        first, result = shard.stretches[0], results[shard.number]
        if first.line or not result.rejections:
            continue
        source = plan.sources[first.source]
        if source.path != path:
            path, counted, lines = source.path, 0, 0
        with source.open() as file:
            lines += line_breaks(file, counted, result.start)
        counted, missing[shard.number] = result.start, lines
    return missing
