"""ChatGPT's data export, ``conversations.json``: conversations as trees of messages under ``mapping``.

The conversation is the path from the root to ``current_node``. Every edited question or regenerated answer starts
another branch. OpenAI publishes no schema; the keys read here are those that exports of 2023 to 2026 have, and
those that programs leave of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.formats.base import BETWEEN_TURNS, Container, Conversation, Turn
from sharegpt_argilla.corpora.formats.chatgpt_tree import (
    MAPPING,
    author_of,
    is_message,
    path_to,
    tree_of,
)
from sharegpt_argilla.corpora.formats.fields import create_time, kind, record_object, required, session_id
from sharegpt_argilla.corpora.formats.message_content import part_kind, part_text
from sharegpt_argilla.corpora.formats.roles import OTHER_ROLES, canonical_role
from sharegpt_argilla.errors import RejectedError

CURRENT = "current_node"
LISTS = ("linear_conversation", "messages")
"""Keys of a conversation that may have its messages in a list, instead of a tree."""
KEPT = ("title", "default_model_slug", "gizmo_id")
"""Keys of a conversation that its rows keep; the others are switches of the user interface."""

_READ = frozenset({"text", "multimodal_text"})
"""Content types of what people and model said; the others are calls of tools, their output, and reasoning."""
_INSTRUCTIONS = frozenset({"user_editable_context", "model_editable_context"})
"""Content types of what an account always tells the model."""
_EVERYBODY = "all"
_NO_TEXT = "messages that are no text"


@dataclass(frozen=True, slots=True)
class ChatGPTExport:
    """Conversations out of a ChatGPT account."""

    name: str = "chatgpt_export"
    title: str = "ChatGPT data export (conversations.json)"
    source: str = "chatgpt_export"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a tree of messages, or with a list of messages by an author."""
        if not isinstance(value, dict):
            return False
        if isinstance(mapping := value.get(MAPPING), dict):
            return True
        if isinstance(mapping, list):
            return any(_is_node(node) for node in mapping)
        return any(isinstance(value.get(key), list) and any(map(_has_author, value[key])) for key in LISTS)

    def read(self, value: object) -> list[Conversation]:
        """The conversation on the path to the current node.

        Raises:
            RejectedError: there is no tree, no such path, or a message on the path has no known role.
        """
        record = record_object(value)
        nodes = _nodes(record)
        tree = tree_of(nodes)
        path = path_to(tree, record.get(CURRENT))
        left_out: Counter[str] = Counter()
        turns = [turn for key in path if (turn := _turn(tree[key].message, left_out)) is not None]
        if not turns:
            raise RejectedError("no message of the conversation has a text")
        if others := sum(1 for key, node in tree.items() if key not in path and _speaks(node.message)):
            left_out["messages on other branches"] += others
        extra = {key: record[key] for key in KEPT if record.get(key) is not None}
        session = session_id(record, turns, ("conversation_id", "id"))
        return [
            Conversation(
                session, turns, extra=extra, created=create_time(record.get("create_time")), left_out=left_out
            )
        ]


def _nodes(record: Mapping[str, Any]) -> Mapping[str, Any] | Sequence[Any]:
    """The nodes or messages of a conversation.

    Raises:
        RejectedError: there are none.
    """
    key = next((key for key in LISTS if MAPPING not in record and isinstance(record.get(key), list)), MAPPING)
    nodes = required(record, key)
    if not isinstance(nodes, dict | list):
        raise RejectedError(f'"{key}" is {kind(nodes)}, neither an object nor a list')
    if nodes == []:
        raise RejectedError(f'"{key}" is empty')
    return nodes


def _is_node(value: object) -> bool:
    return isinstance(value, dict) and (isinstance(value.get("message"), dict) or is_message(value))


def _has_author(value: object) -> bool:
    """Whether an item of a list is a message or a node in the words of the export: with an author."""
    message = value.get("message", value) if isinstance(value, dict) else None
    return isinstance(message, dict) and "author" in message and is_message(message)


def _speaks(message: Any) -> bool:
    """Whether a message off the path is a turn that the path would have taken."""
    try:
        return _turn(message, Counter()) is not None
    except RejectedError:
        return True


def _turn(message: Mapping[str, Any] | None, left_out: Counter[str]) -> Turn | None:
    """What a message says; None, counted unless it is an empty one, for what is no turn."""
    if message is None:
        return None
    content: Any = message.get("content")
    if content is None and isinstance(message.get("parts"), list):
        content = message
    elif content is None and isinstance(message.get("text"), str):
        content = message["text"]
    spelling = author_of(message)
    if spelling is None:
        raise RejectedError('a message has no "author" with a "role"')
    if passed_over := _passed_over(message, spelling, content):
        left_out[passed_over] += 1
        # A question in pictures stays, blank: else its answer would go to the question before.
        return Turn("human", "", spelling) if (spelling, passed_over) == ("user", _NO_TEXT) else None
    text = _text(content, left_out)
    if not text.strip() and spelling == "system":
        return None
    return Turn(canonical_role(spelling), text, spelling)


def _passed_over(message: Mapping[str, Any], spelling: str, content: Any) -> str | None:
    """Why a message is no turn of the conversation; None when it is one."""
    metadata = message.get("metadata")
    if isinstance(metadata, dict) and metadata.get("is_visually_hidden_from_conversation") is True:
        return "hidden messages"
    if other := OTHER_ROLES.get(spelling.lower()):
        return other
    if message.get("recipient") not in (None, _EVERYBODY):
        return "tool calls"
    if isinstance(content, str | list):
        return None
    type_ = content.get("content_type", "text") if isinstance(content, dict) else None
    if type_ in _INSTRUCTIONS:
        return "custom instructions"
    return None if type_ in _READ else _NO_TEXT


def _text(content: Any, left_out: Counter[str]) -> str:
    """The parts that are a text, a blank line between them; speech is there as its transcription."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else content.get("parts")
    if parts is None and isinstance(content, dict) and isinstance(content.get("text"), str):
        return str(content["text"])
    if not isinstance(parts, list):
        raise RejectedError(f'"parts" is {kind(parts)}, not a list')
    texts = [text for part in parts if (text := _part_text(part)) is not None]
    if others := len(parts) - len(texts):
        left_out["parts that are no text"] += others
    return BETWEEN_TURNS.join(text for text in texts if text)


def _part_text(part: Any) -> str | None:
    if isinstance(part, str):
        return part
    return part_text(part) if isinstance(part, dict) and not part_kind(part) else None
