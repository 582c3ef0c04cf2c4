"""Many records decoded in one go.

Finding where each record ends takes as long as decoding it. So a stretch that begins and ends at a record is
decoded as one array, or line by line. Nothing is taken from a stretch that is not sound as a whole: that is left
to ``reader.py``, record by record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from sharegpt_argilla.corpora.reading.found import Located
from sharegpt_argilla.corpora.reading.window import Window

_START = re.compile(rb'\{[ \t\r\n]*"[^"\\]{1,64}"[ \t\r\n]*:')


class Batch:
    """Records that lay side by side.

    Args:
        values: the objects.
        line: gives the 1-based line that the first of them starts on, while the file is open.
        again: reads them again, one by one, given that line.

    Attributes:
        values: as orjson gives them, so integers beyond 64 bits may be rounded; ``records`` has them exact.
    """

    __slots__ = ("_again", "_line", "_line_of_first", "_records", "values")

    def __init__(
        self, values: list[dict[str, Any]], line: Callable[[], int], again: Callable[[int], list[Located]]
    ) -> None:
        self.values = values
        self._line_of_first = line
        self._again = again
        self._line = 0
        self._records: list[Located] = []

    def locate(self) -> int:
        """1-based line of the first of them; known from then on, when the file is closed, too."""
        self._line = self._line or self._line_of_first()
        return self._line

    @property
    def records(self) -> Sequence[Located]:
        """Each of them by itself, with its place."""
        if not self._records:
            self._records = self._again(self.locate())
        return self._records


class BatchDecoder:
    """Cuts batches out of a window.

    After a failure some of the text is left to others before the next try, twice as much each time, so that text
    in which no try succeeds is not decoded twice.

    Args:
        window: its current place is the start of a record at each call.
        longest: bytes that may be looked through for the end of a batch.
        stop: offset of the first record that is not wanted; None for all.
    """

    def __init__(self, window: Window, longest: int, stop: int | None) -> None:
        self._window = window
        self._longest = longest
        self._stop = stop
        self._ways = [_array, _lines]
        self._failures = 0
        self._next_try = 0

    def next(self) -> tuple[bytes, list[dict[str, Any]]]:
        """The text of the next batch, and the objects in it; nothing when there is none here."""
        position = self._window.position
        if position < self._next_try:
            return b"", []
        data = self._cut()
        values = self._decode(data) if data else []
        if values:
            self._failures = 0
        else:
            self._next_try = position + (max(1, len(data)) << self._failures)
            self._failures = min(self._failures + 1, 10)
        return data, values

    def _cut(self) -> bytes:
        """From here to before the last record in reach; to the end when that is in reach."""
        window = self._window
        start = _START.match(window.data, window.at)
        while start is not None:
            data, at = window.data, window.at
            end = len(data) if self._stop is None else min(len(data), at + self._stop - window.position)
            whole = window.ended or (self._stop is not None and window.position - at + end == self._stop)
            if not whole:
                end = data.rfind(start[0], at + 1)
            if end > 0:
                return data[at : data.rfind(b"}", at, end) + 1]
            if len(data) - at > self._longest:
                break
            window.more()
        return b""

    def _decode(self, data: bytes) -> list[dict[str, Any]]:
        for way in self._ways:
            try:
                values = way(data)
            except (ValueError, RecursionError):
                continue
            if set(map(type, values)) == {dict}:
                if way is not self._ways[0]:
                    self._ways.reverse()
                return values
        return []


def _array(data: bytes) -> list[Any]:
    values: list[Any] = orjson.loads(b"".join((b"[", data, b"]")))
    return values


def _lines(data: bytes) -> list[Any]:
    return [orjson.loads(line) for line in data.split(b"\n")]


def may_be_rounded(value: Any) -> bool:
    """Whether a number in the value may be an integer that orjson rounded."""
    kind = type(value)
    if kind is str:
        return False
    if kind is dict:
        return any(map(may_be_rounded, value.values()))
    if kind is list:
        return any(map(may_be_rounded, value))
    return kind is float and not -BEYOND_64_BITS < value < BEYOND_64_BITS


BEYOND_64_BITS = 9.2e18
"""orjson gives integers beyond 64 bits as floats, which are this large then."""
