"""Spans of private data in a text, and the placeholders that replace them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

EXISTING = re.compile(
    r"<(?:PRESIDIO_ANONYMIZED_\w+|TRUFFLEHOG_REDACTED_\w+|[A-Z]+(?:_[A-Z]+)*(?:_\d+)?)>|\bNAME_\d+\b|\[REDACTED\]"
)
"""Placeholders of other corpora (WildChat, LMSYS-Chat-1M) and of earlier runs."""
_OURS = re.compile(r"<([A-Z]+(?:_[A-Z]+)*)_(\d+)>")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Something private: its offsets in a text, and its type (``EMAIL``)."""

    start: int
    end: int
    type: str


Detect = Callable[[str], Iterable[Span]]


def lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text, each with its offset."""
    offset = 0
    for line in text.split("\n"):
        yield offset, line
        offset += len(line) + 1


@dataclass
class Placeholders:
    """Type and value -> placeholder, of one conversation.

    ``<EMAIL>`` for the only value of a type; ``<EMAIL_1>``, ``<EMAIL_2>`` for several, in the order of their first
    appearance. Numbers that the texts already contain are not reused.
    """

    _values: dict[str, dict[str, int]] = field(default_factory=dict)
    _taken: dict[str, int] = field(default_factory=dict)

    def learn(self, text: str, spans: Sequence[Span]) -> None:
        """Register the values of a text; all texts come before the first replacement."""
        for name, number in _OURS.findall(text):
            self._taken[name] = max(self._taken.get(name, 0), int(number))
        for span in spans:
            values = self._values.setdefault(span.type, {})
            values.setdefault(_key(text[span.start : span.end]), len(values) + 1)

    def replace(self, text: str, spans: Sequence[Span]) -> str:
        """The text with each span replaced by its placeholder."""
        for span in sorted(spans, reverse=True):
            name = self._name(span.type, _key(text[span.start : span.end]))
            text = f"{text[: span.start]}<{name}>{text[span.end :]}"
        return text

    def _name(self, kind: str, value: str) -> str:
        values, taken = self._values[kind], self._taken.get(kind, 0)
        return f"{kind}_{values[value] + taken}" if len(values) > 1 or taken else kind


def _key(value: str) -> str:
    """Equal for two spellings of one value."""
    return re.sub(r"[\s().-]", "", value).casefold()


def without_overlaps(spans: Iterable[Span], text: str) -> list[Span]:
    """The spans in order: the longer of two that overlap, none inside an existing placeholder."""
    taken = [match.span() for match in EXISTING.finditer(text)] if "<" in text or "NAME_" in text else []
    chosen: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start, span.type)):
        others = [*taken, *((other.start, other.end) for other in chosen)]
        if all(span.end <= start or end <= span.start for start, end in others):
            chosen.append(span)
    return sorted(chosen)
