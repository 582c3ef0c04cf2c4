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

from sharegpt_argilla.common.contract_keys import TOOLS
from sharegpt_argilla.corpora.formats.base import SYSTEM, Container, Conversation, Gatherer, Options, Turn
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
from sharegpt_argilla.corpora.formats.repeated_rounds import RoundGatherer
from sharegpt_argilla.corpora.formats.roles import ROLES, canonical_role, other_role
from sharegpt_argilla.corpora.formats.tool_messages import DEFINITIONS, ToolLog, tool_definitions
from sharegpt_argilla.errors import RejectedError

MESSAGES, ROLE, CONTENT, REFUSAL, AUDIO = "messages", "role", "content", "refusal", "audio"
ROLE_KEYS = (ROLE, "from")
"""Keys of a message that may have its role; the first one present does."""
CONTENT_KEYS = (CONTENT, "value", "parts", "text")
"""The same for its content; ``parts`` is Gemini's word."""
_CALL_KEYS = ("tool_calls", "function_call")
_REASONING_KEYS = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "thought")
_READ_OF_A_MESSAGE = frozenset(
    {*ROLE_KEYS, *CONTENT_KEYS, *_CALL_KEYS, *_REASONING_KEYS, REFUSAL, AUDIO, "weight", "type", "tool_call_id"}
)
_EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Messages:
    """What a list of messages contains.

    Attributes:
        turns: the messages with a text, in their order.
        weights: the ``weight`` of each turn; None where it has none.
        left_out: what was left out, in words, and how often.
        tools: calls and results, where they are asked for.
    """

    turns: list[Turn] = field(default_factory=list)
    weights: list[int | float | None] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    tools: ToolLog = field(default_factory=ToolLog)


def read_messages(messages: Sequence[Any], *, count_keys: bool = False, keep_tools: bool = False) -> Messages:
    """The turns in a list of messages.

    Args:
        messages: as the corpus has them.
        count_keys: count the keys of messages that are not read, each under its name.
        keep_tools: log the calls and results of tools too.

    Raises:
        RejectedError: a message is no object, has an unknown role, or a content that is neither text nor parts.
    """
    read = Messages()
    for number, message in enumerate(messages, 1):
        try:
            before, counted = len(read.turns), _tool_counts(read)
            _read_message(message, read, count_keys)
            if keep_tools:
                understood = read.tools.add(message, before, read.turns)
                expected = tuple(now - then for now, then in zip(_tool_counts(read), counted, strict=True))
                read.tools.sound = read.tools.sound and understood == expected
        except RejectedError as error:
            raise RejectedError(f"message {number}: {error}") from None
    return read


def _tool_counts(read: Messages) -> tuple[int, int]:
    return read.left_out[CALLS], read.left_out[TOOL_MESSAGES]


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
    if content is None and (spoken := _spoken(message)) is not None:
        return spoken
    if content is None and called:
        return None
    if content is None and key in message and answers:
        # Nobody answered, or only in a way that is not read.
        return ""
    text = text_of_content(required(message, key), key, left_out)
    return None if called and text is not None and not text.strip() else text


def _spoken(message: Mapping[str, Any]) -> str | None:
    """What replaces the content: a refusal, or what OpenAI's audio says."""
    audio = message.get(AUDIO)
    spoken = message.get(REFUSAL) or (audio.get("transcript") if isinstance(audio, dict) else None)
    return spoken if isinstance(spoken, str) else None


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


CONTENTS = "contents"
LIST_KEYS = (MESSAGES, "conversations", "conversation", CONTENTS, "chat", "dialogue", "dialog", "items")
"""Keys of a record that may have its messages; the first one present does. ``conversations`` is that of
ChatGLM3, MiniMind and MiniCPM-V, ``contents`` that of Gemini."""
PROMPT_KEYS = ("prompt", "input")
"""Keys of the messages before an answer under another key: those of TRL and of OpenAI's Responses interface."""
ANSWER_KEYS = (
    *("completion", "response", "answer", "output", "choices", "solution", "target"),
    *("ground_truth", "reward_model"),
)
"""Keys of a record that may have the answer to its last message; the first that is an answer does. The last two
are those of TRL's GRPO and of verl."""
_INSIDE = ("choices", "ground_truth")
"""Keys of an object under one of these that have the answer."""
LABEL = "label"
"""Key of a verdict on the last answer alone, in the layouts for KTO of TRL and ms-swift."""
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
    """Conversations as lists of chat messages; ``keep_tools`` keeps what they say of tools."""

    name: str = "messages"
    title: str = "chat messages of OpenAI, Anthropic and Gemini (fine-tuning files)"
    source: str = "messages"
    container: Container = "json"
    keep_tools: bool = False

    def with_options(self, options: Options) -> OpenAIChat:
        """The same corpus, which puts rounds together where records repeat them, and keeps tools if asked."""
        layout = OpenAIChatRounds if options.history else OpenAIChat
        return layout(keep_tools=options.keep_tools)

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a list of messages, and no call out of a request log."""
        if not isinstance(value, dict) or is_call(value):
            return False
        if isinstance(messages := value.get(MESSAGES), list) and not messages:
            return True
        if any(_are_messages(value.get(key)) for key in LIST_KEYS):
            return True
        return any(_are_messages(value.get(key)) for key in PROMPT_KEYS) and bool(_answer(value)[0])

    def read(self, value: object) -> list[Conversation]:
        """The conversation in a record.

        Raises:
            RejectedError: it has no messages, or one of them is no message of a known role with a text.
        """
        record = record_object(value)
        prompt = next((name for name in PROMPT_KEYS if _are_messages(record.get(name))), "")
        key = prompt if prompt and not any(name in record for name in LIST_KEYS) else _key(record, LIST_KEYS)
        messages: Sequence[Any] = required_list(record, key)
        answered = ""
        if key == CONTENTS:
            messages = _with_role(messages)
        if _asks(messages[-1]):
            answered, answer = _answer(record)
            messages = [*messages, *answer]
        read = read_messages(messages, count_keys=True, keep_tools=self.keep_tools)
        if not read.turns:
            raise RejectedError("no message has a text")
        if definitions := sum(number_of_definitions(record.get(key)) for key in _DEFINITIONS):
            read.left_out[DEFINITIONS] += definitions
        taken = {*_ID_KEYS, key, answered, WEIGHTS, *_DEFINITIONS, *_SYSTEM_KEYS, "parallel_tool_calls"}
        extra = other_keys(record, taken)
        if system := _system(record, read.left_out):
            extra[SYSTEM] = system
        if weights := _weights(read):
            extra[WEIGHTS] = weights
        session = session_id(record, read.turns, _ID_KEYS)
        defined = tool_definitions(*(record.get(key) for key in _DEFINITIONS))
        tools = read.tools.kept(read.left_out, defined) if self.keep_tools else None
        if tools is not None and defined:
            extra[TOOLS] = defined
        return [Conversation(session, read.turns, extra=extra, left_out=read.left_out, tool_messages=tools)]


class OpenAIChatRounds(OpenAIChat):
    """The same messages, in files with a record for each answer, which repeats those before it."""

    def gather(self) -> Gatherer:
        """A gatherer that gives each round once, where records are of such a layout."""
        return RoundGatherer(self.read, repeats)


def repeats(record: object) -> bool:
    """Whether a record is one answer of a conversation, so that others may have the ones before it.

    That is so for a prompt of messages with a completion, and for messages with a verdict on the last.
    """
    if not isinstance(record, dict):
        return False
    if isinstance(record.get(LABEL), bool) and _are_messages(record.get(MESSAGES)):
        return True
    return any(_are_messages(record.get(key)) for key in PROMPT_KEYS)


def _are_messages(value: object) -> bool:
    return isinstance(value, list) and any(map(is_message, value))


def _asks(message: object) -> bool:
    """Whether a message is by a person, or a result of a tool, so that an answer may follow it."""
    spelling = message.get(_key(message, ROLE_KEYS)) if isinstance(message, dict) else None
    if not isinstance(spelling, str):
        return False
    return other_role(spelling) == TOOL_MESSAGES or ROLES.get(spelling.strip().lower()) == "human"


def _answer(record: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The key of the answer that a record has next to its messages, and the answer as messages; "" for none."""
    for key in ANSWER_KEYS:
        if messages := _as_messages(record.get(key)):
            return key, messages
    return "", []


def _as_messages(value: Any) -> list[Any]:
    """An answer as messages: a text, a message, messages, or OpenAI's choices; none for something else."""
    if isinstance(value, str) and value.strip():
        return [{ROLE: "assistant", CONTENT: value}]
    if isinstance(value, dict):
        inside = next((value[key] for key in _INSIDE if value.get(key)), None)
        return _as_messages(inside) if inside else [value] if is_message(value) else []
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return []
    if isinstance(first := value[0].get("message"), dict):
        return [first] if is_message(first) else []
    return value if all(isinstance(item, dict) and (is_message(item) or _item(item)) for item in value) else []


def _with_role(contents: Sequence[Any]) -> Sequence[Any]:
    """Gemini's contents; one without a role is by the user."""
    return [{ROLE: "user", **item} if isinstance(item, dict) else item for item in contents]


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
