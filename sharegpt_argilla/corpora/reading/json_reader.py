"""JSON records out of a file of any shape, in flat memory, with damaged text kept apart.

An array, JSON Lines and objects one after the other, pretty-printed or compact, are read by one loop: between
records, white space, commas and square brackets mean nothing. The name of a file is not asked: corpora carry
``.json`` on JSON Lines and ``.jsonl`` on arrays.

Where a record ends is guessed from the layout, and the guess is proved by decoding: an object that starts at an
offset has one end only. What no guess fits is read the slow way, by ``json_recovery.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from sharegpt_argilla.common.jsonl import STANDARD_STREAM
from sharegpt_argilla.corpora.reading.base import Damaged, Located
from sharegpt_argilla.corpora.reading.byte_window import Readable, Window
from sharegpt_argilla.corpora.reading.compression import open_bytes
from sharegpt_argilla.corpora.reading.json_recovery import CUT_OFF, Fault, Scanner, decode_object
from sharegpt_argilla.errors import InputError

_decode = msgspec.json.Decoder().decode
"""As Python's json, integers of any size included; a number beyond the range of a double is an error."""
_START = re.compile(rb'\{[ \t\r\n]*"[^"\\]{1,64}"[ \t\r\n]*:')


class Batch:
    """Records that lay side by side.

    Args:
        values: the objects.
        line: gives the 1-based line that the first of them starts on, while the file is open.
        again: reads them again, one by one, given that line.

    Attributes:
        values: as given, exact as Python's json has them.
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
        """Each of them by itself, with its line and text."""
        if not self._records:
            self._records = self._again(self.locate())
        return self._records


class BatchDecoder:
    """Cuts batches out of a window.

    After a failure some of the text is left to others before the next try, twice as much each time, so that text
    in which no try succeeds is not decoded twice.

    Args:
        window: its current position is the start of a record at each call.
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
    values: list[Any] = _decode(b"".join((b"[", data, b"]")))
    return values


def _lines(data: bytes) -> list[Any]:
    return [_decode(line) for line in data.split(b"\n")]


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

CHUNK = 1 << 17
"""Bytes read at a time: what of it is decoded and written stays in the processor's cache."""
NEAR = 8
"""Chunks within which the end of a line, and the next record of a compact file, are looked for."""
LONGEST_RECORD = 64 << 20
"""Characters after which a record that does not end is given up; 60 times the longest seen in ShareGPT V3."""

_SEPARATORS = re.compile(rb"(?:[ \t\r\n,\[\]]|\xef\xbb\xbf)*")
_PRETTY = re.compile(rb"\{[ \t]*\r?\n")
_KEY = re.compile(rb'\{[ \t]*"[^"\\]{1,64}"[ \t]*:')
_AFTER_RECORD = b" \t\r\n,[]"
_BRACE = ord("{")
_BORDER_CHUNK = 1 << 16
"""Bytes read at a time when a border is looked for: mostly one record."""


def read_records(
    path: str | Path,
    is_record: Callable[[object], bool],
    start_line: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Located | Damaged]:
    """Every record of a file, and every stretch of it that contains none, in order.

    After damaged text, reading continues at the next object that ``is_record`` accepts, so that one damaged record
    costs no other.

    Args:
        path: a file, or ``-`` for standard input.
        is_record: whether a value has the outline of a record.
        start_line: 1-based line to start at; inside a record, the rest of that record is skipped.
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
    """Where the first record at or after an offset starts; the end of what was read without one in reach.

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
        file: read from its current position.
        name: the name of the file in what is read.
        is_record: whether a value has the outline of a record.
        start: offset in the whole file of the position of ``file``.
        stop: offset of the first record that is not wanted any more; None for all.
        line: 1-based line of that position.
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
        self._window = Window(file, start, CHUNK, progress, line)
        self._name = name
        self._is_record = is_record
        self._stop = stop
        self._indent = b""
        self._closing: re.Pattern[bytes] | None = None
        self._guesses = [self._pretty, self._line, self._compact]

    @property
    def line(self) -> int:
        """1-based line of the current position."""
        return self._window.line

    def skip_lines(self, count: int) -> None:
        """Skip lines; then, inside a record, skip the rest of it.

        A record or an array starts a line only at its first column, in every layout that corpora use.
        """
        window = self._window
        window.skip_lines(count)
        if window.at == len(window.data):
            window.more()
        if window.data[window.at : window.at + 1] not in {b"{", b"["}:
            scanner = self._scanner()
            # Looking for it may read on, which moves the index of the current position.
            size = scanner.size(scanner.next_record(0))
            window.at += size

    def records(self) -> Iterator[Located | Damaged]:
        """Every record, and every stretch that contains none, in order."""
        while self._to_next():
            yield self._one()

    def batches(self) -> Iterator[Batch | Located | Damaged]:
        """The same, with many records at a time where the text allows that."""
        window = self._window
        decoder = BatchDecoder(window, NEAR * CHUNK, self._stop)
        while self._to_next():
            data, values = decoder.next()
            if values:
                line, again = window.line_for_later(), partial(self._again, data)
                window.at += len(data)
                yield Batch(values, line, again)
            else:
                yield self._one()

    def _again(self, data: bytes, line: int) -> list[Located]:
        """The records of a batch, one by one."""
        reader = JsonReader(BytesIO(data), self._name, self._is_record, line=line)
        return [record for record in reader.records() if isinstance(record, Located)]

    def _to_next(self) -> bool:
        """Move past the separators; False when no record that is wanted follows."""
        return self._past_separators() and (self._stop is None or self._window.position < self._stop)

    def _past_separators(self) -> bool:
        window = self._window
        while True:
            separators = _SEPARATORS.match(window.data, window.at)
            window.at = separators.end() if separators else window.at
            rest = len(window.data) - window.at
            # Three bytes, because a byte order mark may be half in what was read.
            if rest >= 3 or not window.more():
                return rest > 0

    def _one(self) -> Located | Damaged:
        window, line = self._window, self._window.line
        data, value = self._guessed()
        if not data:
            return self._slow()
        window.at += len(data)
        return Located(self._name, line, data, value)

    def _guessed(self) -> tuple[bytes, Any]:
        """The text and the value of the record here; no text when the guesses do not fit."""
        if self._window.data[self._window.at] == _BRACE:
            for number, guess in enumerate(self._guesses):
                data = guess()
                if data and (value := _value(data)) is not None:
                    if number:
                        self._guesses.insert(0, self._guesses.pop(number))
                    return data, value
        return b"", None

    def _slow(self) -> Located | Damaged:
        window, line = self._window, self._window.line
        value, size = self._scanner().record()
        data = window.data[window.at : window.at + size]
        window.at += size
        if isinstance(value, Fault):
            return Damaged(self._name, line, data.rstrip(), value.reason)
        return Located(self._name, line, data, value)

    def _scanner(self) -> Scanner:
        return Scanner(self._window, self._is_record, LONGEST_RECORD)

    def _pretty(self) -> bytes:
        """Up to the closing brace as deep as the opening one: no string contains a line break."""
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
        while (end := window.data.find(b"\n", window.at, window.at + NEAR * CHUNK)) < 0:
            if len(window.data) - window.at >= NEAR * CHUNK:
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
        while (end := window.data.find(key[0], window.at + 1, window.at + NEAR * CHUNK)) < 0:
            if len(window.data) - window.at >= NEAR * CHUNK:
                return b""
            if not window.more():
                end = len(window.data)
                break
        return window.data[window.at : end].rstrip(_AFTER_RECORD)


def _value(data: bytes) -> dict[str, Any] | None:
    """The object that ``data`` is; None when it is not exactly one."""
    with suppress(ValueError, RecursionError):
        value: dict[str, Any] = _decode(data)
        return value
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    found = decode_object(text)
    return None if isinstance(found, Fault) or found[1] < len(text) else found[0]
