"""Moderation columns of chat logs: one entry per message, condensed to one small object per conversation.

OpenAI's categories occur in several spellings next to each other (``self-harm/intent`` and ``self_harm_intent`` in
WildChat-1M). Here they are spelled as in OpenAI's API, and the highest score over all messages and spellings
counts.
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
"""OpenAI's names of its categories."""
DIGITS = 4
"""Decimal places of a stored score: enough to compare it with a threshold."""

_NO_LETTER = re.compile("[^a-z]")
_BY_LETTERS = {_NO_LETTER.sub("", name): name for name in CATEGORIES}


def category(spelling: str) -> str:
    """OpenAI's name for a category in any of its spellings; an unknown category is returned unchanged."""
    return _BY_LETTERS.get(_NO_LETTER.sub("", spelling.lower()), spelling)


def openai_moderation(column: object) -> dict[str, Any] | None:
    """The result of OpenAI's moderation for a conversation; None if the column contains none.

    Args:
        column: an object with ``flagged``, ``categories`` and ``category_scores``, or a list of such objects, one
            for each message.

    Returns:
        ``flagged``: whether any message is; ``categories``: those of any message, sorted; ``scores``: category ->
        highest score of all messages, 0 to 1.
    """
    entries = list(_entries(column))
    categories = {
        name for entry in entries for name, present in _items(entry.get("categories")) if present is True
    }
    scores = _highest(entry.get("category_scores") for entry in entries)
    flags = [entry["flagged"] for entry in entries if isinstance(entry.get("flagged"), bool)]
    if not flags and not categories and not scores:
        return None
    return {"flagged": any(flags), "categories": sorted(categories), "scores": scores}


def detoxify_moderation(column: object) -> dict[str, float] | None:
    """The highest score of all messages for each of Detoxify's names, 0 to 1; None if the column contains none.

    Args:
        column: an object name -> score, or a list of such objects, one for each message.
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
