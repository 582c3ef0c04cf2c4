"""The files of a run: rows in one file or in several of a limited size, and rejects."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO

from sharegpt_argilla.common.jsonl import STANDARD_STREAM, open_bytes_output
from sharegpt_argilla.common.object_storage import is_remote
from sharegpt_argilla.corpora.run.run_plan import check_max_size
from sharegpt_argilla.corpora.run.shard_results import StoredRows
from sharegpt_argilla.corpora.run.shared_rows import copy_rows
from sharegpt_argilla.errors import InputError, UsageError


class RowsWriter:
    """Writes lines to ``rows.jsonl``, then ``rows.1.jsonl``, ``rows.2.jsonl``… when a file is full.

    All of them take their names when the block ends well, and none does otherwise.

    Args:
        path: the first file, or ``-`` for standard output.
        max_size: bytes that a file may have; None for any number.

    Attributes:
        paths: the files so far.

    Raises:
        UsageError: ``max_size`` is given for standard output, is not positive, or is less than one line.
        InputError: a file cannot be written.
    """

    def __init__(self, path: str | Path, max_size: int | None = None) -> None:
        check_max_size(path, max_size)
        self.paths: list[str] = []
        self._first = path
        self._max_size = max_size
        self._size = 0
        self._open = ExitStack()
        self._file: IO[bytes] | None = None

    def write(self, line: str) -> None:
        """Write one line; ``line`` has no line break."""
        self._write(line.encode("utf-8") + b"\n")

    def append(self, rows: StoredRows) -> None:
        """Write stored lines, as they are; line by line only where a file gets full."""
        with rows.path.open("rb") as source:
            if self._max_size is None or self._size + rows.size <= self._max_size:
                copy_rows(source, rows, self._file or self._next_file())
                self._size += rows.size
                return
            source.seek(rows.start)
            rest = rows.size
            while rest > 0:
                line = source.readline()
                rest -= len(line)
                self._write(line)

    def __enter__(self) -> RowsWriter:
        self._next_file()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._open.__exit__(kind, error, trace)

    def _write(self, line: bytes) -> None:
        if self._max_size is not None:
            self._make_room(len(line), self._max_size)
        (self._file or self._next_file()).write(line)

    def _make_room(self, size: int, max_size: int) -> None:
        if size > max_size:
            raise UsageError(f"maximum size {max_size:,} bytes: one row alone has {size:,}")
        if self._size + size > max_size:
            self._next_file()
        self._size += size

    def _next_file(self) -> IO[bytes]:
        path = str(self._first)
        if self.paths:
            folder, slash, name = path.rpartition("/")
            path = f"{folder}{slash}{Path(name).stem}.{len(self.paths)}{Path(name).suffix}"
            if is_remote(path) and self._file is not None:
                # What is left of it is sent, and not kept in memory until the end.
                self._file.close()
        self._file = self._open.enter_context(open_bytes_output(path))
        self.paths.append(path)
        self._size = 0
        return self._file


def write_rows(target: str, rows: Sequence[StoredRows], max_size: int | None) -> list[str]:
    """Join stored rows under the name of the output, which appears whole or not at all.

    A file whose rows come first, in their order, as after a run in one process, becomes the output itself; only
    the rows in other files are copied.

    Args:
        target: the output, or ``-`` for standard output.
        rows: in order.
        max_size: as ``RowsWriter``.

    Returns:
        The files written.

    Raises:
        UsageError, InputError: as ``RowsWriter``.
    """
    fits = max_size is None or sum(each.size for each in rows) <= max_size
    local = target != STANDARD_STREAM and not is_remote(target)
    if local and fits and (count := _at_the_beginning(rows)):
        _adopt(Path(target), rows, count)
        return [target]
    with RowsWriter(target, max_size) as writer:
        for each in rows:
            writer.append(each)
    return writer.paths


def _at_the_beginning(rows: Sequence[StoredRows]) -> int:
    """How many of the first are the beginning of a file that contains none of the others."""
    end = count = 0
    for each in rows:
        if (each.path, each.start) != (rows[0].path, end):
            break
        end, count = end + each.size, count + 1
    return 0 if any(each.path == rows[0].path for each in rows[count:]) else count


def _adopt(target: Path, rows: Sequence[StoredRows], count: int) -> None:
    """Make the file of the first ``count`` the output, with the others after them."""
    path, end = rows[0].path, sum(each.size for each in rows[:count])
    try:
        with path.open("r+b") as file:
            file.truncate(end)
            file.seek(end)
            for each in rows[count:]:
                with each.path.open("rb") as source:
                    copy_rows(source, each, file)
            file.flush()
            os.fsync(file.fileno())
        path.replace(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror}") from error


def write_rejects(path: Path, stored: Sequence[tuple[Path, int]]) -> None:
    """Join the rejects of the shards in one file, their line numbers counted from the start of the input.

    Args:
        path: the file.
        stored: files of rejects, in order, each with what its line numbers lack.

    Raises:
        InputError: the file cannot be written.
    """
    with open_bytes_output(path) as target:
        for part, lacking in stored:
            with part.open("rb") as source:
                for line in source:
                    target.write(_with_line(line, lacking) if lacking else line)


def _with_line(line: bytes, lacking: int) -> bytes:
    reject = json.loads(line)
    reject["line"] += lacking
    return json.dumps(reject).encode("ascii") + b"\n"
