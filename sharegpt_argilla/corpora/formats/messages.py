"""Chat messages as OpenAI's interface takes them: ``{"role": "user", "content": "…"}``.

The content is a text, or a list of parts of which those with a text are read. Messages of tools and calls of tools
are passed over and counted. ``developer`` is what newer models call ``system``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sharegpt_argilla.corpora.formats.base import Container, Conversation, Turn
from sharegpt_argilla.corpora.formats.fields import (
    kind,
    other_keys,
    record_object,
    required,
    required_list,
    required_text,
    session_id,
)
from sharegpt_argilla.corpora.formats.roles import canonical_role
from sharegpt_argilla.corpora.run.pairing import BETWEEN_TURNS
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


WEIGHTS = "weights"
"""Key of the extra with the weight of each answer, in the order of the questions."""
_ID_KEYS = ("id", "conversation_id")
_DEFINITIONS = ("tools", "functions")
_LOG_KEYS = ("timestamp", "model")


@dataclass(frozen=True, slots=True)
class OpenAIChat:
    """Conversations as lists of chat messages."""

    name: str = "messages"
    title: str = "OpenAI chat format (fine-tuning files)"
    source: str = "messages"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a list under ``messages``, and no call out of a request log."""
        return (
            isinstance(value, dict)
            and isinstance(value.get(MESSAGES), list)
            and not all(key in value for key in _LOG_KEYS)
        )

    def read(self, value: object) -> list[Conversation]:
        """The conversation in a record.

        Raises:
            RejectedError: it has no messages, or one of them is no message of a known role with a text.
        """
        record = record_object(value)
        found = read_messages(required_list(record, MESSAGES))
        if not found.turns:
            raise RejectedError("no message has a text")
        if definitions := sum(len(_list(record.get(key))) for key in _DEFINITIONS):
            found.left_out["tool definitions"] += definitions
        extra = other_keys(record, {*_ID_KEYS, MESSAGES, WEIGHTS, *_DEFINITIONS, "parallel_tool_calls"})
        if weights := _weights(found):
            extra[WEIGHTS] = weights
        session = session_id(record, found.turns, _ID_KEYS)
        return [Conversation(session, found.turns, extra=extra, left_out=found.left_out)]


def _weights(found: Messages) -> list[int | float | None]:
    """The weight of the answer to each question that becomes a row; empty when no message has one."""
    answers: list[int | float | None] = []
    open_question = False
    for turn, weight in zip(found.turns, found.weights, strict=True):
        if turn.role == "human":
            open_question = not turn.blank
            answers.extend([None] * open_question)
        elif turn.role == "gpt" and open_question and answers[-1] is None:
            answers[-1] = weight
    return answers if any(weight is not None for weight in answers) else []


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
