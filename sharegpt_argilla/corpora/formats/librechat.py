"""LibreChat's export of a conversation: ``messages``, or ``messagesTree`` with the answers to each inside it.

``{"conversationId", "title", "options": {"model": …}, "messages": [{"messageId", "parentMessageId", "text",
"sender", "isCreatedByUser", "content": [parts], …}]}``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.formats.base import Container, Conversation, Turn
from sharegpt_argilla.corpora.formats.fields import create_time, kind, record_object, required_list, session_id
from sharegpt_argilla.corpora.formats.message_content import text_of_content
from sharegpt_argilla.corpora.formats.message_tree import OTHER_BRANCHES, branch_to
from sharegpt_argilla.errors import RejectedError

MESSAGES, TREE = "messages", "messagesTree"
BY_USER, SENDER = "isCreatedByUser", "sender"
_ID, _PARENT = "messageId", "parentMessageId"


@dataclass(frozen=True, slots=True)
class LibreChat:
    """Conversations out of LibreChat."""

    name: str = "librechat"
    title: str = "LibreChat export of a conversation"
    source: str = "librechat"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with messages that say whether a person wrote them."""
        messages = (value.get(TREE) or value.get(MESSAGES)) if isinstance(value, dict) else None
        return isinstance(messages, list) and any(_is_message(message) for message in messages)

    def read(self, value: object) -> list[Conversation]:
        """The conversation that ends with the last message; those on other branches are counted.

        Raises:
            RejectedError: there are no messages, or one has no sender or no text.
        """
        record = record_object(value)
        messages = list(_flat(required_list(record, TREE if record.get(TREE) else MESSAGES)))
        path = branch_to(messages, _ID, _PARENT)
        left_out: Counter[str] = Counter()
        if len(messages) > len(path):
            left_out[OTHER_BRANCHES] = len(messages) - len(path)
        turns = [turn for number, message in path if (turn := _turn(number, message, left_out)) is not None]
        if not turns:
            raise RejectedError("no message has a text")
        options = record.get("options")
        model = options.get("model") if isinstance(options, dict) else None
        extra = {key: item for key, item in (("title", record.get("title")), ("model", model)) if item}
        times = (create_time(message.get("createdAt")) for _, message in path if isinstance(message, dict))
        created = next((time for time in times if time is not None), create_time(record.get("createdAt")))
        session = session_id(record, turns, ("conversationId", "id"))
        return [Conversation(session, turns, extra=extra, created=created, left_out=left_out)]


def _is_message(value: object) -> bool:
    return isinstance(value, dict) and BY_USER in value and (_ID in value or "text" in value)


def _flat(messages: Sequence[Any]) -> Iterator[Any]:
    """The messages of a tree, each before those that follow it."""
    waiting = list(reversed(messages))
    while waiting:
        message = waiting.pop()
        yield message
        children = message.get("children") if isinstance(message, dict) else None
        waiting += reversed(children if isinstance(children, list) else [])


def _turn(number: int, message: Any, left_out: Counter[str]) -> Turn | None:
    if not isinstance(message, dict):
        raise RejectedError(f"message {number}: it is {kind(message)}, not an object")
    if not isinstance(message.get(BY_USER), bool):
        raise RejectedError(f'message {number}: "{BY_USER}" is {kind(message.get(BY_USER))}, not true or false')
    asks = message[BY_USER]
    spelling = message.get(SENDER)
    spelling = spelling if isinstance(spelling, str) else ("user" if asks else "assistant")
    if message.get("error") is True:
        left_out["error messages"] += 1
        return None
    if files := message.get("files"):
        left_out["attachments"] += len(files) if isinstance(files, list) else 1
    content: Any = message.get("text") or message.get("content") or ""
    try:
        text = text_of_content(content, "content", left_out)
    except RejectedError as error:
        raise RejectedError(f"message {number}: {error}") from None
    return Turn("human" if asks else "gpt", text or "", spelling) if text is not None or asks else None
