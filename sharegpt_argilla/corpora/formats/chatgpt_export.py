"""ChatGPT's data export, ``conversations.json``: conversations as trees of messages under ``mapping``.

A node is ``{"id", "message", "parent", "children"}``; the conversation is the path from the root to
``current_node``. Every edited question or regenerated answer starts another branch. OpenAI publishes no schema;
the keys read here are those that exports of 2023 to 2025 have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sharegpt_argilla.corpora.formats.base import BETWEEN_TURNS, Container, Conversation, Turn
from sharegpt_argilla.corpora.formats.fields import create_time, kind, record_object, required, session_id
from sharegpt_argilla.corpora.formats.roles import OTHER_ROLES, canonical_role
from sharegpt_argilla.errors import RejectedError

MAPPING, CURRENT = "mapping", "current_node"
KEPT = ("title", "default_model_slug", "gizmo_id")
"""Keys of a conversation that its rows keep; the others are switches of the user interface."""

_READ = frozenset({"text", "multimodal_text"})
"""Content types of what people and model said; the others are calls of tools, their output, and reasoning."""
_EVERYBODY = "all"
_NO_TEXT = "messages that are no text"

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChatGPTExport:
    """Conversations out of a ChatGPT account."""

    name: str = "chatgpt_export"
    title: str = "ChatGPT data export (conversations.json)"
    source: str = "chatgpt_export"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with an object under ``mapping``."""
        return isinstance(value, dict) and isinstance(value.get(MAPPING), dict)

    def read(self, value: object) -> list[Conversation]:
        """The conversation on the path to the current node.

        Raises:
            RejectedError: there is no tree, no such path, or a message on the path has no known role.
        """
        record = record_object(value)
        mapping = required(record, MAPPING)
        if not isinstance(mapping, dict):
            raise RejectedError(f'"{MAPPING}" is {kind(mapping)}, not an object')
        mapping = _linked(mapping)
        path = _path(mapping, record.get(CURRENT))
        left_out: Counter[str] = Counter()
        turns = [turn for key in path if (turn := _turn(mapping[key], left_out)) is not None]
        if not turns:
            raise RejectedError("no message of the conversation has a text")
        if others := sum(1 for key, node in mapping.items() if key not in path and _speaks(node)):
            left_out["messages on other branches"] += others
        extra = {key: record[key] for key in KEPT if record.get(key) is not None}
        session = session_id(record, turns, ("conversation_id", "id"))
        return [
            Conversation(
                session, turns, extra=extra, created=create_time(record.get("create_time")), left_out=left_out
            )
        ]


def _linked(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    """The tree with both links of each node; a slimmed export may have ``parent`` or ``children`` alone, or none.

    Raises:
        RejectedError: there are several messages, and neither links nor times tell their order.
    """
    parents = {child: key for key, node in mapping.items() for child in _children(node) if child in mapping}
    parents |= {key: parent for key, node in mapping.items() if (parent := _parent(node)) in mapping and parent}
    if not parents:
        keys = _by_time(mapping)
        parents = dict(pairwise(reversed(keys)))
    children: dict[str, list[str]] = {
        key: [c for c in _children(node) if c in mapping] for key, node in mapping.items()
    }
    for child, parent in parents.items():
        if child not in children[parent]:
            children[parent].append(child)
    return {
        key: {**node, "parent": parents.get(key), "children": children[key]} if isinstance(node, dict) else node
        for key, node in mapping.items()
    }


def _by_time(mapping: Mapping[str, Any]) -> list[str]:
    """The nodes with a message in the order of their times; all nodes where one has a message at the most."""
    messages = {key: node["message"] for key, node in mapping.items() if _has_message(node)}
    if len(messages) < 2:
        return []
    times = {key: message.get("create_time") for key, message in messages.items()}
    if not all(isinstance(time, int | float) for time in times.values()):
        raise RejectedError(f'"{MAPPING}" has neither links nor times that tell the order of its messages')
    return sorted(times, key=lambda key: times[key])


def _has_message(node: Any) -> bool:
    return isinstance(node, dict) and isinstance(node.get("message"), dict)


def _path(mapping: Mapping[str, Any], current: object) -> dict[str, None]:
    """The ids from the root to the current node, in order."""
    key = current if isinstance(current, str) and current in mapping else _newest(mapping)
    path: dict[str, None] = {}
    while isinstance(key, str) and key in mapping:
        if key in path:
            raise RejectedError(f'"{MAPPING}" goes in a circle')
        path[key] = None
        node = mapping[key]
        key = node.get("parent") if isinstance(node, dict) else None
    return dict.fromkeys(reversed(path))


def _newest(mapping: Mapping[str, Any]) -> str | None:
    """Where no current node is named: the end of the path that takes the last child everywhere."""
    roots = [key for key, node in mapping.items() if _parent(node) not in mapping]
    key: Any = roots[0] if roots else None
    passed: set[str] = set()
    while isinstance(key, str) and key in mapping and key not in passed:
        passed.add(key)
        children = _children(mapping[key])
        if not children or children[-1] not in mapping:
            return key
        key = children[-1]
    if roots:
        raise RejectedError(f'"{MAPPING}" goes in a circle')
    raise RejectedError(f'"{MAPPING}" has no root')


def _parent(node: Any) -> str | None:
    parent = node.get("parent") if isinstance(node, dict) else None
    return parent if isinstance(parent, str) else None


def _children(node: Any) -> Sequence[str]:
    children = node.get("children") if isinstance(node, dict) else None
    return [key for key in children if isinstance(key, str)] if isinstance(children, list) else []


def _speaks(node: Any) -> bool:
    """Whether a node off the path holds a turn that the path would have taken."""
    try:
        return _turn(node, Counter()) is not None
    except RejectedError:
        return True


def _turn(node: Any, left_out: Counter[str]) -> Turn | None:
    """What a node says; None, counted unless it is an empty one, for what is no turn."""
    message = node.get("message") if isinstance(node, dict) else None
    if not isinstance(message, dict):
        return None
    author, content = message.get("author"), message.get("content")
    spelling = author.get("role") if isinstance(author, dict) else None
    if not isinstance(spelling, str):
        raise RejectedError('a message has no "author" with a "role"')
    if passed_over := _passed_over(message, spelling, content):
        left_out[passed_over] += 1
        # A question in pictures stays, blank: else its answer would go to the question before.
        return Turn("human", "", spelling) if (spelling, passed_over) == ("user", _NO_TEXT) else None
    text = _text(content if isinstance(content, dict) else {}, left_out)
    if not text.strip() and spelling == "system":
        return None
    return Turn(canonical_role(spelling), text, spelling)


def _passed_over(message: Node, spelling: str, content: Any) -> str | None:
    """Why a message is no turn of the conversation; None when it is one."""
    metadata = message.get("metadata")
    if isinstance(metadata, dict) and metadata.get("is_visually_hidden_from_conversation") is True:
        return "hidden messages"
    if other := OTHER_ROLES.get(spelling.lower()):
        return other
    if message.get("recipient") not in (None, _EVERYBODY):
        return "tool calls"
    if not isinstance(content, dict) or str(content.get("content_type")) not in _READ:
        return _NO_TEXT
    return None


def _text(content: Mapping[str, Any], left_out: Counter[str]) -> str:
    """The parts that are a text, a blank line between them; speech is there as its transcription."""
    parts = content.get("parts")
    if not isinstance(parts, list):
        raise RejectedError(f'"parts" is {kind(parts)}, not a list')
    texts = [text for part in parts if (text := _part_text(part)) is not None]
    if others := len(parts) - len(texts):
        left_out["parts that are no text"] += others
    return BETWEEN_TURNS.join(text for text in texts if text)


def _part_text(part: Any) -> str | None:
    if isinstance(part, str):
        return part
    spoken = isinstance(part, dict) and part.get("content_type") == "audio_transcription"
    text = part.get("text") if spoken else None
    return text if isinstance(text, str) else None
