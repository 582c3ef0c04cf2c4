"""JSON records out of a file of any shape, in flat memory, with damage kept apart.

An array, JSON Lines and objects one after the other, pretty-printed or compact, are read by one loop: between
records, white space, commas and square brackets mean nothing. The name of a file is not asked: corpora carry
``.json`` on JSON Lines and ``.jsonl`` on arrays.

Where a record ends is guessed from the layout, and the guess is proved by decoding: an object that starts at a
place has one end only. What no guess fits is read the slow way, by ``damage.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from sharegpt_argilla.corpora.reading.compression import open_bytes
from sharegpt_argilla.corpora.reading.damage import CUT_OFF, Fault, Scanner, decode_object
from sharegpt_argilla.corpora.reading.found import Damaged, Located
from sharegpt_argilla.corpora.reading.window import Readable, Window
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.jsonl import STANDARD_STREAM

__all__ = [
    "CHUNK",
    "CUT_OFF",
    "LONGEST_RECORD",
    "Damaged",
    "JsonReader",
    "Located",
    "first_record",
    "read_records",
]

CHUNK = 1 << 20
"""Bytes read at a time."""
LONGEST_RECORD = 64 << 20
"""Characters after which a record that does not end is given up; 60 times the longest seen in ShareGPT V3."""

_SEPARATORS = re.compile(rb"(?:[ \t\r\n,\[\]]|\xef\xbb\xbf)*")
_PRETTY = re.compile(rb"\{[ \t]*\r?\n")
_KEY = re.compile(rb'\{[ \t]*"[^"\\]{1,64}"[ \t]*:')
_AFTER_RECORD = b" \t\r\n,[]"
_BEYOND_64_BITS = 9.2e18
"""orjson gives integers beyond 64 bits as floats, which are this large then."""
_BRACE = ord("{")
_BORDER_CHUNK = 1 << 16
"""Bytes read at a time when a border is looked for: mostly one record."""


def read_records(
    path: str | Path,
    is_record: Callable[[object], bool],
    start_line: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Located | Damaged]:
    """Every record of a file, and every stretch of it that holds none, in order.

    After damage, reading goes on at the next object that ``is_record`` accepts, so that one damaged record costs
    no other.

    Args:
        path: a file, or ``-`` for standard input.
        is_record: whether a value has the outline of a record.
        start_line: 1-based line to start at; inside a record, the rest of that record is passed over.
        progress: is given the number of bytes after each read.

    Raises:
        InputError: the file cannot be read.
    """
    name = "<stdin>" if str(path) == STANDARD_STREAM else str(path)
    with open_bytes(path) as file:
        try:
            reader = JsonReader(file, name, is_record, progress=progress)
            if start_line > 1:
                reader.skip_lines(start_line - 1)
            yield from reader.records()
        except OSError as error:
            raise InputError(f"{name}: cannot be read: {error.strerror}") from error


def first_record(file: BinaryIO, offset: int, is_record: Callable[[object], bool]) -> int:
    """Where the first record at or after a place in a file starts; the end of what was read without one in reach.

    Two shards that meet near ``offset`` ask this for their common border, so each record is in one of them.

    Args:
        file: a file that can seek.
        offset: bytes from its start.
        is_record: whether a value has the outline of a record.
    """
    file.seek(offset)
    scanner = Scanner(Window(file, offset, _BORDER_CHUNK), is_record, LONGEST_RECORD)
    return offset + scanner.size(scanner.next_record(0))


class JsonReader:
    """Reads the records of one stream, or those that start in one stretch of it.

    Args:
        file: read from where it stands.
        name: stands in what is found.
        is_record: whether a value has the outline of a record.
        start: offset in the whole file of where ``file`` stands.
        stop: offset of the first record that is not wanted any more; None for all.
        line: 1-based line of where ``file`` stands.
        progress: is given the number of bytes after each read.
    """

    def __init__(
        self,
        file: Readable,
        name: str,
        is_record: Callable[[object], bool],
        *,
        start: int = 0,
        stop: int | None = None,
        line: int = 1,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._window = Window(file, start, CHUNK, progress)
        self._window.line = line
        self._name = name
        self._is_record = is_record
        self._stop = stop
        self._indent = b""
        self._closing: re.Pattern[bytes] | None = None
        self._guesses = [self._pretty, self._line, self._compact]

    @property
    def line(self) -> int:
        """1-based line of the current place."""
        return self._window.line

    def skip_lines(self, count: int) -> None:
        """Pass over lines; then, inside a record, over the rest of it.

        A record or an array starts a line only at its first column, in every layout that corpora use.
        """
        window = self._window
        window.skip_lines(count)
        if window.at == len(window.data):
            window.more()
        if window.data[window.at : window.at + 1] not in {b"{", b"["}:
            scanner = self._scanner()
            window.advance(window.at + scanner.size(scanner.next_record(0)))

    def records(self) -> Iterator[Located | Damaged]:
        """Every record, and every stretch that holds none, in order."""
        window, name = self._window, self._name
        while self._to_next():
            if self._stop is not None and window.position >= self._stop:
                return
            line = window.line
            data, value = self._quick()
            if data:
                window.advance(window.at + len(data))
                yield Located(name, line, data, value)
            else:
                yield self._slow()

    def _to_next(self) -> bool:
        """Move past the separators; False at the end of the file."""
        window = self._window
        while True:
            separators = _SEPARATORS.match(window.data, window.at)
            window.advance(separators.end() if separators else window.at)
            rest = len(window.data) - window.at
            # Three bytes, because a byte order mark may lie half in what was read.
            if rest >= 3 or not window.more():
                return rest > 0

    def _quick(self) -> tuple[bytes, Any]:
        """The text and the value of the record here; no text when the guesses do not fit."""
        if self._window.data[self._window.at] == _BRACE:
            for place, guess in enumerate(self._guesses):
                data = guess()
                if data and (value := _value(data)) is not None:
                    if place:
                        self._guesses.insert(0, self._guesses.pop(place))
                    return data, value
        return b"", None

    def _slow(self) -> Located | Damaged:
        window, line = self._window, self._window.line
        value, size = self._scanner().record()
        data = window.data[window.at : window.at + size]
        window.advance(window.at + size)
        if isinstance(value, Fault):
            return Damaged(self._name, line, data.rstrip(), value.reason)
        return Located(self._name, line, data, value)

    def _scanner(self) -> Scanner:
        return Scanner(self._window, self._is_record, LONGEST_RECORD)

    def _pretty(self) -> bytes:
        """Up to the closing brace that stands as deep as the opening one: no string holds a line break."""
        window = self._window
        if not _PRETTY.match(window.data, window.at):
            return b""
        before = window.data[window.data.rfind(b"\n", 0, window.at) : window.at]
        if before != self._indent and before.startswith(b"\n") and before.isspace():
            # A pattern is found in half the time of bytes.find.
            self._indent, self._closing = before, re.compile(re.escape(before + b"}"))
        if self._closing is None:
            return b""
        searched = window.at
        while (closing := self._closing.search(window.data, searched)) is None:
            searched = max(0, len(window.data) - window.at - len(self._indent) - 1)
            if searched > LONGEST_RECORD or not window.more():
                return b""
        return window.data[window.at : closing.end()]

    def _line(self) -> bytes:
        """Up to the end of the line, if that is near."""
        window = self._window
        while (end := window.data.find(b"\n", window.at, window.at + CHUNK)) < 0:
            if len(window.data) - window.at >= CHUNK:
                return b""
            if not window.more():
                end = len(window.data)
                break
        return window.data[window.at : end].rstrip(_AFTER_RECORD)

    def _compact(self) -> bytes:
        """Up to the next object that starts with the same key, if that is near."""
        window = self._window
        key = _KEY.match(window.data, window.at)
        if key is None:
            return b""
        while (end := window.data.find(key[0], window.at + 1, window.at + CHUNK)) < 0:
            if len(window.data) - window.at >= CHUNK:
                return b""
            if not window.more():
                end = len(window.data)
                break
        return window.data[window.at : end].rstrip(_AFTER_RECORD)


def _value(data: bytes) -> dict[str, Any] | None:
    """The object that ``data`` is; None when it is not exactly one."""
    try:
        value: dict[str, Any] = orjson.loads(data)
        if not _may_be_rounded(value.values()):
            return value
    except (ValueError, RecursionError):
        pass
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    found = decode_object(text)
    return None if isinstance(found, Fault) or found[1] < len(text) else found[0]


def _may_be_rounded(values: Iterable[Any]) -> bool:
    """Whether a number among the values may be an integer that orjson rounded."""
    for value in values:
        kind = type(value)
        if kind is str:
            continue
        if kind is list or kind is dict:
            if _may_be_rounded(value if kind is list else value.values()):
                return True
        elif kind is float and not -_BEYOND_64_BITS < value < _BEYOND_64_BITS:
            return True
    return False
