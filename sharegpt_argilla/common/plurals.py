"""Numbers of things in the words of a summary: two rows, one row."""

from __future__ import annotations

import re

_SINGULAR = {
    "lines that are no row, kept as they are": "line that is no row, kept as it is",
    "lines that are no row": "line that is no row",
    "submitted responses are drafts": "submitted response is a draft",
    "parts that are no text": "part that is no text",
    "messages that are no text": "message that is no text",
    "rankings that are no permutation": "ranking that is no permutation",
    "calls without the beginning of their conversation": "call without the beginning of its conversation",
    "people": "person",
} | {
    f"{noun}s": noun
    for noun in (
        *("account", "annotated row", "blank answer", "blank question", "check", "dataset", "difference"),
        *("file", "fold", "record", "suggestion", "vector", "webhook", "workspace"),
        *(
            "attachment",
            "audio part",
            "completion",
            "custom instruction",
            "document",
            "end",
            "image",
            "other answer",
        ),
        *("pair", "ranking", "reasoning part", "text", "tool call", "tool definition", "tool message", "video"),
        *("call", "value", "message", "answer", "conversation", "place", "question", "response", "row", "turn"),
    )
}
"""Plural -> singular of what is counted; of two that fit the first one counts."""


def numbered(number: int, what: str) -> str:
    """``2 training rows``, ``1 training row``: `what` is in the plural, and a file may follow it behind ``->``."""
    things, arrow, file = what.partition(" -> ")
    if number == 1 and not things.startswith(("of ", '"')):
        plural = next((plural for plural in _SINGULAR if re.search(rf"\b{plural}\b", things)), "")
        things = things.replace(plural, _SINGULAR[plural], 1) if plural else things
    return f"{number:,} {things}{arrow}{file}"
