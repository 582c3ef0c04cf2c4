"""Keys that one part of the package writes and another reads; those of rows themselves are in ``rows``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharegpt_argilla.rows import CURATION

# Metadata of records on a server.

ASSIGNED_TO = "assigned_to"
"""Hidden terms property: usernames of those who answer the record. A dataset that has it is planned."""

ASSIGNED_RANK = "assigned_rank"
"""Hidden integer property: the record's rank in a random order of all; a person's queue is their records by it."""

ASSIGNED_N = "assigned_n"
"""Hidden integer property: how many people answer the record."""

COPIED_ANSWERS = "copied_answers"
"""Metadata of a record that was copied with its responses: user id -> inserted and updated times of theirs and,
where it was measured, the seconds that they took."""

# The block that ``curate`` writes into a row's extension.

FLAGS = "flags"
"""Names of the checks that the row fails, sorted. Metadata property of the same name."""

FIXED = "fixed"
"""Names of the checks whose findings were fixed in the row's texts."""

DUPLICATE_OF = "dup_of"
"""Id of the row of which this one is a duplicate or nearly one."""

PROMPT_LANGUAGE, RESPONSE_LANGUAGE = "prompt_lang", "response_lang"
"""ISO 639-1 codes of the languages of the two texts."""

PII = "pii"
"""Kind of private data -> how often the row's texts have it."""

TOXICITY = "toxicity"
"""``score``, the highest, 0 to 1; ``categories`` that count; ``sources``: who gave which score."""

# Other keys of a row's extension, and of what the export writes into it.

TOOLS = "tools"
"""Definitions of tools; in OpenAI's form, and to be used, only next to ``TOOL_MESSAGES``."""

TOOL_MESSAGES = "tool_messages"
"""What model and tools said to each other, the answer included, as OpenAI's messages; ``[]`` if none was called.
A conversation has it only if all of that is kept."""

CONFIDENCE = "confidence"
"""In ``标注``: question -> how probable its value is, or label -> number where there are several."""

GOLD = "gold"
"""Question -> the answer that is known to be right: of a record, and of an export's ``标注``."""


def curation_block(extension: Mapping[str, Any]) -> Mapping[str, Any]:
    """What ``curate`` wrote into an extension; empty if it did not run."""
    block = extension.get(CURATION)
    return block if isinstance(block, dict) else {}
