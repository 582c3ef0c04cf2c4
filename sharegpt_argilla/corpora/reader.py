"""JSON records out of a file of any shape, in flat memory, with damage kept apart.

An array, JSON Lines and objects one after the other, pretty-printed or compact, are read by one loop: between
records, white space, commas and square brackets mean nothing. The name of a file is not asked: corpora carry
``.json`` on JSON Lines and ``.jsonl`` on arrays.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from sharegpt_argilla.errors import InputError
from sharegpt_argilla.jsonl import STANDARD_STREAM, open_input

CHUNK = 1 << 20
"""Bytes read at a time."""
LONGEST_RECORD = 64 << 20
"""Characters after which a record that does not end is given up; 60 times the longest seen in ShareGPT V3."""
CUT_OFF = "the file ends inside the record that starts here; it was cut off"
TOO_DEEP = "JSON nested too deeply"

_SEPARATORS = re.compile(r"[ \t\r\n,\[\]\ufeff]*")
_OBJECT_START = re.compile(r'\{(?=[ \t\r\n]*(?:"|\Z))')
_OBJECT_END_OR_LINE_END = re.compile(r"[}\n]|\Z")
_UNDECODED = re.compile("[\udc80-\udcff]")
_REST_OF_TOKEN = re.compile(r"[\\\w.+-]*\s*")
_LONGEST_TOKEN = 12
"""An error this near to the end of what was read may be half a literal (``-Infinity``) or escape."""


@dataclass(frozen=True, slots=True)
class Located:
    """A JSON object and where it starts: the file, the 1-based line, and its text there."""

    file: str
    line: int
    raw: str
    value: Any


@dataclass(frozen=True, slots=True)
class Damaged:
    """Text that is no JSON object, and why; ``line`` is where it starts."""

    file: str
    line: int
    raw: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Fault:
    reason: str
    at: int
    incomplete: bool = False


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
    with open_input(path) as file:
        try:
            # Below the text layer, so that one record with bytes that are not UTF-8 does not end the reading.
            reader = _Reader(cast("TextIO", file).buffer, name, is_record, progress)
            reader.skip_lines(start_line - 1)
            yield from reader.records()
        except OSError as error:
            raise InputError(f"{name}: cannot be read: {error.strerror}") from error


class _Reader:
    """A window on the file: ``text`` from the current place ``at``, which is on line ``line``."""

    def __init__(
        self,
        file: BinaryIO,
        name: str,
        is_record: Callable[[object], bool],
        progress: Callable[[int], None] | None,
    ) -> None:
        self._file = file
        self._name = name
        self._is_record = is_record
        self._progress = progress
        self._scan = json.JSONDecoder(parse_float=_finite, parse_constant=_not_finite).raw_decode
        self._text = ""
        self._at = 0
        self._line = 1
        self._ended = False
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()

    def records(self) -> Iterator[Located | Damaged]:
        while self._to_next():
            found = self._decode(self._at)
            if isinstance(found, _Fault):
                yield self._damaged(found)
            else:
                yield self._located(*found)

    def skip_lines(self, count: int) -> None:
        """Pass over lines; then, inside a record, over the rest of it.

        A record or an array starts a line only at its first column, in every layout that corpora use.
        """
        while self._line <= count and not (self._ended and self._at == len(self._text)):
            end = self._text.find("\n", self._at)
            if end >= 0:
                self._at = end + 1
                self._line += 1
            else:
                self._text, self._at = "", 0
                self._read(CHUNK)
        while count and self._at == len(self._text) and not self._ended:
            self._read(CHUNK)
        if count and not self._text.startswith(("{", "["), self._at):
            self._advance(self._next_record(self._at))

    def _to_next(self) -> bool:
        """Move past the separators; False at the end of the file."""
        while True:
            separators = _SEPARATORS.match(self._text, self._at)
            self._advance(separators.end() if separators else self._at)
            if self._at > CHUNK:
                self._text, self._at = self._text[self._at :], 0
            if self._at < len(self._text):
                return True
            if self._ended:
                return False
            self._read(CHUNK)

    def _decode(self, start: int) -> tuple[Any, int] | _Fault:
        """The object that starts at ``start`` and where it ends, reading on as long as it is incomplete."""
        while True:
            fault = self._try_decode(start)
            if not isinstance(fault, _Fault) or not fault.incomplete or self._ended:
                return fault
            if len(self._text) - start > LONGEST_RECORD:
                return _Fault(f"the record does not end within {LONGEST_RECORD >> 20} MiB", start)
            # Twice as much each time: a long record is decoded again only a few times.
            self._read(max(CHUNK, len(self._text) - start))

    def _try_decode(self, start: int) -> tuple[Any, int] | _Fault:
        if self._text[start] != "{":
            return _Fault("no JSON object starts here", start)
        try:
            return self._scan(self._text, start)
        except json.JSONDecodeError as error:
            reason = f"not valid JSON: {error.msg} (character {error.pos - start + 1} of the record)"
            # The position of an unterminated string is its start; what is missing is missing at the end.
            at = len(self._text) if error.msg.startswith("Unterminated string") else error.pos
            return _Fault(reason, at, incomplete=at > len(self._text) - _LONGEST_TOKEN)
        except RecursionError:
            return _Fault(TOO_DEEP, start)
        except ValueError:
            # Python refuses integers of more than 4300 digits.
            return _Fault("a number in the record has too many digits", start)

    def _located(self, value: Any, end: int) -> Located | Damaged:
        raw, line = self._text[self._at : end], self._line
        self._advance(end)
        if self._decoder.errors != "strict" and _UNDECODED.search(raw):
            return Damaged(self._name, line, raw, "the record holds bytes that are not UTF-8")
        return Located(self._name, line, raw, value)

    def _damaged(self, fault: _Fault) -> Damaged:
        start, line = self._at, self._line
        nothing_follows = fault.incomplete and _REST_OF_TOKEN.fullmatch(self._text, fault.at)
        end = self._next_record(start + 1)
        cut_off = nothing_follows and end == len(self._text)
        raw = self._text[start:end].rstrip()
        self._advance(end)
        return Damaged(self._name, line, raw, CUT_OFF if cut_off else fault.reason)

    def _next_record(self, at: int) -> int:
        """Where the next record starts; the end of what was read when there is none within reach."""
        start = self._at
        while True:
            match = _OBJECT_START.search(self._text, at)
            if match is None:
                at = len(self._text)
                if self._ended or at - start > LONGEST_RECORD:
                    return at
                self._read(CHUNK)
                continue
            found = self._decode(match.start())
            if isinstance(found, _Fault):
                at = match.start() + 1
                if found.reason == TOO_DEEP and (end := _OBJECT_END_OR_LINE_END.search(self._text, at)):
                    # The objects inside are as deep. Trying each of them would take quadratic time.
                    at = end.start()
            elif self._is_record(found[0]):
                return match.start()
            else:
                at = found[1]

    def _advance(self, to: int) -> None:
        self._line += self._text.count("\n", self._at, to)
        self._at = to

    def _read(self, size: int) -> None:
        """Read ``size`` bytes more. From the first that are not UTF-8 on, such bytes become lone surrogates."""
        data = self._file.read(size)
        self._ended = len(data) < size
        try:
            text = self._decoder.decode(data, self._ended)
        except UnicodeDecodeError:
            self._decoder.errors = "surrogateescape"
            text = self._decoder.decode(data, self._ended)
        self._text += text
        if self._progress is not None:
            self._progress(len(data))


def _finite(digits: str) -> float | None:
    """A number; None for one beyond the range of a double, which JSON could not write back."""
    number = float(digits)
    return number if math.isfinite(number) else None


def _not_finite(_name: str) -> None:
    """NaN and Infinity, which Python reads and JSON does not know, count as null."""
