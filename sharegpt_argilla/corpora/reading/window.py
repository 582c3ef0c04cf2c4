"""A moving window on a stream of bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Readable(Protocol):
    """What has ``read``."""

    def read(self, size: int = -1, /) -> bytes:
        """So many bytes; fewer near the end, none at the end."""


class Window:
    """The bytes from the current place on, as far as they were read.

    Args:
        file: read from where it stands.
        start: offset in the whole file of where it stands.
        chunk: bytes read at a time.
        progress: is given the number of bytes after each read.

    Attributes:
        data: bytes; the current place is ``at`` in them.
        at: index in ``data``.
        line: 1-based line of the current place; 1 where reading began, unless it is set.
        ended: nothing follows ``data``.
    """

    def __init__(
        self, file: Readable, start: int, chunk: int, progress: Callable[[int], None] | None = None
    ) -> None:
        self.data = b""
        self.at = 0
        self.line = 1
        self.ended = False
        self._file = file
        self._base = start
        self._chunk = chunk
        self._progress = progress

    @property
    def position(self) -> int:
        """Offset of the current place in the whole file."""
        return self._base + self.at

    def advance(self, to: int) -> None:
        """Move on to index ``to`` of ``data``."""
        self.line += self.data.count(b"\n", self.at, to)
        self.at = to

    def more(self) -> bool:
        """Read on, twice as much each time from the same place; False at the end of the file.

        What lies before the current place is given up, so ``at`` is 0 then.
        """
        if self.ended:
            return False
        rest = self.data[self.at :]
        read = self._file.read(max(self._chunk, len(rest)))
        self._base += self.at
        self.data, self.at = rest + read if rest else read, 0
        self.ended = not read
        if self._progress is not None:
            self._progress(len(read))
        return not self.ended

    def skip_lines(self, count: int) -> None:
        """Pass over so many lines; to the end of the file when it has no more."""
        for _ in range(count):
            while (end := self.data.find(b"\n", self.at)) < 0:
                self.advance(len(self.data))
                if not self.more():
                    return
            self.advance(end + 1)
