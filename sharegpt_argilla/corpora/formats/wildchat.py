"""WildChat, WildChat-1M and WildChat-4.8M: one conversation a row, with moderation, language and origin.

``{"conversation_hash": …, "model": …, "timestamp": …, "conversation": [{"role": "user", "content": …, …}, …],
"language": …, "openai_moderation": […], "detoxify_moderation": […], "toxic": …, "redacted": …, "state": …,
"country": …, "hashed_ip": …, "header": {…}}``. The first release has ``conversation_id`` instead of
``conversation_hash``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sharegpt_argilla.corpora.formats.base import Container, Conversation, Options
from sharegpt_argilla.corpora.formats.fields import create_time, record_object, required_list, session_id
from sharegpt_argilla.corpora.formats.messages import read_messages
from sharegpt_argilla.moderation import detoxify_moderation, openai_moderation

CONVERSATION, HASH, OLD_ID, TIMESTAMP = "conversation", "conversation_hash", "conversation_id", "timestamp"
KEPT = ("model", "language", "toxic", "redacted")
"""Columns that become extra keys as they are."""
ORIGIN = ("country", "state", "hashed_ip", "header")
"""Columns that say where a conversation came from: kept only on request."""

_MILLISECONDS = 1e11
"""A number of seconds as high as this is in the year 5138; it counts milliseconds."""


@dataclass(frozen=True, slots=True)
class WildChat:
    """Conversations of WildChat.

    Attributes:
        keep_origin: whether country, state, hashed address and request headers become extra keys.
    """

    name: str = "wildchat"
    title: str = "allenai/WildChat-1M, WildChat-4.8M and WildChat"
    source: str = "WildChat"
    keep_origin: bool = False
    container: Container = "json"

    def with_options(self, options: Options) -> WildChat:
        """The same corpus, with or without the origin."""
        return replace(self, keep_origin=options.keep_origin)

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a conversation, its hash or id, and its time."""
        return (
            isinstance(value, dict)
            and isinstance(value.get(CONVERSATION), list)
            and (HASH in value or (OLD_ID in value and TIMESTAMP in value))
        )

    def read(self, value: object) -> list[Conversation]:
        """The conversation in a row.

        Raises:
            RejectedError: it has no messages, or one of them has no known role or a content that is no text.
        """
        record = record_object(value)
        values = required_list(record, CONVERSATION)
        messages = read_messages(with_texts(values))
        extra = {key: record[key] for key in KEPT if record.get(key) is not None}
        extra |= moderation(record)
        if self.keep_origin:
            extra |= _origin(record, values)
        session = session_id(record, messages.turns, (HASH, OLD_ID))
        created = _first_time(record, values)
        return [Conversation(session, messages.turns, extra=extra, created=created, left_out=messages.left_out)]


def with_texts(messages: Sequence[Any]) -> list[Any]:
    """The messages; a content of null, the mark of an empty message in a table, is a blank text."""
    return [
        {**message, "content": ""} if isinstance(message, dict) and message.get("content", "") is None else message
        for message in messages
    ]


def moderation(record: Mapping[str, Any]) -> dict[str, Any]:
    """The moderation columns of a row, each made one small object; a column that says nothing is left out."""
    columns = {
        "openai_moderation": openai_moderation(record.get("openai_moderation")),
        "detoxify_moderation": detoxify_moderation(record.get("detoxify_moderation")),
    }
    return {key: column for key, column in columns.items() if column is not None}


def moment(value: object) -> str | None:
    """A time of a table as ``yyyymmdd HH:MM:SS`` in UTC: a date, its text, or a number of (milli)seconds."""
    if isinstance(value, datetime):
        return create_time(value.isoformat())
    if isinstance(value, int | float) and _MILLISECONDS <= value < _MILLISECONDS * 1000:
        return create_time(value / 1000)
    return create_time(value)


def _first_time(record: Mapping[str, Any], messages: Sequence[Any]) -> str | None:
    """When the first message was answered; the time of a row is that of its last turn."""
    answered = (moment(message.get(TIMESTAMP)) for message in messages if isinstance(message, dict))
    return min(filter(None, answered), default=None) or moment(record.get(TIMESTAMP))


def _origin(record: Mapping[str, Any], messages: Sequence[Any]) -> dict[str, Any]:
    """The origin of a conversation; where the row is silent, of its first message that has one."""
    return {key: value for key in ORIGIN if (value := next(_said(key, record, messages), None)) is not None}


def _said(key: str, record: Mapping[str, Any], messages: Sequence[Any]) -> Iterator[Any]:
    rows = [record, *(message for message in messages if isinstance(message, dict))]
    return (row[key] for row in rows if row.get(key) is not None)
