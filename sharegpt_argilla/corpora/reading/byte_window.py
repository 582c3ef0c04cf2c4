"""A moving window on a stream of bytes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import IOBase
from typing import BinaryIO, Protocol, cast

_BLOCK = 1 << 18
"""Bytes read at a time where line breaks are counted."""


class Readable(Protocol):
    """What has ``read``."""

    def read(self, size: int = -1, /) -> bytes:
        """So many bytes; fewer near the end, none at the end."""


def line_breaks(file: BinaryIO, start: int, stop: int) -> int:
    """How many there are between two offsets of a file; its position is another one afterwards."""
    file.seek(start)
    count = 0
    while start < stop and (block := file.read(min(_BLOCK, stop - start))):
        count += block.count(b"\n")
        start += len(block)
    return count


class Window:
    """The bytes from the current position on, as far as they were read.

    Lines are counted when they are asked for: mostly nobody asks, and it takes a third as long as decoding. A file
    is read again for it; of a stream, what is given up is counted first.

    Args:
        file: read from its current position.
        start: offset of that position in the whole file.
        chunk: bytes read at a time.
        progress: is given the number of bytes after each read.
        line: 1-based line of that position.

    Attributes:
        data: bytes; the current position is ``at`` in them.
        at: index in ``data``.
        ended: nothing follows ``data``.
    """

    def __init__(
        self, file: Readable, start: int, chunk: int, progress: Callable[[int], None] | None = None, line: int = 1
    ) -> None:
        self.data = b""
        self.at = 0
        self.ended = False
        self._first = self._known = start, line
        self._file = file
        self._again = cast("BinaryIO", file) if isinstance(file, IOBase) and file.seekable() else None
        self._shift = self._again.tell() - start if self._again is not None else 0
        self._base = start
        self._chunk = chunk
        self._progress = progress

    @property
    def position(self) -> int:
        """Offset of the current position in the whole file."""
        return self._base + self.at

    @property
    def line(self) -> int:
        """1-based line of the current position."""
        return self._line_of(self.position)

    def line_for_later(self) -> Callable[[], int]:
        """What gives the 1-based line of the position that is the current one now."""
        if self._again is None:
            line = self.line
            return lambda: line
        return partial(self._line_of, self.position)

    def _line_of(self, position: int) -> int:
        """1-based line at an offset of the whole file that is not beyond ``data``."""
        offset, line = self._known if self._known[0] <= position else self._first
        if offset < self._base and self._again is not None:
            here, given_up = self._again.tell(), min(position, self._base)
            line += line_breaks(self._again, offset + self._shift, given_up + self._shift)
            self._again.seek(here)
            offset = given_up
        if offset < position:
            line += self.data.count(b"\n", offset - self._base, position - self._base)
        self._known = position, line
        return line

    def more(self) -> bool:
        """Read on, twice as much each time from the same position; False at the end of the file.

        What is before the current position is dropped, so ``at`` is 0 then.
        """
        if self.ended:
            return False
        if self._again is None:
            self._line_of(self.position)
        rest = self.data[self.at :]
        read = self._file.read(max(self._chunk, len(rest)))
        self._base += self.at
        self.data, self.at = rest + read if rest else read, 0
        self.ended = not read
        if self._progress is not None:
            self._progress(len(read))
        return not self.ended

    def skip_lines(self, count: int) -> None:
        """Skip so many lines; to the end of the file when it has no more."""
        for _ in range(count):
            while (end := self.data.find(b"\n", self.at)) < 0:
                self.at = len(self.data)
                if not self.more():
                    return
            self.at = end + 1
