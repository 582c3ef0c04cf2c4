"""OpenAssistant's trees of messages, flat (a message in each record) or nested (a tree in each record).

A question may have several answers, and an answer several questions that go on from it. Each pair of a question
and one of its answers is given once, as a conversation of its own:

- its turn is the number of questions on the way from the root, so rows never repeat what came before;
- the path that takes the best-ranked answer and the first question everywhere has the tree's id as session, and
  every path that leaves it has ``<tree>/<id of the message where it leaves>``, so that a session is one
  conversation without alternatives; ``message_tree_id`` keeps the paths of a tree together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.base import Container, Conversation, Gatherer
from sharegpt_argilla.corpora.fields import kind, record_object, required_text
from sharegpt_argilla.corpora.oasst_tree import ID, ROLE, ROLES, TREE, Tree, read_message
from sharegpt_argilla.errors import RejectedError

PROMPT, REPLIES = "prompt", "replies"


@dataclass(frozen=True, slots=True)
class OpenAssistant:
    """Message trees, without their deleted messages."""

    name: str = "oasst"
    title: str = "OpenAssistant/oasst1, OpenAssistant/oasst2"
    source: str = "oasst"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value has the outline of a message or of a tree."""
        return _is_tree(value) or (
            isinstance(value, dict)
            and isinstance(value.get(ID), str)
            and isinstance(value.get(TREE), str)
            and value.get(ROLE) in tuple(ROLES)
        )

    def read(self, value: object) -> list[Conversation]:
        """The conversations in one record alone: those of a tree, or of a message without its neighbours.

        Raises:
            RejectedError: it is neither.
        """
        gatherer = _Gatherer()
        return [*gatherer.add(value), *gatherer.finish()]

    def gather(self) -> Gatherer:
        """A gatherer that gives a tree at once, and flat messages after the last record.

        A tree may go on anywhere in a flat file, so all its messages are held until then: 240 MB for
        83,000 messages of 600 characters with all their labels.
        """
        return _Gatherer()


class _Gatherer:
    def __init__(self) -> None:
        self._trees: dict[str, Tree] = {}

    def add(self, value: object) -> list[Conversation]:
        record = record_object(value)
        if PROMPT in record:
            return list(_read_tree(record).conversations())
        identity = required_text(record, TREE)
        message = read_message(record)
        if identity not in self._trees:
            self._trees[identity] = Tree(identity, _state(record))
        self._trees[identity].add(message)
        return []

    def finish(self) -> Iterator[Conversation]:
        while self._trees:
            # First come, first served, and each forgotten as soon as it is given.
            yield from self._trees.pop(next(iter(self._trees))).conversations()


def _is_tree(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get(TREE), str) and isinstance(value.get(PROMPT), dict)


def _read_tree(record: dict[str, Any]) -> Tree:
    """The tree in one record. Without recursion: as deep as the JSON reader goes, so may a tree."""
    tree = Tree(required_text(record, TREE), _state(record))
    waiting: list[tuple[Any, str | None]] = [(record[PROMPT], None)]
    while waiting:
        value, parent = waiting.pop()
        if not isinstance(value, dict):
            raise RejectedError(f"a message of the tree is {kind(value)}, not an object")
        message = read_message(value, parent)
        tree.add(message)
        replies = value.get(REPLIES)
        if not isinstance(replies, list | None):
            raise RejectedError(f'"{REPLIES}" of a message is {kind(replies)}, not a list')
        waiting.extend((reply, message.identity) for reply in reversed(replies or []))
    return tree


def _state(record: dict[str, Any]) -> str | None:
    state = record.get("tree_state")
    return state if isinstance(state, str) else None
