"""What `curate` found out about a row, as metadata of its record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sharegpt_argilla.rows import CURATION

NOTHING = "none"
"""The value of ``flags`` for a row that was checked and has none, so that people can filter for it."""


def _flags(found: Mapping[str, Any]) -> object:
    flags = found.get("flags")
    return flags or [NOTHING] if isinstance(flags, list) else None


def _private(found: Mapping[str, Any]) -> object:
    return sum(found.get("pii", {}).values()) if found else None


CURATION_PROPERTIES: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "flags": _flags,
    "prompt_language": lambda found: found.get("prompt_lang"),
    "response_language": lambda found: found.get("response_lang"),
    "pii_count": _private,
    "toxicity_score": lambda found: found.get("toxicity", {}).get("score"),
}
"""Property -> how it is read from what ``curate`` wrote; None for a row that was never curated."""


def curated(extension: Mapping[str, Any]) -> Mapping[str, Any]:
    """What ``curate`` wrote into an extension; empty where it did not run."""
    found = extension.get(CURATION)
    return found if isinstance(found, dict) else {}
