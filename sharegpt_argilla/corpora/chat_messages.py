"""Chat messages as OpenAI's interface takes them: ``{"role": "user", "content": "…"}``.

The content is a text, or a list of parts of which those with a text are read. Messages of tools and calls of tools
are passed over and counted. ``developer`` is what newer models call ``system``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sharegpt_argilla.corpora.base import Turn
from sharegpt_argilla.corpora.fields import kind, required, required_text
from sharegpt_argilla.corpora.pairing import BETWEEN_TURNS
from sharegpt_argilla.corpora.roles import canonical_role
from sharegpt_argilla.errors import RejectedError

MESSAGES, ROLE, CONTENT, REFUSAL = "messages", "role", "content", "refusal"
_TOOLS = frozenset({"tool", "function"})
_CALLS = ("tool_calls", "function_call")
_SYSTEM = "developer"


@dataclass(frozen=True, slots=True)
class Messages:
    """What a list of messages holds.

    Attributes:
        turns: the messages with a text, in their order.
        weights: the ``weight`` of each turn; None where it has none.
        left_out: what was passed over, in words, and how often.
    """

    turns: list[Turn] = field(default_factory=list)
    weights: list[int | float | None] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def read_messages(messages: Sequence[Any]) -> Messages:
    """The turns in a list of messages.

    Raises:
        RejectedError: a message is no object, has an unknown role, or a content that is neither text nor parts.
    """
    found = Messages()
    for number, message in enumerate(messages, 1):
        try:
            _read_message(message, found)
        except RejectedError as error:
            raise RejectedError(f"message {number}: {error}") from None
    return found


def _read_message(message: Any, found: Messages) -> None:
    if not isinstance(message, dict):
        raise RejectedError(f"it is {kind(message)}, not an object")
    spelling = required_text(message, ROLE)
    if spelling in _TOOLS:
        found.left_out["tool messages"] += 1
        return
    role = "system" if spelling == _SYSTEM else canonical_role(spelling)
    calls = sum(_number_of(message.get(key)) for key in _CALLS)
    if calls:
        found.left_out["tool calls"] += calls
    text = _text(message, found.left_out, called=calls > 0)
    if text is None and role == "human":
        # A question in pictures stays, blank: else its answer would go to the question before.
        text = ""
    if text is not None:
        found.turns.append(Turn(role, text, spelling))
        found.weights.append(_weight(message.get("weight")))


def _text(message: dict[str, Any], left_out: Counter[str], called: bool) -> str | None:
    """The text of a message; None for one that only calls tools or only has parts without a text."""
    content = message.get(CONTENT)
    if content is None and isinstance(refusal := message.get(REFUSAL), str):
        return refusal
    if content is None and called:
        return None
    if isinstance(content, list):
        return _text_of_parts(content, left_out)
    text = required(message, CONTENT)
    if not isinstance(text, str):
        raise RejectedError(f'"{CONTENT}" is {kind(text)}, neither text nor a list of parts')
    return None if called and not text.strip() else text


def _text_of_parts(parts: list[Any], left_out: Counter[str]) -> str | None:
    """The texts of the parts, a blank line between them; None when there are parts, but none with a text."""
    texts = [text for part in parts if (text := _part_text(part)) is not None]
    if others := len(parts) - len(texts):
        left_out["parts that are no text"] += others
    return BETWEEN_TURNS.join(texts) if texts or not parts else None


def _part_text(part: Any) -> str | None:
    if isinstance(part, str):
        return part
    text = part.get("text", part.get(REFUSAL)) if isinstance(part, dict) else None
    return text if isinstance(text, str) else None


def _number_of(calls: Any) -> int:
    return len(calls) if isinstance(calls, list) else int(isinstance(calls, dict))


def _weight(weight: Any) -> int | float | None:
    return weight if isinstance(weight, int | float) and not isinstance(weight, bool) else None
