"""Cuts texts into the tokens that are indexed and searched.

Words are those of the Unicode text segmentation (UAX #29, https://unicode.org/reports/tr29/), which
Elasticsearch's ``standard`` analyser follows as well: ``don't``, ``3.14``, ``example.com`` and an emoji are one
token each. Scripts that are written without spaces give one token per character, so that a word inside a sentence
is found; a query turns such a run back into a phrase. Letters become small ones, each by itself, and texts that
look the same are the same: they are brought to NFC, and invisible characters are dropped. All of it is compared
with a real Elasticsearch (docs/search-semantics.md).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SENTINEL = "\ue000"
"""A private-use character that no user text can bring in as a token: it marks every document, and it is put
between the messages of a chat so that no phrase crosses them."""

ROLE_MARK = "\ue001"
"""Prefix of the role of a chat's message, which is found as a whole and with its case, like a keyword."""

MAX_TOKEN_LENGTH = 255
"""Longer words are cut at every 255 characters, as Elasticsearch's ``standard`` tokenizer does."""

# First and last code point of the blocks, from Unicode's Blocks.txt: the ideographs, kana, and the scripts whose
# lines are broken by a dictionary (class SA of UAX #14).
_UNSPACED_BLOCKS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),
    (0x3021, 0x3029),
    (0x3031, 0x3035),
    (0x3038, 0x303B),
    (0x3041, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x32D0, 0x32FE),  # Katakana in circles
    (0x3300, 0x3357),  # Katakana in squares
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),  # Burmese, extended
    (0xAA60, 0xAADF),  # Burmese, extended; Tai Viet
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),  # half-width Katakana
    (0x11700, 0x1173F),  # Ahom
    (0x20000, 0x3FFFD),  # Han, supplementary
)
# Extended_Pictographic of Unicode's emoji-data.txt, without what has letters or nothing on it.
_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u2388\u23cf\u23e9-\u23f3"
    "\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2605\u2607-\u2612\u2614-\u2685\u2690-\u2705"
    "\u2708-\u2712\u2714\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763-\u2767"
    "\u2795-\u2797\u27a1\u27b0\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f0ff\U0001f10d-\U0001f10f\U0001f12f\U0001f16c-\U0001f171\U0001f17e\U0001f17f\U0001f18e"
    "\U0001f191-\U0001f19a\U0001f1ad\U0001f201\U0001f202\U0001f21a\U0001f22f\U0001f232-\U0001f23a"
    "\U0001f250-\U0001f3fa\U0001f400-\U0001f53d"
    "\U0001f546-\U0001f64f\U0001f680-\U0001f6ff\U0001f7d5-\U0001f7f0\U0001f8b0\U0001f8b1\U0001f90c-\U0001f93a"
    "\U0001f93c-\U0001f945\U0001f947-\U0001fbff"
)
_SKIN = "\U0001f3fb-\U0001f3ff"
_FLAG = "\U0001f1e6-\U0001f1ff"
# Letters of UAX #29 that are symbols to Python: modifier letters, Armenian and Hebrew signs, letters in circles.
_MORE_LETTERS = (
    "\u02c2-\u02c5\u02d2-\u02d7\u02de\u02df\u02ed\u02ef-\u02ff\u055b\u055c\u055e\u05f3\u066b"
    "\u24b6-\u24c1\u24c3-\u24e9\ua720\ua721\ua789\ua78a\uab5b"
    "\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f172-\U0001f17d\U0001f180-\U0001f189"
)
# Soft hyphen, marks of writing direction, joiners without an effect, byte order mark.
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]+")


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
    category = unicodedata.category(chr(code))
    # Digits make words as everywhere; the symbols are radicals, and Katakana in circles and squares.
    return category[0] in "LM" or category == "Nl" or (category in ("So", "Sk") and 0x2E80 <= code < 0x3400)


_UNSPACED = _character_class(
    code
    for first, last in _UNSPACED_BLOCKS
    for code in range(first, last + 1)
    # The supplementary ideographs grow with every Unicode version; all of these planes are theirs.
    if code >= 0x20000 or _is_written(code)
)
# Every mark is in the first two planes or among the variation selectors; the two joiners shape the word.
_MARK = "\u200c\u200d" + _character_class(
    code
    for code in (*range(0x300, 0x20000), *range(0xE0100, 0xE01F0))
    if unicodedata.category(chr(code))[0] == "M" and not any(a <= code <= b for a, b in _UNSPACED_BLOCKS)
)
# Superscripts, fractions and numbers in circles are no part of a word, although they are numbers to Python.
_NO_WORD = _UNSPACED + _character_class(code for code in range(0x20000) if unicodedata.category(chr(code)) == "No")
# MidLetter, MidNum and MidNumLet of UAX #29 join two letters, or two digits.
_MID_BOTH = ".'\u2018\u2019\u2024\ufe52\uff07\uff0e"
_MID_LETTER = _MID_BOTH + ":\u00b7\u0387\u055f\u05f4\u2027\ufe13\ufe55\uff1a"
_MID_NUMBER = _MID_BOTH + ",;\u037e\u0589\u060c\u060d\u066c\u07f8\u2044\ufe10\ufe14\ufe50\ufe54\uff0c\uff1b"

_LETTER = rf"[^\W\d_{_NO_WORD}]"
_COMMON_RUN = rf"[^\W{_NO_WORD}]+"
_RUN = rf"(?:{_COMMON_RUN}+|[{_MORE_LETTERS}]++)++"
_JOINT = (
    rf"(?:(?:(?<={_LETTER})|(?<=[{_MARK}]))[{_MID_LETTER}](?={_LETTER})"
    rf"|(?<=[\d])[{_MID_NUMBER}](?=\d))"
)
# A keycap, a flag of two letters, or an emoji with what changes it, joined to others.
_CHANGED_EMOJI = rf"[{_EMOJI}](?:[{_SKIN}\ufe0f\U000e0020-\U000e007f]|(?!\ufe0e)[{_MARK}])*"
UNSPACED = re.compile(f"[{_UNSPACED}]")
"""One character of a script that is written without spaces."""
_SIGN = rf"[0-9#*]\ufe0f?\u20e3(?!\w)|[{_FLAG}]{{2}}|[{_SKIN}]|{_CHANGED_EMOJI}(?:(?<=\u200d){_CHANGED_EMOJI})*"


def _token_pattern(run: str, signs: str) -> re.Pattern[str]:
    word = rf"{run}(?:[{_MARK}]+(?:{run})?)*"
    return re.compile(rf"(?P<unspaced>[{_UNSPACED}])|{signs}{word}(?:{_JOINT}{word})*")


_TOKEN = _token_pattern(_RUN, f"{_SIGN}|")
# The same for texts without any sign or letter that is seldom, twice as fast.
_SELDOM = re.compile(rf"[\u20e3{_EMOJI}{_SKIN}{_FLAG}{_MORE_LETTERS}]")
_COMMON_TOKEN = _token_pattern(_COMMON_RUN, "")
# The same for texts that contain nothing but ASCII, several times as fast.
_ASCII_TOKEN = re.compile(r"\w+(?:(?:(?<=[a-z])[.':](?=[a-z])|(?<=\d)[.',;](?=\d))\w+)*", re.ASCII)


def normalise(text: str) -> str:
    """``text`` as it is compared: NFC, without invisible characters, every letter a small one.

    The two letters whose small form depends on the letters around them, or is two characters, have one small form
    of their own, as Java's ``Character.toLowerCase`` gives it.
    """
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    return plain.replace("\u0130", "i").replace("\u03a3", "\u03c3").lower()


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
        plain = normalise(text)
        pattern = _TOKEN if _SELDOM.search(plain) else _COMMON_TOKEN
        words = [match[0] for match in pattern.finditer(plain)]
    if max(map(len, words), default=0) <= MAX_TOKEN_LENGTH and "_" not in text:
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
    """The tokens of the pieces of a field's value that no phrase may cross."""
    if field_type == "chat" and isinstance(value, list):
        messages = [message for message in value if isinstance(message, dict)]
        yield from (" ".join(tokens(str(message.get("content") or ""))) for message in messages)
        yield from dict.fromkeys(role_token(str(message.get("role") or "")) for message in messages)
    else:
        yield " ".join(tokens(str(value)))


_ROLE_CHARACTER = re.compile("[a-z0-9\u0080-\U0010ffff]")


def role_token(role: str) -> str:
    """The one token of a role, or of its beginning; what cannot be in a token is written as a number.

    Capital ASCII letters are among those: the index makes no difference between them and small ones.
    """
    return ROLE_MARK + "".join(
        character if _ROLE_CHARACTER.fullmatch(character) else f"_{ord(character)};" for character in role
    )


def indexed_text(field_type: str, value: Any) -> str:
    """A field's value as its tokens with a blank between them.

    Args:
        field_type: ``text``, ``chat`` (a list of ``{"role", "content"}``), ``custom`` (anything, by its ``str``)
            or ``image`` (which gives no token).
        value: the record's value, or None.
    """
    if value is None or field_type == "image":
        return ""
    return f" {SENTINEL} ".join(_parts(field_type, value))
