"""Chatbot Arena: one person talks to two models at a time and says which was better.

``{"question_id": …, "model_a": …, "model_b": …, "winner": "model_a", "judge": …, "conversation_a": [{"role":
"user", "content": …}, …], "conversation_b": […], "turn": …, "anony": …, "language": …, "tstamp": …,
"openai_moderation": {…}, "toxic_chat_tag": {…}}``. The set of 2024 with 55,000 votes has texts instead: lists in
JSON under ``prompt``, ``response_a`` and ``response_b``, and a ``winner_…`` for each outcome. Those of 2025 have
``id`` and ``timestamp``; search-arena has ``messages_a`` and ``messages_b``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.formats.base import Container, Conversation, Turn
from sharegpt_argilla.corpora.formats.fields import record_object, required_list, required_text, session_id
from sharegpt_argilla.corpora.formats.messages import Messages, read_messages
from sharegpt_argilla.corpora.formats.wildchat import moderation, moment, with_texts
from sharegpt_argilla.errors import RejectedError

QUESTION_ID = "question_id"
SIDES = {"a": "model_a", "b": "model_b"}
"""End of the column of a conversation -> column of its model, which is also what ``winner`` says when it won."""
TALKS = ("conversation_", "messages_")
"""How the columns of the two conversations begin."""
PROMPT, RESPONSE = "prompt", "response_"
"""The columns of the set of 2024 with texts."""
KEPT = (
    *("winner", "language", "anony", "toxic_chat_tag", "is_code", "category_tag"),
    *("evaluation_session_id", "evaluation_order", "occupational_tags"),
)
"""Columns that become extra keys of both conversations as they are."""
_IDS = (QUESTION_ID, "id")
_TIMES = ("tstamp", "timestamp")
_WINNERS = {"winner_model_a": "model_a", "winner_model_b": "model_b", "winner_tie": "tie"}


@dataclass(frozen=True, slots=True)
class Arena:
    """Votes of Chatbot Arena: two conversations a record, which differ in the model."""

    name: str = "arena"
    title: str = "lmsys/chatbot_arena_conversations"
    source: str = "Chatbot Arena"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with both conversations, or with a prompt and two responses of models."""
        if not isinstance(value, dict):
            return False
        if any(all(_is_talk(value.get(talk + side)) for side in SIDES) for talk in TALKS):
            return True
        texts = (PROMPT, *(RESPONSE + side for side in SIDES))
        return all(isinstance(value.get(key), str) for key in (*texts, *SIDES.values()))

    def read(self, value: object) -> list[Conversation]:
        """Both conversations of a record: their sessions are its id with ``_a`` and ``_b``.

        Their extras say the model, the ``side`` it was on, and the ``winner``: ``model_a``, ``model_b`` or a tie.

        Raises:
            RejectedError: one of them has no messages, or a message without a known role or with no text.
        """
        record = record_object(value)
        sides = {side: _side(record, side) for side in SIDES}
        every_turn = [turn for read in sides.values() for turn in read.turns]
        question = session_id(record, every_turn, _IDS)
        shared = {key: record[key] for key in KEPT if record.get(key) not in (None, {})} | moderation(record)
        if won := next((who for key, who in _WINNERS.items() if str(record.get(key)) in {"1", "True"}), None):
            shared = {"winner": won, **shared}
        created = next((time for key in _TIMES if (time := moment(record.get(key))) is not None), None)
        return [
            Conversation(
                f"{question}_{side}",
                read.turns,
                extra={QUESTION_ID: question, "model": record.get(SIDES[side]), "side": SIDES[side], **shared},
                created=created,
                left_out=read.left_out,
            )
            for side, read in sides.items()
        ]


def _is_talk(value: object) -> bool:
    """Whether a value is a list, or the text of one, as the set of 100,000 votes has it."""
    return isinstance(value, list) or (isinstance(value, str) and value.lstrip().startswith("[{"))


def _side(record: dict[str, Any], side: str) -> Messages:
    talk = next((talk for talk in TALKS if talk + side in record), None)
    if talk is None and PROMPT in record:
        return _rounds(record, RESPONSE + side)
    return _messages(record, (talk or TALKS[0]) + side)


def _rounds(record: dict[str, Any], key: str) -> Messages:
    """The rounds of a side whose questions and answers are lists in JSON; a null answer leaves its question."""
    asked, answered = _texts(record, PROMPT), _texts(record, key)
    if len(asked) != len(answered):
        raise RejectedError(f'"{PROMPT}" has {len(asked):,} texts and "{key}" {len(answered):,}')
    turns: list[Turn] = []
    for question, answer in zip(asked, answered, strict=True):
        turns.append(Turn("human", question or "", PROMPT))
        turns += [Turn("gpt", answer, key)] if answer is not None else []
    return Messages(turns)


def _texts(record: dict[str, Any], key: str) -> list[str | None]:
    text = required_text(record, key)
    try:
        # Half a surrogate pair in the published file is written as it is.
        values = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    whole = isinstance(values, list) and all(isinstance(value, str | None) for value in values)
    return values if whole else [text]


def _parsed(text: str, key: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise RejectedError(f'"{key}" is text that is not JSON') from None


def _messages(record: dict[str, Any], key: str) -> Messages:
    if isinstance(text := record.get(key), str):
        record = {key: _parsed(text, key)}
    try:
        return read_messages(with_texts(required_list(record, key)))
    except RejectedError as error:
        text = str(error)
        raise RejectedError(text if key in text else f'"{key}": {text}') from None
