"""Claude's data export, ``conversations.json``: conversations as lists of messages under ``chat_messages``.

A message is ``{"uuid", "sender": "human", "content": [blocks], "text", "attachments", "files",
"parent_message_uuid"}``. Anthropic publishes no schema; the keys read here are those of exports of 2024 to 2026.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.formats.base import Container, Conversation, Turn
from sharegpt_argilla.corpora.formats.fields import (
    create_time,
    kind,
    record_object,
    required_list,
    required_text,
    session_id,
)
from sharegpt_argilla.corpora.formats.message_content import only_tool_messages, text_of_content
from sharegpt_argilla.corpora.formats.message_tree import OTHER_BRANCHES, branch_to
from sharegpt_argilla.corpora.formats.roles import canonical_role
from sharegpt_argilla.errors import RejectedError

CHAT_MESSAGES, SENDER = "chat_messages", "sender"
ATTACHED = ("attachments", "files")
"""Lists of a message with what was attached to it: files as text, and pictures."""
_UUID, _PARENT = "uuid", "parent_message_uuid"


@dataclass(frozen=True, slots=True)
class ClaudeExport:
    """Conversations out of a Claude account."""

    name: str = "claude_export"
    title: str = "Claude data export (conversations.json)"
    source: str = "claude_export"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a list under ``chat_messages``."""
        return isinstance(value, dict) and isinstance(value.get(CHAT_MESSAGES), list)

    def read(self, value: object) -> list[Conversation]:
        """The conversation that was on the page last; edited questions and repeated answers are counted.

        The text of a message is that of its blocks; ``text`` has filler in place of the others.

        Raises:
            RejectedError: there are no messages, or one of them has no known sender or no content.
        """
        record = record_object(value)
        messages = required_list(record, CHAT_MESSAGES)
        path = branch_to(messages, _UUID, _PARENT)
        left_out: Counter[str] = Counter()
        if len(messages) > len(path):
            left_out[OTHER_BRANCHES] = len(messages) - len(path)
        turns = [turn for number, message in path if (turn := _turn(number, message, left_out)) is not None]
        if not turns:
            raise RejectedError("no message has a text")
        title = record.get("name")
        return [
            Conversation(
                session_id(record, turns, ("uuid", "id")),
                turns,
                extra={"title": title} if isinstance(title, str) and title.strip() else {},
                created=create_time(record.get("created_at")),
                left_out=left_out,
            )
        ]


def _turn(number: int, message: Any, left_out: Counter[str]) -> Turn | None:
    if not isinstance(message, dict):
        raise RejectedError(f"message {number}: it is {kind(message)}, not an object")
    try:
        spelling = required_text(message, SENDER)
        role = canonical_role(spelling)
        if attached := sum(len(_list(message.get(key))) for key in ATTACHED):
            left_out["attachments"] += attached
        blocks = message.get("content") or required_text(message, "text")
        text = text_of_content(blocks, "content", left_out)
    except RejectedError as error:
        raise RejectedError(f"message {number}: {error}") from None
    if text is None and (role != "human" or only_tool_messages(blocks)):
        return None
    return Turn(role, text or "", spelling)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
