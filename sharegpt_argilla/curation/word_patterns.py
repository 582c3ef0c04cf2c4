"""Patterns with one meaning in several languages, and how a match becomes a finding."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sharegpt_argilla.curation.check_data import pattern_set
from sharegpt_argilla.curation.checks.base import Finding

# Malay and Indonesian share most of their words, and identifiers mistake one for the other.
FAMILY = {
    "id": "ms",
    **{code: code for code in ("en", "ms", "zh", "ko", "ja", "es", "pt", "fr", "de", "it", "ru")},
}
"""Language -> the key of its patterns."""
EXCERPT = 80
"""Characters of a text that a report shows."""

# Lines that are code although no markdown marks them.
_PROGRAM = re.compile(
    r"[{};][ \t]*$|^[ \t]*(?:#include|def |class |import |from \w+ import|print\(|public |SELECT |<\?php|"
    r"<!DOCTYPE|\$\w+ =|"
    r"\(require\b|\(define\b)|\bprintf?\(|console\.log|=>|\w\(['\"]|</\w+>|==|\bregex\b|\\[a-z]+\{|\\\\",
    re.MULTILINE,
)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)


class LanguagePatterns:
    """A pattern for each language. For a language without a pattern, all of them are tried.

    Nothing is read or compiled before the first text. The patterns are set ``name`` of ``check`` in ``data``.
    """

    def __init__(self, check: str, name: str) -> None:
        self.check, self.name = check, name
        self._compiled: dict[str, re.Pattern[str]] = {}

    def search(self, text: str, language: str = "", end: int | None = None) -> re.Match[str] | None:
        """The first match in the first ``end`` characters."""
        pattern = self._pattern(language)
        return pattern.search(text) if end is None else pattern.search(text, 0, end)

    def fullmatch(self, text: str, language: str = "") -> re.Match[str] | None:
        """The match of the whole text, if any."""
        return self._pattern(language).fullmatch(text)

    def finditer(self, text: str, language: str = "") -> Iterator[re.Match[str]]:
        """All matches that do not overlap."""
        return self._pattern(language).finditer(text)

    def _pattern(self, language: str) -> re.Pattern[str]:
        family = FAMILY.get(language, "")
        if family not in self._compiled:
            self._compiled[family] = self._compile(family)
        return self._compiled[family]

    def _compile(self, family: str) -> re.Pattern[str]:
        expressions, flags = pattern_set(self.check, self.name)
        chosen = list(expressions.values())
        if family in expressions:
            chosen = [expressions[language] for language in ("any", family) if language in expressions]
        return re.compile("|".join(f"(?:{expression})" for expression in chosen), flags)


def without_code(text: str) -> str:
    """The text with each piece of markdown code replaced by a space."""
    return _CODE.sub(" ", text) if "`" in text else text


def is_program(text: str) -> bool:
    """Whether the text contains code that no markdown marks."""
    return _PROGRAM.search(text) is not None


def around(text: str, match: re.Match[str]) -> Finding:
    """A finding whose excerpt is the match with a little of the text around it."""
    room = max(0, EXCERPT - (match.end() - match.start())) // 2
    start, end = max(0, match.start() - room), match.end() + room
    return Finding(excerpt=shortened(text[start:end]))


def shortened(text: str) -> str:
    """At most ``EXCERPT`` characters on one line."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else f"{line[: EXCERPT - 1]}…"


def finding_for(text: str, match: re.Match[str] | None) -> Finding | None:
    """``around`` for a match, None for no match."""
    return around(text, match) if match else None
