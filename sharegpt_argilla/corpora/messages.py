"""Chat files for training: ``{"messages": [{"role": "user", "content": "…"}, …]}`` (OpenAI, TRL, axolotl)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.base import Container, Conversation
from sharegpt_argilla.corpora.chat_messages import MESSAGES, Messages, read_messages
from sharegpt_argilla.corpora.fields import other_keys, record_object, required_list, session_id
from sharegpt_argilla.errors import RejectedError

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
