"""What a shard leaves in the work folder: its rows, rejects and halves, and a marker that it is complete."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, NamedTuple

from sharegpt_argilla.corpora.run.pairing import Counts
from sharegpt_argilla.errors import InputError

SHARED = "shared.rows"
"""The rows of all shards that the process of the run itself has done. Mostly this becomes the output as it is."""


@dataclass(slots=True)
class ShardResult:
    """What became of a shard; as JSON, its completion marker.

    Attributes:
        rows: lines written.
        rows_start: where they start in the file that the shards done by this process share; -1 when they have a
            file of their own.
        rows_size: bytes of them.
        rejects_size: bytes in the rejects.
        halves_size: bytes in the halves.
        start: where its first record starts in its file, in bytes, where it is a stretch of a plain file.
        counts: what became of the records.
        first_id: id of the first row.
        rejections: file, line and reason of the first few.
    """

    rows: int = 0
    rows_start: int = -1
    rows_size: int = 0
    rejects_size: int = 0
    halves_size: int = 0
    start: int = 0
    counts: Counts = field(default_factory=Counts)
    first_id: str = ""
    rejections: list[tuple[str, int, str]] = field(default_factory=list)

    def dump(self) -> str:
        """As JSON."""
        # asdict cannot copy a Counter on Python 3.11.
        left_out, plain = self.counts.left_out, replace(self.counts, left_out=Counter())
        document = asdict(replace(self, counts=plain))
        document["counts"]["left_out"] = dict(left_out)
        return json.dumps(document)

    @classmethod
    def load(cls, text: str) -> ShardResult:
        """From ``dump``."""
        known = json.loads(text)
        counts = Counts(**known.pop("counts"))
        counts.left_out = Counter(counts.left_out)
        rejections = [(file, line, reason) for file, line, reason in known.pop("rejections")]
        return cls(**known, counts=counts, rejections=rejections)


class Stored(NamedTuple):
    """Rows in a file: all of it, or a stretch in bytes."""

    path: Path
    start: int
    size: int


class SharedRows:
    """Takes the rows of shards that are done one after the other.

    Args:
        file: written from where it stands.
        kept: whether it is the file ``SHARED`` of the work folder; else rows cannot be found in it again.
    """

    def __init__(self, file: IO[bytes], kept: bool = False) -> None:
        self.file = file
        self._kept = kept
        self._start = file.tell() if kept else -1

    def finish(self, result: ShardResult) -> None:
        """Note where the rows of the shard that has just been done lie."""
        if self._kept:
            self.file.flush()
            os.fsync(self.file.fileno())
            end = self.file.tell()
            result.rows_start, result.rows_size = self._start, end - self._start
            self._start = end


@contextmanager
def shared_rows(folder: Path, results: Iterable[ShardResult]) -> Iterator[SharedRows]:
    """The file ``SHARED`` of a work folder, to go on behind the rows of the shards that are complete.

    Raises:
        InputError: it cannot be written.
    """
    end = max((result.rows_start + result.rows_size for result in results if result.rows_start >= 0), default=0)
    try:
        with (folder / SHARED).open("r+b" if end else "wb", buffering=1 << 15) as file:
            file.truncate(end)
            file.seek(end)
            yield SharedRows(file, kept=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class ShardFiles:
    """Where a shard lies in the work folder."""

    rows: Path
    rejects: Path
    halves: Path
    marker: Path

    @classmethod
    def of(cls, folder: str | Path, number: int) -> ShardFiles:
        """The files of the shard with that number."""
        stem = Path(folder) / f"{number:06}"
        return cls(*(stem.with_suffix(suffix) for suffix in (".rows", ".rejects", ".halves", ".done")))

    def remove(self) -> None:
        """Remove what an earlier run left of the shard."""
        for path in (self.marker, self.rows, self.rejects, self.halves):
            path.unlink(missing_ok=True)

    def result(self) -> ShardResult | None:
        """What became of the shard; None while it is not complete."""
        try:
            result = ShardResult.load(self.marker.read_text("utf-8"))
        except (OSError, ValueError, TypeError, KeyError):
            return None
        parts = ((self.rejects, result.rejects_size), (self.halves, result.halves_size))
        whole = all(size_of(path) == size for path, size in parts)
        return result if whole and self._has_rows(result) else None

    def stored(self, result: ShardResult) -> Stored:
        """Where its rows lie."""
        own = result.rows_start < 0
        return Stored(self.rows if own else self.shared, 0 if own else result.rows_start, result.rows_size)

    @property
    def shared(self) -> Path:
        """The file of rows that several shards share."""
        return self.marker.with_name(SHARED)

    def complete(self, result: ShardResult) -> None:
        """Write the completion marker."""
        result.rejects_size, result.halves_size = size_of(self.rejects), size_of(self.halves)
        if result.rows_start < 0:
            result.rows_size = size_of(self.rows)
        with part(self.marker) as file:
            file.write(result.dump().encode("utf-8"))

    def _has_rows(self, result: ShardResult) -> bool:
        path, start, size = self.stored(result)
        return size_of(path) >= start + size if path == self.shared else size_of(path) == size


@contextmanager
def part(path: Path) -> Iterator[IO[bytes]]:
    """A file of a shard. It takes its name when the block ends well, two workers at one do not meet."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with draft.open("wb", buffering=1 << 15) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def size_of(path: Path) -> int:
    """Bytes of a file; 0 when it is not there."""
    return path.stat().st_size if path.exists() else 0
