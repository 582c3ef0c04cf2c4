"""LMSYS-Chat-1M: one conversation a row.

``{"conversation_id": …, "model": …, "conversation": [{"role": "user", "content": …}, …], "turn": …, "language": …,
"openai_moderation": […], "redacted": …}``.
"""

from __future__ import annotations

from dataclasses import dataclass

from sharegpt_argilla.corpora.formats.base import Container, Conversation
from sharegpt_argilla.corpora.formats.fields import record_object, required_list, session_id
from sharegpt_argilla.corpora.formats.messages import read_messages
from sharegpt_argilla.corpora.formats.wildchat import CONVERSATION, HASH, OLD_ID, TIMESTAMP, moderation, with_texts

KEPT = ("model", "language", "redacted")
"""Columns that become extra keys as they are."""


@dataclass(frozen=True, slots=True)
class LMSYSChat:
    """Conversations of LMSYS-Chat-1M."""

    name: str = "lmsys"
    title: str = "lmsys/lmsys-chat-1m"
    source: str = "LMSYS-Chat-1M"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a conversation, its id and its model, and no time as in WildChat."""
        return (
            isinstance(value, dict)
            and isinstance(value.get(CONVERSATION), list)
            and OLD_ID in value
            and "model" in value
            and HASH not in value
            and TIMESTAMP not in value
        )

    def read(self, value: object) -> list[Conversation]:
        """The conversation in a row.

        Raises:
            RejectedError: it has no messages, or one of them has no known role or a content that is no text.
        """
        record = record_object(value)
        found = read_messages(with_texts(required_list(record, CONVERSATION)))
        extra = {key: record[key] for key in KEPT if record.get(key) is not None} | moderation(record)
        session = session_id(record, found.turns, (OLD_ID,))
        return [Conversation(session, found.turns, extra=extra, left_out=found.left_out)]
