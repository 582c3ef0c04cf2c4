"""Detectors of private data, by pattern or by Presidio, and the placeholders that replace it."""

from __future__ import annotations

import ipaddress
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sharegpt_argilla.curation.check_data import check_data
from sharegpt_argilla.curation.checks.base import Options
from sharegpt_argilla.curation.word_patterns import LanguagePatterns
from sharegpt_argilla.errors import UsageError

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


_EMAIL = LanguagePatterns("email", "form")
# Addresses that belong to nobody; after the allow-list of da03/wildchat.
_NOBODY = LanguagePatterns("email", "nobody")

_PHONE = LanguagePatterns("phone", "form")
_CUE = LanguagePatterns("phone", "cue")
_INTERNATIONAL = LanguagePatterns("phone", "international")
_AMERICAN = LanguagePatterns("phone", "american")
_ALONE = LanguagePatterns("phone", "alone")
_LIST = 5
# Reserved for fiction, or counted on the fingers.
_FICTION = LanguagePatterns("phone", "fiction")

_IPV4 = LanguagePatterns("ip_address", "v4")
_IPV6 = LanguagePatterns("ip_address", "v6")
# Words around the version of a program.
_PACKAGE = LanguagePatterns("ip_address", "package")
_VERSION = LanguagePatterns("ip_address", "version")
_CARD = LanguagePatterns("card", "form")
_CARD_CUE = LanguagePatterns("card", "cue")
# Test numbers that payment providers publish.
_TEST_CARDS = LanguagePatterns("card", "test_number")

_SECRET = LanguagePatterns("secret", "token")
_ASSIGNED = LanguagePatterns("secret", "assigned")
_EXAMPLE = LanguagePatterns("secret", "example")
_ENTROPY = 3.3
"""Bits per character below which a token is a word or a pattern, not a secret."""


def emails(text: str) -> Iterator[Span]:
    """E-mail addresses, except those that belong to nobody."""
    if "@" not in text:
        return
    for match in _EMAIL.finditer(text):
        if not _NOBODY.search(match[0]):
            yield Span(*match.span(), "EMAIL")


def phones(text: str) -> Iterator[Span]:
    """Numbers of more than eight characters with a cue before them, a leading ``+``, or the American form."""
    listed = _listed(text)
    for match in _PHONE.finditer(text):
        number = match[0]
        digits = re.sub(r"\D", "", number)
        if len(number) <= 8 or not 8 <= len(digits) <= 15 or _FICTION.search(digits):
            continue
        cued = _CUE.search(text[max(0, match.start() - 40) : match.start()])
        if cued or digits in listed or _INTERNATIONAL.search(number) or _AMERICAN.search(number):
            yield Span(*match.span(), "PHONE")


def _listed(text: str) -> set[str]:
    """Numbers in a list: at least five, equally long, alone on their lines, with the same beginning."""
    alone = [re.sub(r"[ .+-]", "", match[1]) for match in _ALONE.finditer(text)]
    kinds = Counter((digits[:2], len(digits)) for digits in set(alone))
    return {digits for digits in alone if kinds[digits[:2], len(digits)] >= _LIST}


@cache
def _resolvers() -> frozenset[str]:
    """Public name servers."""
    return frozenset(check_data("ip_address")["resolvers"]["addresses"])


def ip_addresses(text: str) -> Iterator[Span]:
    """Addresses that are routed on the internet; not private ones, resolvers or versions."""
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            if match[0] not in _resolvers() and not _VERSION.search(
                text[max(0, match.start() - 12) : match.start()]
            ):
                try:
                    address = ipaddress.ip_address(match[0])
                except ValueError:
                    continue
                near = text[max(0, match.start() - 80) : match.end() + 20]
                if address.version == 4 and int(match[0].split(".")[0]) < 20 and _PACKAGE.search(near):
                    continue
                if address.is_global and not address.is_multicast:
                    yield Span(*match.span(), "IP")


def cards(text: str) -> Iterator[Span]:
    """Numbers that pass Luhn's test and are grouped as on a card, or are near a word for one."""
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        grouped = len(digits) != len(match[0])
        near = text[max(0, match.start() - 60) : match.end() + 30]
        if luhn(digits) and not _TEST_CARDS.search(digits) and (grouped or _CARD_CUE.search(near)):
            yield Span(*match.span(), "CARD")


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * (2 if position % 2 else 1) for position, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def secrets(text: str) -> Iterator[Span]:
    """Keys and tokens by their prefix, and random-looking values assigned to a word for one."""
    for match in _SECRET.finditer(text):
        if not _EXAMPLE.search(match[0][4:]):
            yield Span(*match.span(), "SECRET")
    for match in _ASSIGNED.finditer(text):
        value = match[1]
        if any(map(str.isdigit, value)) and not _EXAMPLE.search(value) and entropy(value) >= _ENTROPY:
            yield Span(*match.span(1), "SECRET")


def entropy(text: str) -> float:
    """Shannon entropy in bits per character."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


ENTITIES = ("PERSON", "IBAN_CODE", "US_SSN", "US_PASSPORT", "UK_NHS", "CRYPTO")
"""Entities that Presidio looks for. The other checks find those with a pattern (e-mail and so on)."""
_SCORE = 0.5


def entities(text: str, options: Options) -> Iterator[Span]:
    """What Presidio finds in a text.

    Raises:
        UsageError: presidio-analyzer or the spaCy pipeline is not installed.
    """
    analyzer = _analyzer(options.spacy_model)
    for result in analyzer.analyze(text=text, language="en", entities=list(ENTITIES), score_threshold=_SCORE):
        yield Span(result.start, result.end, result.entity_type)


@cache
def _analyzer(model: str) -> Any:
    try:
        from presidio_analyzer import AnalyzerEngine  # noqa: PLC0415 - an optional dependency
        from presidio_analyzer.nlp_engine import SpacyNlpEngine  # noqa: PLC0415
    except ImportError:
        raise UsageError('the check names needs: pip install "sharegpt-argilla[privacy]"') from None
    import spacy  # noqa: PLC0415 - takes a second

    try:
        pipeline = spacy.load(model)
    except OSError:
        raise UsageError(
            f"the check names needs the spaCy pipeline {model}: python -m spacy download {model}, "
            "or name another with --spacy-model"
        ) from None
    engine: Any = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": model}])
    # Set here instead of loaded by Presidio, which would download a missing pipeline.
    engine.nlp = {"en": pipeline}
    return AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
