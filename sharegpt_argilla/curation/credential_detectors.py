"""Detectors of payment cards, and of keys, tokens and passwords."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator
from functools import cache

from sharegpt_argilla.curation.check_data import check_data
from sharegpt_argilla.curation.private_data import Span, lines
from sharegpt_argilla.curation.word_patterns import LanguagePatterns

_CARD = LanguagePatterns("card", "form")
_NETWORK = LanguagePatterns("card", "network")
_CARD_CUE = LanguagePatterns("card", "cue")
# Test numbers that payment providers publish.
_TEST_CARDS = LanguagePatterns("card", "test_number")

_RUN = LanguagePatterns("secret", "run")
_TOKEN = LanguagePatterns("secret", "token")
_BLOCK = LanguagePatterns("secret", "block")
_PHRASE = LanguagePatterns("secret", "phrase")
_IN_URL = LanguagePatterns("secret", "in_url")
_IN_QUERY = LanguagePatterns("secret", "in_query")
_COMMON = LanguagePatterns("secret", "common")
_EXAMPLE = LanguagePatterns("secret", "example")
_CODE = LanguagePatterns("secret", "code")
_END_OF_SENTENCE = ".:?*_"
ENTROPY = 3.0
"""Bits per character below which a token is a word or a pattern; 32 random hexadecimals have 3.2 or more."""
MOST_OF_EXAMPLE = 40
"""Last characters of a token in which words of an example are looked for; prefixes of issuers contain some."""
STRONG_KINDS = 3
"""Of small and capital letters, digits and signs: how many a password has that no colon announces."""
PASSWORD_CHARACTERS = 6
"""The shortest password that is one: shorter values are words and numbers of examples."""


def cards(text: str) -> Iterator[Span]:
    """Numbers of a network's range and length that pass Luhn's test, in groups or near a word for a card."""
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if not luhn(digits) or not _NETWORK.search(digits) or _TEST_CARDS.search(digits):
            continue
        near = f"{text[max(0, match.start() - 60) : match.start()]} {text[match.end() : match.end() + 30]}"
        if len(digits) != len(match[0]) or _CARD_CUE.search(near):
            yield Span(*match.span(), "CARD")


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * (2 if position % 2 else 1) for position, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def secrets(text: str) -> Iterator[Span]:
    """Keys, tokens and passwords: by an issuer's form, their place in a URL or header, or the name before them."""
    for run in _RUN.finditer(text):
        if any(map(str.isdigit, run[0])) or "-" in run[0] or "_" in run[0]:
            yield from _in_run(run[0], run.start())
    if "-----BEGIN" in text or "Private-Lines" in text:
        yield from (Span(*match.span(), "SECRET") for match in _BLOCK.finditer(text))
    if "://" in text:
        yield from _in_urls(text)
    for match in _PHRASE.finditer(text):
        yield Span(*match.span(match.lastindex or 0), "SECRET")
    yield from _named(text)


def _named(text: str) -> Iterator[Span]:
    """Values behind the scheme of a header, the name of a variable or field, or a word for a password."""
    lowered = text.lower()
    for pattern, stems, accepts in _NAMED:
        if stems and not any(stem in lowered for stem in _stems(stems)):
            continue
        for offset, part in _with_a_stem(text, lowered, _stems(stems)) if stems else ((0, text),):
            for match in pattern.finditer(part):
                value = next(group for group in match.groups() if group is not None)
                start = offset + match.start() + match[0].rindex(value)
                value = value.rstrip(_END_OF_SENTENCE) if stems == "password" else value
                if accepts(value):
                    yield Span(start, start + len(value), "SECRET")


def _with_a_stem(text: str, lowered: str, stems: Collection[str]) -> Iterator[tuple[int, str]]:
    """Offset and text of the lines with a stem. From the first one with a bracket on all that follows:

    the arguments of a call may be in several lines, all else that the patterns match is in one.
    """
    for (offset, line), lowered_line in zip(lines(text), lowered.split("\n"), strict=True):
        if any(stem in lowered_line for stem in stems):
            if "(" in line:
                yield offset, text[offset:]
                return
            yield offset, line


@cache
def _stems(name: str) -> tuple[str, ...]:
    return tuple(check_data("secret")["stems"][name])


def _in_urls(text: str) -> Iterator[Span]:
    """Passwords in front of the host of a URL; anything but an example is one."""
    for match in _IN_URL.finditer(text):
        if not _stands_for_one(match[1]) and not _COMMON.search(match[1]):
            yield Span(*match.span(1), "SECRET")


def _in_run(run: str, offset: int) -> Iterator[Span]:
    """Secrets in a run of characters without a space, which begins at that offset of the text."""
    for match in _TOKEN.finditer(run):
        if not _EXAMPLE.search(match[0][4:][-MOST_OF_EXAMPLE:]) and entropy(match[0]) >= ENTROPY:
            yield Span(offset + match.start(), offset + match.end(), "SECRET")
    for match in _IN_QUERY.finditer(run) if "=" in run else ():
        if _is_random(match[1]):
            yield Span(offset + match.start(1), offset + match.end(1), "SECRET")


def _is_random(value: str) -> bool:
    """Whether the value looks drawn at random: long, of digits and letters, and no name of a program."""
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return mixed and len(value) >= 16 and entropy(value) >= ENTROPY and not _stands_for_one(value)


def _is_password(value: str) -> bool:
    """Whether the value may be a password: letters with a digit or a sign among them, and no name of a program."""
    letters, digits = any(map(str.isalpha, value)), any(map(str.isdigit, value))
    signs = any(not each.isalnum() and each not in "-_." for each in value[:-1])
    mixed = letters and (digits or signs)
    return mixed and len(value) >= PASSWORD_CHARACTERS and not _stands_for_one(value)


def _is_strong(value: str) -> bool:
    """Whether the value can be a password without anything that says so but a word before it."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda each: not each.isalnum() and each not in "-_./:")
    return sum(any(map(kind, value)) for kind in kinds) >= STRONG_KINDS and _is_password(value)


def _stands_for_one(value: str) -> bool:
    return bool(_EXAMPLE.search(value) or _CODE.search(value))


_NAMED = (
    (LanguagePatterns("secret", "header"), "", _is_random),
    (LanguagePatterns("secret", "assigned"), "assigned", _is_random),
    (LanguagePatterns("secret", "password"), "password", _is_password),
    (LanguagePatterns("secret", "bare"), "password", _is_strong),
)
"""Pattern, the stems without one of which a text has no match, and what its value must be."""


def entropy(text: str) -> float:
    """Shannon entropy in bits per character."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())
