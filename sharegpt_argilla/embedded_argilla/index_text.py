"""Cuts texts into the tokens that are indexed and searched.

Words are those of the Unicode text segmentation (UAX #29, https://unicode.org/reports/tr29/), which
Elasticsearch's ``standard`` analyser follows as well: ``don't``, ``3.14`` and ``example.com`` are one token each.
Scripts that are written without spaces (and emoji) give one token per character, so that a word inside a
sentence is found; a query turns such a run back into a phrase. Case is folded and texts are brought to NFC.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SENTINEL = "\ue000"
"""A private-use character that no user text can bring in as a token: it marks every document, and it stands
between the messages of a chat so that no phrase crosses them."""

MAX_TOKEN_LENGTH = 255
"""Longer words are cut at every 255 characters, as Elasticsearch's ``standard`` tokenizer does."""

# First and last code point of the blocks; CJK, kana, Thai, Lao, Burmese and Khmer from Unicode's Blocks.txt.
_UNSPACED_BLOCKS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x19E0, 0x19FF),  # Khmer symbols
    (0x2600, 0x27BF),  # symbols and dingbats
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),
    (0x3021, 0x3029),
    (0x3031, 0x303B),
    (0x3041, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),  # Burmese, extended
    (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),  # half-width Katakana
    (0x1F000, 0x1FAFF),  # emoji
    (0x20000, 0x3FFFD),  # Han, supplementary
)


def _character_class(code_points: Iterable[int]) -> str:
    """The inside of a regular expression's ``[...]`` for ascending code points."""
    ranges: list[tuple[int, int]] = []
    for code in code_points:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


def _is_written(code: int) -> bool:
    return unicodedata.category(chr(code))[0] in "LMN" or unicodedata.category(chr(code)) == "So"


_UNSPACED = _character_class(
    code
    for first, last in _UNSPACED_BLOCKS
    for code in range(first, last + 1)
    # The supplementary ideographs grow with every Unicode version; all of these planes are theirs.
    if code >= 0x20000 or _is_written(code)
)
# Every mark lies in the first two planes or among the variation selectors.
_MARK = _character_class(
    code
    for code in (*range(0x300, 0x20000), *range(0xE0100, 0xE01F0))
    if unicodedata.category(chr(code))[0] == "M" and not any(a <= code <= b for a, b in _UNSPACED_BLOCKS)
)
# MidLetter, MidNum and MidNumLet of UAX #29 join two letters, or two digits.
_MID_BOTH = ".'\u2018\u2019\u2024\ufe52\uff07\uff0e"
_MID_LETTER = _MID_BOTH + ":\u00b7\u0387\u055f\u05f4\u2027\ufe13\ufe55\uff1a"
_MID_NUMBER = _MID_BOTH + ",;\u037e\u0589\u060c\u060d\u066c\u07f8\u2044\ufe10\ufe14\ufe50\ufe54\uff0c\uff1b"

_LETTER = rf"[^\W\d_{_UNSPACED}]"
_WORD = rf"[^\W{_UNSPACED}]+(?:[{_MARK}]+[^\W{_UNSPACED}]*)*"
_JOINT = (
    rf"(?:(?:(?<={_LETTER})|(?<=[{_MARK}]))[{_MID_LETTER}](?={_LETTER})"
    rf"|(?<=[\d])[{_MID_NUMBER}](?=\d))"
)
_TOKEN = re.compile(rf"(?P<unspaced>[{_UNSPACED}])|{_WORD}(?:{_JOINT}{_WORD})*")


# The same for texts that hold nothing but ASCII, several times as fast.
_ASCII_TOKEN = re.compile(r"\w+(?:(?:(?<=[a-z])[.':](?=[a-z])|(?<=\d)[.',;](?=\d))\w+)*", re.ASCII)


def normalise(text: str) -> str:
    """``text`` as it is compared: NFC, case folded, without the sentinel."""
    return unicodedata.normalize("NFC", text).casefold().replace(SENTINEL, " ")


def _pieces(word: str) -> Iterator[str]:
    if not word.strip("_"):
        return
    for start in range(0, len(word), MAX_TOKEN_LENGTH):
        yield word[start : start + MAX_TOKEN_LENGTH]


def tokens(text: str) -> list[str]:
    """The tokens of ``text`` in reading order."""
    if text.isascii():
        words = _ASCII_TOKEN.findall(text.lower())
    else:
        words = [match[0] for match in _TOKEN.finditer(normalise(text))]
    if all(len(word) <= MAX_TOKEN_LENGTH for word in words) and "_" not in text:
        return words
    return [piece for word in words for piece in _pieces(word)]


def token_groups(text: str) -> list[list[str]]:
    """Like :func:`tokens`, with the characters of an unbroken run of an unspaced script in one group."""
    groups: list[list[str]] = []
    run_end = -1
    for match in _TOKEN.finditer(normalise(text)):
        if match["unspaced"] and match.start() == run_end:
            groups[-1].append(match[0])
        else:
            groups.extend([piece] for piece in _pieces(match[0]))
        run_end = match.end() if match["unspaced"] else -1
    return groups


def _parts(field_type: str, value: Any) -> Iterator[str]:
    """The pieces of a field's value that no phrase may cross."""
    if field_type == "chat" and isinstance(value, list):
        messages = [message for message in value if isinstance(message, dict)]
        yield from (str(message.get("content") or "") for message in messages)
        yield from dict.fromkeys(str(message.get("role") or "") for message in messages)
    else:
        yield str(value)


def indexed_text(field_type: str, value: Any) -> str:
    """A field's value as its tokens with a blank between them.

    Args:
        field_type: ``text``, ``chat`` (a list of ``{"role", "content"}``), ``custom`` (anything, by its ``str``)
            or ``image`` (which gives no token).
        value: the record's value, or None.
    """
    if value is None or field_type == "image":
        return ""
    return f" {SENTINEL} ".join(" ".join(tokens(part)) for part in _parts(field_type, value))
