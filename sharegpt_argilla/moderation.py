"""Moderation columns of chat logs, one entry a message, made one small object a conversation.

OpenAI's categories stand in several spellings beside each other (``self-harm/intent`` and ``self_harm_intent`` in
WildChat-1M). Here they have the spelling of OpenAI's interface, and of all messages and spellings the highest
score counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

# https://platform.openai.com/docs/guides/moderation
CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
"""OpenAI's names for what it looks for."""
DIGITS = 4
"""Digits after the point that a score keeps: enough to compare it with a threshold."""

_NO_LETTER = re.compile("[^a-z]")
_BY_LETTERS = {_NO_LETTER.sub("", name): name for name in CATEGORIES}


def category(spelling: str) -> str:
    """OpenAI's name for a category in any of its spellings; an unknown one stays as it is."""
    return _BY_LETTERS.get(_NO_LETTER.sub("", spelling.lower()), spelling)


def openai_moderation(column: object) -> dict[str, Any] | None:
    """What OpenAI's moderation says about a conversation; None when it says nothing.

    Args:
        column: an object with ``flagged``, ``categories`` and ``category_scores``, or a list of them, one for
            each message.

    Returns:
        ``flagged``: whether any message is; ``categories``: those found in any message, sorted; ``scores``: for
        each category the highest of all messages, 0 to 1.
    """
    entries = list(_entries(column))
    found = {name for entry in entries for name, there in _items(entry.get("categories")) if there is True}
    scores = _highest(entry.get("category_scores") for entry in entries)
    flags = [entry["flagged"] for entry in entries if isinstance(entry.get("flagged"), bool)]
    if not flags and not found and not scores:
        return None
    return {"flagged": any(flags), "categories": sorted(found), "scores": scores}


def detoxify_moderation(column: object) -> dict[str, float] | None:
    """The highest score of all messages for each of Detoxify's names, 0 to 1; None when there is none.

    Args:
        column: an object of names and scores, or a list of them, one a message.
    """
    return _highest(_entries(column)) or None


def _entries(column: object) -> Iterator[Mapping[str, Any]]:
    entries = column if isinstance(column, list) else [column]
    return (entry for entry in entries if isinstance(entry, dict))


def _items(values: object) -> Iterator[tuple[str, Any]]:
    return ((category(name), value) for name, value in values.items()) if isinstance(values, dict) else iter(())


def _highest(columns: Iterator[Any]) -> dict[str, float]:
    highest: dict[str, float] = {}
    for name, score in (item for column in columns for item in _items(column)):
        if isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1:
            highest[name] = max(round(float(score), DIGITS), highest.get(name, 0.0))
    return dict(sorted(highest.items()))
