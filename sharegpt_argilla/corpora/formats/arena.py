"""Chatbot Arena: one person talks to two models at a time and says which was better.

``{"question_id": …, "model_a": …, "model_b": …, "winner": "model_a", "judge": …, "conversation_a": [{"role":
"user", "content": …}, …], "conversation_b": […], "turn": …, "anony": …, "language": …, "tstamp": …,
"openai_moderation": {…}, "toxic_chat_tag": {…}}``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.formats.base import Container, Conversation
from sharegpt_argilla.corpora.formats.fields import record_object, required_list, session_id
from sharegpt_argilla.corpora.formats.messages import Messages, read_messages
from sharegpt_argilla.corpora.formats.wildchat import moderation, moment, with_texts
from sharegpt_argilla.errors import RejectedError

QUESTION_ID = "question_id"
SIDES = {"conversation_a": "model_a", "conversation_b": "model_b"}
"""Column of a conversation -> column of its model, which is also what ``winner`` says when that model won."""
KEPT = ("winner", "language", "anony", "toxic_chat_tag")
"""Columns that become extra keys of both conversations as they are."""


@dataclass(frozen=True, slots=True)
class Arena:
    """Votes of Chatbot Arena: two conversations a record, which differ in the model."""

    name: str = "arena"
    title: str = "lmsys/chatbot_arena_conversations"
    source: str = "Chatbot Arena"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with both conversations."""
        return isinstance(value, dict) and all(isinstance(value.get(key), list) for key in SIDES)

    def read(self, value: object) -> list[Conversation]:
        """Both conversations of a record: their sessions are its id with ``_a`` and ``_b``.

        Their extras say the model, the ``side`` it was on, and the ``winner``: ``model_a``, ``model_b`` or a tie.

        Raises:
            RejectedError: one of them has no messages, or a message without a known role or with no text.
        """
        record = record_object(value)
        sides = {key: _messages(record, key) for key in SIDES}
        every_turn = [turn for found in sides.values() for turn in found.turns]
        question = session_id(record, every_turn, (QUESTION_ID,))
        shared = {key: record[key] for key in KEPT if record.get(key) is not None} | moderation(record)
        created = moment(record.get("tstamp"))
        return [
            Conversation(
                question + key.removeprefix("conversation"),
                found.turns,
                extra={QUESTION_ID: question, "model": record.get(SIDES[key]), "side": SIDES[key], **shared},
                created=created,
                left_out=found.left_out,
            )
            for key, found in sides.items()
        ]


def _messages(record: dict[str, Any], key: str) -> Messages:
    try:
        return read_messages(with_texts(required_list(record, key)))
    except RejectedError as error:
        text = str(error)
        raise RejectedError(text if key in text else f'"{key}": {text}') from None
