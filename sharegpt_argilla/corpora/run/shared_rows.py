"""The file of rows that several shards share: mostly the output, which only has to take its name in the end.

The process of a run writes the rows of its own shards there, one shard after the other. What workers wrote to
files of their own it moves there while they convert other shards.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sharegpt_argilla.corpora.run.shard_results import BUFFER, SHARED, ShardFiles, ShardResult, StoredRows
from sharegpt_argilla.errors import InputError

_BLOCK = 1 << 20
_AT_ONCE = 1 << 30


class SharedRows:
    """Takes the rows of shards that are converted one after the other.

    Args:
        file: written from its current offset on.
        kept: whether it is the file ``SHARED`` of the work folder; else rows cannot be read from it again.
    """

    def __init__(self, file: IO[bytes], kept: bool = False) -> None:
        self.file = file
        self._kept = kept
        self._start = file.tell() if kept else -1

    def finish(self, result: ShardResult) -> None:
        """Record where the rows of the shard that was just converted are stored."""
        if self._kept:
            self.file.flush()
            os.fsync(self.file.fileno())
            end = self.file.tell()
            result.rows_start, result.rows_size, result.boot = self._start, end - self._start, ""
            self._start = end


@contextmanager
def shared_rows(folder: Path, results: Iterable[ShardResult]) -> Iterator[SharedRows]:
    """The file ``SHARED`` of a work folder, to be continued after the rows of the shards that are complete.

    Raises:
        InputError: it cannot be written.
    """
    end = max((result.rows_start + result.rows_size for result in results if result.rows_start >= 0), default=0)
    try:
        with (folder / SHARED).open("r+b" if end else "wb", buffering=BUFFER) as file:
            file.truncate(end)
            file.seek(end)
            yield SharedRows(file, kept=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from error


class RowsMover:
    """Moves the rows of shards from their own files to the shared one, in the order of the output.

    Args:
        folder: the work folder.
        numbers: of all shards of the run, in order.
        before: the shards that are converted already.
        shared: the file ``SHARED``, after the rows of these.
    """

    def __init__(
        self, folder: Path, numbers: Iterable[int], before: Mapping[int, ShardResult], shared: SharedRows
    ) -> None:
        self._folder = folder
        self._shared = shared
        there = {number for number, result in before.items() if result.rows_start >= 0}
        rest = [number for number in numbers if number not in there]
        # Rows after a gap cannot be moved back: then all of them are copied in the end, and none has to be now.
        self._rest = rest if not rest or all(number < rest[0] for number in there) else []
        self._rest.reverse()
        self._complete = set(before)

    def move(self, number: int) -> None:
        """Move the rows of a shard that was completed, when it is their turn, and those that waited for them.

        Raises:
            InputError: they cannot be read or written.
        """
        self._complete.add(number)
        try:
            while self._rest and self._rest[-1] in self._complete and self._move(self._rest[-1]):
                self._complete.remove(self._rest.pop())
        except OSError as error:
            raise InputError(f"{self._folder}: cannot be written: {error.strerror or error}") from error

    def _move(self, number: int) -> bool:
        """Move the rows of a shard; returns whether its files are there, which another host may have written."""
        files = ShardFiles.of(self._folder, number)
        result = files.result()
        if result is None:
            return False
        with files.rows.open("rb") as source:
            copy_rows(source, files.stored(result), self._shared.file)
        self._shared.finish(result)
        files.complete(result)
        files.rows.unlink()
        return True


def copy_rows(source: IO[bytes], rows: StoredRows, target: IO[bytes]) -> None:
    """Copy stored rows to the end of a file; by the system, which does not look at them, where that is possible.

    Raises:
        InputError: their file has become shorter.
    """
    target.flush()
    at, end = rows.start, rows.start + rows.size
    try:
        while at < end and (sent := os.sendfile(target.fileno(), source.fileno(), at, min(end - at, _AT_ONCE))):
            at += sent
    except (OSError, AttributeError):
        # Not between these two, or not on this system.
        source.seek(at)
        while at < end and (block := source.read(min(end - at, _BLOCK))):
            target.write(block)
            at += len(block)
    if at < end:
        raise InputError(f"{rows.path}: lacks {end - at:,} bytes; run the same command again")
