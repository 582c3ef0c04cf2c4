"""Chat messages as OpenAI, Anthropic and Gemini write them: ``{"role": "user", "content": "…"}``.

The content is a text, or a list of parts of which those with a text are read. Messages of tools, calls of tools
and reasoning are left out and counted, and so is every key of a message that no row keeps. ``developer`` is what
newer models of OpenAI call ``system``; ``model`` is Gemini's word for ``assistant``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sharegpt_argilla.corpora.formats.base import SYSTEM, Container, Conversation, Turn
from sharegpt_argilla.corpora.formats.fields import (
    kind,
    other_keys,
    record_object,
    required,
    required_list,
    required_text,
    session_id,
)
from sharegpt_argilla.corpora.formats.message_content import (
    CALLS,
    REASONING,
    TOOL_MESSAGES,
    only_tool_messages,
    part_kind,
    text_of_content,
)
from sharegpt_argilla.corpora.formats.roles import canonical_role, other_role
from sharegpt_argilla.errors import RejectedError

MESSAGES, ROLE, CONTENT, REFUSAL = "messages", "role", "content", "refusal"
ROLE_KEYS = (ROLE, "from")
"""Keys of a message that may hold its role; the first that is there does."""
CONTENT_KEYS = (CONTENT, "value", "parts", "text")
"""The same for its content; ``parts`` is Gemini's word."""
_CALL_KEYS = ("tool_calls", "function_call")
_REASONING_KEYS = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "thought")
_READ_OF_A_MESSAGE = frozenset(
    {*ROLE_KEYS, *CONTENT_KEYS, *_CALL_KEYS, *_REASONING_KEYS, REFUSAL, "weight", "type", "tool_call_id"}
)
_EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Messages:
    """What a list of messages holds.

    Attributes:
        turns: the messages with a text, in their order.
        weights: the ``weight`` of each turn; None where it has none.
        left_out: what was left out, in words, and how often.
    """

    turns: list[Turn] = field(default_factory=list)
    weights: list[int | float | None] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def read_messages(messages: Sequence[Any], *, count_keys: bool = False) -> Messages:
    """The turns in a list of messages.

    Args:
        messages: as the corpus has them.
        count_keys: count the keys of messages that are not read, each under its name.

    Raises:
        RejectedError: a message is no object, has an unknown role, or a content that is neither text nor parts.
    """
    read = Messages()
    for number, message in enumerate(messages, 1):
        try:
            _read_message(message, read, count_keys)
        except RejectedError as error:
            raise RejectedError(f"message {number}: {error}") from None
    return read


def _read_message(message: Any, read: Messages, count_keys: bool) -> None:
    if not isinstance(message, dict):
        raise RejectedError(f"it is {kind(message)}, not an object")
    name = _item(message)
    spelling = "" if name else required_text(message, _key(message, ROLE_KEYS))
    if name := name or other_role(spelling) or "":
        read.left_out[name] += 1
        return
    role = canonical_role(spelling)
    if count_keys:
        read.left_out.update(unread_keys(message, _READ_OF_A_MESSAGE))
    if any(message.get(key) not in _EMPTY for key in _REASONING_KEYS):
        read.left_out[REASONING] += 1
    calls = sum(_number_of(message.get(key)) for key in _CALL_KEYS)
    if calls:
        read.left_out[CALLS] += calls
    text = _text(message, role == "gpt", calls > 0, read.left_out)
    if text is None and role == "human" and not only_tool_messages(message.get(_key(message, CONTENT_KEYS))):
        # A question in pictures stays, blank: else its answer would go to the question before.
        text = ""
    if text is not None:
        read.turns.append(Turn(role, text, spelling))
        read.weights.append(_weight(message.get("weight")))


def _item(message: Mapping[str, Any]) -> str:
    """The name under which an item without a role, as in OpenAI's Responses, is counted; "" for a message."""
    type_ = message.get("type")
    if ROLE in message or not isinstance(type_, str):
        return ""
    if type_.endswith("_call_output"):
        return TOOL_MESSAGES
    name = CALLS if type_.endswith("_call") else part_kind(message)
    return name if name in {CALLS, TOOL_MESSAGES, REASONING} else ""


def _text(message: dict[str, Any], answers: bool, called: bool, left_out: Counter[str]) -> str | None:
    """The text of a message; None for one that only calls tools or only has parts without a text."""
    key = _key(message, CONTENT_KEYS)
    content = message.get(key)
    if content is None and isinstance(refusal := message.get(REFUSAL), str):
        return refusal
    if content is None and called:
        return None
    if content is None and key in message and answers:
        # Nobody answered, or only in a way that is not read.
        return ""
    text = text_of_content(required(message, key), key, left_out)
    return None if called and text is not None and not text.strip() else text


def unread_keys(message: Mapping[str, Any], read: frozenset[str]) -> Counter[str]:
    """The keys of a message that are not read, in words; a value that says nothing does not count."""
    return Counter(
        f'"{key}" of messages' for key, value in message.items() if key not in read and value not in _EMPTY
    )


def _key(message: Mapping[str, Any], keys: Sequence[str]) -> str:
    """The first of the keys that the message has; the first of all, if it has none."""
    return next((key for key in keys if key in message), keys[0])


def _number_of(calls: Any) -> int:
    return len(calls) if isinstance(calls, list) else int(isinstance(calls, dict))


def _weight(weight: Any) -> int | float | None:
    return weight if isinstance(weight, int | float) and not isinstance(weight, bool) else None


LIST_KEYS = (MESSAGES, "conversations", "conversation", "contents", "chat", "dialogue", "items")
"""Keys of a record that may hold its messages; the first that is there does. ``conversations`` is that of
ChatGLM3, MiniMind and MiniCPM-V, ``contents`` that of Gemini."""
WEIGHTS = "weights"
"""Key of the extra with the weight of each answer, in the order of the questions."""
_ID_KEYS = ("id", "conversation_id")
_DEFINITIONS = ("tools", "functions")
_SYSTEM_KEYS = (SYSTEM, "systemInstruction", "system_instruction")
_LOG_KEYS = ("timestamp", "model")
RESPONSE = "response"


def is_message(value: object) -> bool:
    """Whether the value has the outline of a message: a role, and a content in any form."""
    return (
        isinstance(value, dict)
        and any(isinstance(value.get(key), str) for key in ROLE_KEYS)
        and any(key in value for key in (*CONTENT_KEYS, *_CALL_KEYS))
    )


def is_call(value: Mapping[str, Any]) -> bool:
    """Whether a record with messages is a call out of a request log: it has a time, a model, and no answer yet."""
    messages = value.get(MESSAGES)
    if not isinstance(messages, list) or not all(key in value for key in _LOG_KEYS):
        return False
    if not isinstance(value[_LOG_KEYS[1]], str):
        return False
    last = messages[-1] if messages else None
    role = last.get(ROLE) if isinstance(last, dict) else None
    return RESPONSE in value or role not in {"assistant", "model"}


@dataclass(frozen=True, slots=True)
class OpenAIChat:
    """Conversations as lists of chat messages."""

    name: str = "messages"
    title: str = "chat messages of OpenAI, Anthropic and Gemini (fine-tuning files)"
    source: str = "messages"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a list of messages, and no call out of a request log."""
        if not isinstance(value, dict) or is_call(value):
            return False
        if isinstance(messages := value.get(MESSAGES), list) and not messages:
            return True
        return any(isinstance(value.get(key), list) and any(map(is_message, value[key])) for key in LIST_KEYS)

    def read(self, value: object) -> list[Conversation]:
        """The conversation in a record.

        Raises:
            RejectedError: it has no messages, or one of them is no message of a known role with a text.
        """
        record = record_object(value)
        key = _key(record, LIST_KEYS)
        read = read_messages(required_list(record, key), count_keys=True)
        if not read.turns:
            raise RejectedError("no message has a text")
        if definitions := sum(number_of_definitions(record.get(key)) for key in _DEFINITIONS):
            read.left_out["tool definitions"] += definitions
        extra = other_keys(record, {*_ID_KEYS, key, WEIGHTS, *_DEFINITIONS, *_SYSTEM_KEYS, "parallel_tool_calls"})
        if system := _system(record, read.left_out):
            extra[SYSTEM] = system
        if weights := _weights(read):
            extra[WEIGHTS] = weights
        session = session_id(record, read.turns, _ID_KEYS)
        return [Conversation(session, read.turns, extra=extra, left_out=read.left_out)]


def number_of_definitions(tools: Any) -> int:
    """How many tools a record defines: a list, or the text of one, as LLaMA-Factory has it."""
    if isinstance(tools, str) and tools.strip():
        try:
            tools = json.loads(tools)
        except (ValueError, RecursionError):
            return 1
    return len(tools) if isinstance(tools, list) else int(isinstance(tools, dict) and bool(tools))


def _system(record: Mapping[str, Any], left_out: Counter[str]) -> str:
    """The system text of the record: a text, Anthropic's blocks, or Gemini's instruction; "" when it has none."""
    for key in _SYSTEM_KEYS:
        try:
            text = text_of_content(record.get(key), key, left_out)
        except RejectedError:
            continue
        if text and text.strip():
            return text
    return ""


def _weights(read: Messages) -> list[int | float | None]:
    """The weight of the answer to each question that becomes a row; empty when no message has one."""
    answers: list[int | float | None] = []
    open_question = False
    for turn, weight in zip(read.turns, read.weights, strict=True):
        if turn.role == "human":
            open_question = not turn.blank
            answers.extend([None] * open_question)
        elif turn.role == "gpt" and open_question and answers[-1] is None:
            answers[-1] = weight
    return answers if any(weight is not None for weight in answers) else []
