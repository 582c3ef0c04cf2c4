"""Patterns of one meaning in several languages, and texts without their code."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sharegpt_argilla.curation.checks.base import Finding

# Malay and Indonesian share most of their words, and identifiers mistake one for the other.
_FAMILY = {"en": "en", "ms": "ms", "id": "ms", "zh": "zh", "ko": "ko", "ja": "ja"}
EXCERPT = 80
"""Characters of a text that a report shows."""

# Lines that are code though nobody marked them so.
_PROGRAM = re.compile(
    r"[{};][ \t]*$|^[ \t]*(?:#include|def |class |import |from \w+ import|print\(|public |SELECT |<\?php|"
    r"<!DOCTYPE|\$\w+ =|"
    r"\(require\b|\(define\b)|\bprintf?\(|console\.log|=>|\w\(['\"]|</\w+>|==|\bregex\b|\\[a-z]+\{|\\\\",
    re.MULTILINE,
)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)


class Words:
    """A pattern for each language. Of a text in a language with no pattern, all are tried.

    Args:
        patterns: language -> regular expression; ``""`` for one that fits all.
    """

    def __init__(self, patterns: Mapping[str, str], flags: re.RegexFlag = re.IGNORECASE) -> None:
        common = [patterns[""]] if "" in patterns else []
        known = set(patterns) - {""}
        self._all = re.compile("|".join(f"(?:{pattern})" for pattern in patterns.values()), flags)
        self._one = {
            language: re.compile("|".join(f"(?:{pattern})" for pattern in [*common, patterns[family]]), flags)
            for language, family in _FAMILY.items()
            if family in known
        }

    def search(self, text: str, language: str, end: int | None = None) -> re.Match[str] | None:
        """The first match in the first ``end`` characters."""
        pattern = self._one.get(language, self._all)
        return pattern.search(text) if end is None else pattern.search(text, 0, end)

    def fullmatch(self, text: str, language: str) -> re.Match[str] | None:
        """The text itself, where it matches as a whole."""
        return self._one.get(language, self._all).fullmatch(text)


def without_code(text: str) -> str:
    """The text with a blank in place of each piece of markdown code."""
    return _CODE.sub(" ", text) if "`" in text else text


def is_program(text: str) -> bool:
    """Whether there is code in the text that no markdown marks."""
    return _PROGRAM.search(text) is not None


def around(text: str, match: re.Match[str]) -> Finding:
    """A finding that shows the match and a little of what stands around it."""
    room = max(0, EXCERPT - (match.end() - match.start())) // 2
    start, end = max(0, match.start() - room), match.end() + room
    return Finding(excerpt=shortened(text[start:end]))


def shortened(text: str) -> str:
    """At most ``EXCERPT`` characters on one line."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else f"{line[: EXCERPT - 1]}…"


def found(text: str, match: re.Match[str] | None) -> Finding | None:
    """``around``, or None where nothing matched."""
    return around(text, match) if match else None
