"""JSON recovery: the record at an offset of damaged JSON if it can be read, else where the next one starts.

The slow and exact part of the reader. It reads as Python's json does, and after damaged text it continues at the
next object that is a record, so that one damaged record costs no other.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.reading.byte_window import Window

CUT_OFF = "the file ends inside the record that starts here; it was cut off"
TOO_DEEP = "JSON nested too deeply"
NOT_UTF8 = "the record contains bytes that are not UTF-8"

_OBJECT_START = re.compile(r'\{(?=[ \t\r\n]*(?:"|\Z))')
_OBJECT_END_OR_LINE_END = re.compile(r"[}\n]|\Z")
_STRING_OR_BRACKET = re.compile(r'"[^"\\]*+(?:\\(?:.|\Z)[^"\\]*+)*+(?:"|\Z)|[{}\[\]]', re.DOTALL)
_FAR = 200
"""Characters to an error from which on it is worth a look at what is open there."""
_DEEP = 500
"""Levels that are skipped at once where JSON is nested too deeply; Python's json goes down about 1,000."""
_UNDECODED = re.compile("[\udc80-\udcff]")
_REST_OF_TOKEN = re.compile(r"[\\\w.+-]*\s*")
_LONGEST_TOKEN = 12
"""An error this near to the end of what was read may be half a literal (``-Infinity``) or escape."""
_FIRST_LOOK = 1 << 13
"""Bytes decoded first; twice as many each time they do not suffice."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no object at an offset, and where that showed; ``incomplete`` when the text just ended."""

    reason: str
    at: int
    incomplete: bool = False


class Scanner:
    """The text from the current offset of a window on, decoded as far as it is needed.

    Args:
        window: stays where it is, but may read on.
        is_record: whether a value has the outline of a record.
        longest: characters after which a record that does not end is given up.
    """

    def __init__(self, window: Window, is_record: Callable[[object], bool], longest: int) -> None:
        self._window = window
        self._is_record = is_record
        self._longest = longest
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._taken = 0
        self._text = ""
        self._hopeless: set[int] = set()
        self._ended = False
        self._read()

    def record(self) -> tuple[Any, int] | tuple[Fault, int]:
        """The object at the current offset, or why there is none; and how many bytes it has."""
        decoded = self._decode(0)
        if isinstance(decoded, Fault):
            end = self.next_record(1)
            rest = decoded.incomplete and _REST_OF_TOKEN.fullmatch(self._text, decoded.at)
            # The rest may also be the first bytes of a byte order mark.
            short = self._ended and len(self._text) < len(codecs.BOM_UTF8)
            starts_bom = short and codecs.BOM_UTF8.startswith(self._text.encode("utf-8", "surrogateescape"))
            cut_off = (rest and end == len(self._text)) or starts_bom
            return Fault(CUT_OFF, decoded.at) if cut_off else decoded, self.size(end)
        value, end = decoded
        if _UNDECODED.search(self._text, 0, end):
            return Fault(NOT_UTF8, 0), self.size(end)
        return value, self.size(end)

    def next_record(self, at: int) -> int:
        """Where the next record starts; the end of what was read when there is none within reach.

        In characters from the current offset, as ``at``.
        """
        while True:
            match = _OBJECT_START.search(self._text, at)
            if match is None:
                at = len(self._text)
                if self._ended or at > self._longest:
                    return at
                self._read()
                continue
            at = match.start() + 1
            if match.start() in self._hopeless:
                continue
            decoded = self._decode(match.start())
            if isinstance(decoded, Fault):
                if decoded.reason == TOO_DEEP:
                    # The objects inside are nearly as deep. Trying each of them would take quadratic time.
                    _, inside = _open_brackets(self._text, match.start(), len(self._text), _DEEP)
                    end = _OBJECT_END_OR_LINE_END.search(self._text, inside)
                    at = end.start() if end else len(self._text)
            elif self._is_record(decoded[0]):
                return match.start()
            else:
                at = decoded[1]

    def size(self, end: int) -> int:
        """Bytes before the character ``end``."""
        return len(self._text[:end].encode("utf-8", "surrogateescape"))

    def _decode(self, start: int) -> tuple[Any, int] | Fault:
        """The object that starts at ``start`` and where it ends, reading on as long as it is incomplete."""
        while True:
            decoded = decode_object(self._text, start)
            if not isinstance(decoded, Fault):
                return decoded
            if not decoded.incomplete or self._ended:
                if decoded.at - start > _FAR:
                    # The same error ends all that is open there. Trying each would take quadratic time.
                    self._hopeless.update(_open_brackets(self._text, start, decoded.at)[0])
                return decoded
            if len(self._text) - start > self._longest:
                return Fault(f"the record does not end within {self._longest >> 20} MiB", start)
            self._read()

    def _read(self) -> None:
        """Decode twice as much: a long record is decoded again only a few times."""
        window = self._window
        wanted = max(_FIRST_LOOK, 2 * self._taken)
        while len(window.data) - window.at < wanted and window.more():
            pass
        data = window.data[window.at + self._taken : window.at + wanted]
        self._taken += len(data)
        self._ended = window.ended and window.at + self._taken == len(window.data)
        self._text += self._decoder.decode(data, self._ended)


def decode_object(text: str, start: int = 0) -> tuple[Any, int] | Fault:
    """The JSON object that starts at ``start``, and where it ends.

    NaN, the infinities, and numbers beyond the range of a double count as null: JSON could not write them back.
    """
    if text[start : start + 1] != "{":
        return Fault("no JSON object starts here", start)
    try:
        return _scan(text, start)
    except json.JSONDecodeError as error:
        reason = f"not valid JSON: {error.msg} (character {error.pos - start + 1} of the record)"
        # The position of an unterminated string is its start; what is missing is missing at the end.
        at = len(text) if error.msg.startswith("Unterminated string") else error.pos
        return Fault(reason, at, incomplete=at > len(text) - _LONGEST_TOKEN)
    except RecursionError:
        return Fault(TOO_DEEP, start)
    except ValueError:
        # Python refuses integers of more than 4300 digits.
        return Fault("a number in the record has too many digits", start)


def _open_brackets(text: str, start: int, end: int, deepest: int | None = None) -> tuple[list[int], int]:
    """The brackets that are open at ``end``, or where so many of them are for the first time; and that offset."""
    still_open: list[int] = []
    for token in _STRING_OR_BRACKET.finditer(text, start, end):
        at = token.start()
        if text[at] in "{[":
            still_open.append(at)
            if len(still_open) == deepest:
                return still_open, at
        elif text[at] != '"' and still_open:
            still_open.pop()
    return still_open, end


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _null(_name: str) -> None:
    return None


_scan = json.JSONDecoder(parse_float=_finite, parse_constant=_null).raw_decode
