"""Lines into one file, or into several of a limited size."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO

from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.jsonl import STANDARD_STREAM, open_bytes_output

LARGEST_MNBVC_FILE = 512_000_000
"""Bytes: "512 MB" of the MNBVC data check, in the reading that satisfies both."""
_BLOCK = 1 << 20
_AT_ONCE = 1 << 30


class PartsWriter:
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
        if max_size is not None and max_size < 1:
            raise UsageError(f"maximum size {max_size} is not a positive number of bytes")
        if max_size is not None and str(path) == STANDARD_STREAM:
            raise UsageError("a maximum size needs a file to write to, not standard output")
        self.paths: list[str] = []
        self._first = path
        self._max_size = max_size
        self._size = 0
        self._open = ExitStack()
        self._file: IO[bytes] | None = None

    def write(self, line: str) -> None:
        """Write one line; ``line`` has no line break."""
        self._write(line.encode("utf-8") + b"\n")

    def append(self, path: Path) -> None:
        """Write all lines of a file, as they are; line by line only where a file gets full."""
        size = path.stat().st_size
        with path.open("rb") as source:
            if self._max_size is None or self._size + size <= self._max_size:
                _copy(source, self._file or self._next_file())
                self._size += size
                return
            for line in source:
                self._write(line)

    def __enter__(self) -> PartsWriter:
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
            first = Path(path)
            path = str(first.with_name(f"{first.stem}.{len(self.paths)}{first.suffix}"))
        self._file = self._open.enter_context(open_bytes_output(path))
        self.paths.append(path)
        self._size = 0
        return self._file


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    """All of one file to the end of another; by the system, which does not look at it, where that is possible."""
    target.flush()
    try:
        while os.sendfile(target.fileno(), source.fileno(), None, _AT_ONCE):
            pass
    except (OSError, AttributeError):
        # Not between these two, or not on this system. What was sent so far is behind the place in both.
        shutil.copyfileobj(source, target, _BLOCK)
