"""Open WebUI's export of chats: a tree of messages under ``history.messages``, and the branch shown under
``messages``.

``{"id", "title", "created_at", "chat": {"title", "models", "messages": […], "history": {"currentId", "messages":
{id: {"id", "parentId", "childrenIds", "role", "content", …}}}, "params": {"system": …}}}``; the chat by itself
is read too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.formats.base import SYSTEM, Container, Conversation, Gatherer
from sharegpt_argilla.corpora.formats.fields import record_object, required_list, session_id
from sharegpt_argilla.corpora.formats.message_content import REASONING
from sharegpt_argilla.corpora.formats.message_tree import OTHER_BRANCHES, branch_to
from sharegpt_argilla.corpora.formats.messages import MESSAGES, read_messages
from sharegpt_argilla.corpora.formats.wildchat import moment
from sharegpt_argilla.errors import RejectedError

CHAT, HISTORY, CURRENT = "chat", "history", "currentId"
KEPT = ("title", "models")
"""Keys of a chat that its rows keep; the others are switches of the page."""
_REASONING = re.compile(r'<details type="reasoning"[^>]*>.*?</details>\s*', re.DOTALL)
_ATTACHED = "files"


@dataclass(frozen=True, slots=True)
class OpenWebUI:
    """Chats out of Open WebUI."""

    name: str = "open_webui"
    title: str = "Open WebUI export of chats"
    source: str = "open_webui"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is a chat, or an object with one under ``chat``: with a history of messages by id."""
        chat = _chat(value) if isinstance(value, dict) else None
        history = chat.get(HISTORY) if chat is not None else None
        return isinstance(history, dict) and isinstance(history.get(MESSAGES), dict)

    def gather(self) -> Gatherer:
        """A gatherer, so that a file is read from its beginning: a record contains what looks like another."""
        return _OneByOne(self)

    def read(self, value: object) -> list[Conversation]:
        """The conversation that was on the page last; messages of other branches are counted.

        Raises:
            RejectedError: there are no messages, or one has no known role or a content that is no text.
        """
        record = record_object(value)
        chat = _chat(record)
        if chat is None:
            raise RejectedError(f'"{CHAT}" and "{HISTORY}" are missing')
        left_out: Counter[str] = Counter()
        messages = [dict(message) for message in _path(chat, left_out)]
        for message in messages:
            _tidy(message, left_out)
        read = read_messages(messages)
        if not read.turns:
            raise RejectedError("no message has a text")
        left_out.update(read.left_out)
        extra = {key: chat[key] for key in KEPT if chat.get(key)}
        params = chat.get("params")
        system = params.get(SYSTEM) if isinstance(params, dict) else None
        if isinstance(system, str) and system.strip():
            extra[SYSTEM] = system
        created = moment(record.get("created_at")) or moment(chat.get("timestamp"))
        return [
            Conversation(
                session_id({**chat, **record}, read.turns),
                read.turns,
                extra=extra,
                created=created,
                left_out=left_out,
            )
        ]


class _OneByOne:
    """Reads each record by itself."""

    def __init__(self, corpus: OpenWebUI) -> None:
        self.add = corpus.read

    def finish(self) -> Iterable[Conversation]:
        return ()


def _chat(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    chat = record.get(CHAT)
    if isinstance(chat, dict):
        return chat
    return record if isinstance(record.get(HISTORY), dict) else None


def _path(chat: Mapping[str, Any], left_out: Counter[str]) -> Sequence[Mapping[str, Any]]:
    """The messages of the branch that ends with the current one; without a tree those of the list."""
    history = chat.get(HISTORY)
    tree = history.get(MESSAGES) if isinstance(history, dict) else None
    if not isinstance(history, dict) or not isinstance(tree, dict) or not tree:
        return [message for message in required_list(chat, MESSAGES) if isinstance(message, dict)]
    nodes = [{**node, "id": key} for key, node in tree.items() if isinstance(node, dict)]
    if not nodes:
        raise RejectedError(f'"{HISTORY}" has no messages')
    path = branch_to(nodes, "id", "parentId", history.get(CURRENT))
    if len(nodes) > len(path):
        left_out[OTHER_BRANCHES] += len(nodes) - len(path)
    return [message for _, message in path]


def _tidy(message: dict[str, Any], left_out: Counter[str]) -> None:
    """Take the reasoning, which the page folds away, out of the text of a message; count what was attached."""
    if attached := message.get(_ATTACHED):
        left_out["attachments"] += len(attached) if isinstance(attached, list) else 1
    if isinstance(content := message.get("content"), str):
        message["content"], folded = _REASONING.subn("", content)
        if folded:
            left_out[REASONING] += folded
