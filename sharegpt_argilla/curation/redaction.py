"""Replaces private data in the rows of one conversation by placeholders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sharegpt_argilla.curation.checks.base import Options, Texts
from sharegpt_argilla.curation.checks.private_data_checks import Private
from sharegpt_argilla.curation.private_data import Placeholders, Span, without_overlaps
from sharegpt_argilla.rows import ANNOTATION, CORPUS, CURATION, ORIGINAL_SESSION, SESSION, TURN

_KEPT = {SESSION, ORIGINAL_SESSION, TURN, CORPUS, ANNOTATION, CURATION}
"""Keys of the extension that contain no text of the conversation."""

Extension = Mapping[str, Any]


def redact(
    rows: Sequence[tuple[Texts, Extension]], checks: Sequence[Private], options: Options
) -> list[tuple[Texts, Extension]]:
    """The rows of one conversation with a placeholder for each value that the checks find.

    Texts in the extension (system turns, titles) are redacted too.
    """
    placeholders = Placeholders()
    spans_of: dict[str, list[Span]] = {}

    def spans(text: str) -> list[Span]:
        if text not in spans_of:
            spans_of[text] = without_overlaps(
                (span for check in checks for span in check.detect(text, options)), text
            )
        return spans_of[text]

    for text in _texts(rows):
        placeholders.learn(text, spans(text))

    def clean(text: str) -> str:
        return placeholders.replace(text, spans(text))

    return [
        (
            Texts(clean(texts.prompt), clean(texts.answer)),
            {key: value if key in _KEPT else _mapped(value, clean) for key, value in extension.items()},
        )
        for texts, extension in rows
    ]


def _texts(rows: Sequence[tuple[Texts, Extension]]) -> list[str]:
    texts: list[str] = []

    def keep(text: str) -> str:
        texts.append(text)
        return text

    for pair, extension in rows:
        texts += pair
        for key, value in extension.items():
            if key not in _KEPT:
                _mapped(value, keep)
    return texts


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """A JSON value with every string in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    return value
