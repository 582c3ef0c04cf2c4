"""Detectors of bank accounts (IBAN) and of numbers of passports and identity documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from sharegpt_argilla.curation.private_data import Span, lines
from sharegpt_argilla.curation.word_patterns import LanguagePatterns

_IBAN = LanguagePatterns("id_number", "iban")
_EXAMPLE = LanguagePatterns("id_number", "example")
_CHECKED = LanguagePatterns("id_number", "checked")
_CUED = LanguagePatterns("id_number", "cued")
_DIGIT = re.compile(r"\d")
_STEM = LanguagePatterns("id_number", "stem")
FEWEST_DIGITS = 5
"""Digits of the shortest number behind a word for a document; shorter values are examples and words."""


def id_numbers(text: str) -> Iterator[Span]:
    """IBANs and identity numbers whose check digits are right, and what a word says to be one.

    A number in the form of a country is taken without a word only where its check digits prove it (python-stdnum).
    """
    proved = [*_ibans(text), *_checked(text)]
    yield from proved
    for offset, line in lines(text):
        # The word and its number are in one line.
        if len(_DIGIT.findall(line)) >= FEWEST_DIGITS and _STEM.search(line):
            yield from _cued(line, offset, proved)


def _cued(line: str, offset: int, proved: Sequence[Span]) -> Iterator[Span]:
    """Numbers behind a word for a document, in a line that begins at that offset of the text."""
    for match in _CUED.finditer(line):
        value = next(group for group in match.groups() if group is not None)
        end = offset + match.end()
        start = end - len(value)
        if any(start < span.end and span.start < end for span in proved):
            continue
        if sum(map(str.isdigit, value)) >= FEWEST_DIGITS and not _EXAMPLE.search(_plain(value)):
            yield Span(start, end, "ID")


def _ibans(text: str) -> Iterator[Span]:
    for match in _IBAN.finditer(text):
        if (length := _length_of_iban(match[0])) and not _EXAMPLE.search(_plain(match[0])):
            yield Span(match.start(), match.start() + length, "IBAN")


def _checked(text: str) -> Iterator[Span]:
    """Numbers in the form of a country, by the module of python-stdnum for which their group is named."""
    for match in _CHECKED.finditer(text):
        module = str(match.lastgroup).replace("__", ".")
        if _validator(module).is_valid(match[0]) and not _EXAMPLE.search(_plain(match[0])):
            yield Span(*match.span(), "ID")


def _length_of_iban(text: str) -> int:
    """The characters of the longest beginning that is an IBAN; 0 if none is."""
    ends = [match.end() for match in re.finditer(r"[A-Z0-9](?![A-Z0-9])", text)]
    return max((end for end in ends if _validator("iban").is_valid(text[:end])), default=0)


def _plain(value: str) -> str:
    return re.sub(r"[\s./-]", "", value)


@cache
def _validator(name: str) -> Any:
    """A module of python-stdnum; imported for the first number that has its form."""
    return import_module(f"stdnum.{name}")
