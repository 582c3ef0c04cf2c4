"""What a corpus knows about a conversation is repeated in each of its rows, so it has to be small."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from sharegpt_argilla.common.contract_keys import TOOLS
from sharegpt_argilla.corpora.formats.base import SYSTEM, Conversation
from sharegpt_argilla.corpora.reading.tabular import Blob

LONGEST_VALUE = 10_000
"""Characters of a text, bytes of a list or an object as JSON."""
BYTES, CUT, DROPPED = "values of bytes", "ends of long extra texts", "large extra values"
"""Names of the counts."""
_SMALL = (int, float, bool, type(None))
_NOTHING = object()


def bounded(conversation: Conversation) -> Conversation:
    """The conversation with an extra of bounded size; what goes is counted.

    The system text was said, and stays; so do definitions of tools where a user asked for them.

    Bytes (pictures in a table) never become part of a row. A long text is cut, a large list or object left out.
    """
    left_out: Counter[str] = Counter()
    whole = {SYSTEM} if conversation.tool_messages is None else {SYSTEM, TOOLS}
    extra = {
        key: value if key in whole else _bounded(value, left_out) for key, value in conversation.extra.items()
    }
    if not left_out:
        return conversation
    kept = {key: value for key, value in extra.items() if value is not _NOTHING}
    return replace(conversation, extra=kept, left_out=Counter(conversation.left_out) + left_out)


def _bounded(value: Any, left_out: Counter[str]) -> Any:
    if isinstance(value, _SMALL):
        return value
    if isinstance(value, str):
        if isinstance(value, Blob):
            left_out[BYTES] += 1
            return _NOTHING
        if len(value) > LONGEST_VALUE:
            left_out[CUT] += 1
            return value[:LONGEST_VALUE]
        return value
    value = _without_bytes(value, left_out)
    if _size(value) > LONGEST_VALUE:
        left_out[DROPPED] += 1
        return _NOTHING
    return value


def _without_bytes(value: Any, left_out: Counter[str]) -> Any:
    if isinstance(value, Mapping):
        kept = {key: item for key, item in value.items() if not isinstance(item, Blob)}
        _count(len(value) - len(kept), left_out)
        return {key: _without_bytes(item, left_out) for key, item in kept.items()}
    if isinstance(value, list):
        items = [item for item in value if not isinstance(item, Blob)]
        _count(len(value) - len(items), left_out)
        return [_without_bytes(item, left_out) for item in items]
    return value


def _count(blobs: int, left_out: Counter[str]) -> None:
    if blobs:
        left_out[BYTES] += blobs


def _size(value: Any) -> int:
    try:
        return len(orjson.dumps(value))
    except TypeError:
        # A lone surrogate, or a number beyond 64 bits.
        return len(repr(value))
