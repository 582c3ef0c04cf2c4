"""One message tree of OpenAssistant, and the question/answer pairs on its paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from sys import intern
from typing import Any, NamedTuple

from sharegpt_argilla.corpora.formats.base import Container, Conversation, Gatherer, Role, Turn
from sharegpt_argilla.corpora.formats.fields import create_time, kind, record_object, required_text
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import encodable

ID, PARENT, TREE, ROLE, TEXT = "message_id", "parent_id", "message_tree_id", "role", "text"
ROLES: Mapping[str, Role] = {"prompter": "human", "assistant": "gpt"}
LABELS, DETOXIFY = "labels", "detoxify"

_KEPT = ("lang", "rank", "synthetic", "model_name", "review_result")
"""Keys of a message that its row keeps, where they have a plain value that is not false. Left out: the id of the
author, counts of reviews, emojis."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a tree.

    Attributes:
        identity: its id.
        parent: id of the message that it answers or continues; None for the first of the tree.
        turn: who says what.
        deleted: taken back by its author or by a moderator.
        created: ``yyyymmdd HH:MM:SS``.
        rank: 0 for the best of the answers to the same question; None where nobody ranked them.
        kept: what else is kept, under the corpus' own keys.
        scores: ``labels`` and ``detoxify``, each name -> number.
    """

    identity: str
    parent: str | None
    turn: Turn
    deleted: bool
    created: str | None
    rank: int | None
    kept: Mapping[str, Any]
    scores: Mapping[str, Mapping[str, float]]


def read_message(record: Mapping[str, Any], parent: str | None = None) -> Message:
    """The message in a record.

    Args:
        record: an object, flat or out of a tree.
        parent: the parent's id in a tree; a flat message names its own.

    Raises:
        RejectedError: id, role or text is missing or of another type.
    """
    spelling = required_text(record, ROLE)
    if spelling not in ROLES:
        raise RejectedError(f"unknown role; known: {', '.join(ROLES)}")
    own = record.get(PARENT) if parent is None else parent
    if not isinstance(own, str | None):
        raise RejectedError(f'"{PARENT}" is {kind(own)}, not text')
    rank = record.get("rank")
    return Message(
        identity=encodable(required_text(record, ID)),
        parent=None if own is None else encodable(own),
        turn=Turn(ROLES[spelling], required_text(record, TEXT), spelling),
        deleted=record.get("deleted") is True,
        created=create_time(record.get("created_date")),
        rank=rank if isinstance(rank, int) and not isinstance(rank, bool) else None,
        kept={key: item for key in _KEPT if _plain(item := record.get(key))},
        scores={key: found for key in (LABELS, DETOXIFY) if (found := _scores(record.get(key)))},
    )


class _Step(NamedTuple):
    """A question to be given: the session of its path, and its number there."""

    question: Message
    session: str
    number: int


class Tree:
    """The messages of one tree, in the order in which they came.

    Args:
        identity: its id.
        state: its ``tree_state``, where the corpus says it.
    """

    def __init__(self, identity: str, state: str | None = None) -> None:
        self._identity = encodable(identity)
        self._state = state
        self._messages: dict[str, Message] = {}

    def add(self, message: Message) -> None:
        """Take one message.

        Raises:
            RejectedError: the tree has one with its id.
        """
        if message.identity in self._messages:
            raise RejectedError(f'"{ID}" is that of an earlier message of the tree')
        self._messages[message.identity] = message

    def conversations(self) -> Iterator[Conversation]:
        """Each question with one of its answers; the first of them carries the counts of the tree."""
        passed: set[str] = set()
        found = list(self._pairs(passed))
        left_out = Counter({"deleted messages": sum(1 for each in self._messages.values() if each.deleted)})
        left_out["messages whose parents go in a circle"] = len(self._messages) - len(passed)
        first, *others = found or [Conversation(self._identity, [])]
        yield replace(first, left_out=+left_out)
        yield from others

    def _pairs(self, passed: set[str]) -> Iterator[Conversation]:
        children = self._children()
        roots = [each for each in self._messages.values() if each.parent not in self._messages]
        # A root without its parent (three in the English part of OASST1) starts a path of its own.
        steps = [_Step(each, self._branch(each, main=index == 0), 1) for index, each in enumerate(roots)]
        waiting = steps[::-1]
        while waiting:
            step = waiting.pop()
            passed.add(step.question.identity)
            following: list[_Step] = []
            if step.question.turn.role == "human":
                yield from self._question(step, children, passed, following)
            else:
                yield from self._answer(step, children, following)
            waiting.extend(reversed(following))

    def _question(
        self, step: _Step, children: Mapping[str, Sequence[Message]], passed: set[str], following: list[_Step]
    ) -> Iterator[Conversation]:
        """A question with each of its answers; what continues those comes into ``following``."""
        replies = children.get(step.question.identity, ())
        answers = sorted((each for each in replies if each.turn.role == "gpt"), key=_by_rank)
        following.extend(
            _Step(each, f"{self._identity}/{each.identity}", step.number + 1)
            for each in replies
            if each.turn.role == "human"
        )
        if not step.question.deleted and all(each.deleted for each in answers):
            yield self._conversation(step, None)
        for index, answer in enumerate(answers):
            passed.add(answer.identity)
            path = step if index == 0 else step._replace(session=f"{self._identity}/{answer.identity}")
            if not answer.deleted:
                yield self._conversation(path, answer)
            following.extend(self._after(answer, path, children))

    def _answer(
        self, step: _Step, children: Mapping[str, Sequence[Message]], following: list[_Step]
    ) -> Iterator[Conversation]:
        """An answer without its question."""
        if not step.question.deleted:
            yield Conversation(step.session, [step.question.turn])
        following.extend(self._after(step.question, step, children))

    def _after(self, answer: Message, path: _Step, children: Mapping[str, Sequence[Message]]) -> Iterator[_Step]:
        """What continues an answer; the first question stays on its path."""
        for index, each in enumerate(children.get(answer.identity, ())):
            session = path.session if index == 0 else f"{self._identity}/{each.identity}"
            yield _Step(each, session, path.number + 1)

    def _conversation(self, step: _Step, answer: Message | None) -> Conversation:
        question = step.question
        asked = [] if question.deleted else [question.turn]
        turns = [*asked, *([answer.turn] if answer else [])]
        # Pairs count the questions before an offset as half of it.
        offset = 2 * (step.number - 1)
        created = question.created or (answer.created if answer else None)
        return Conversation(step.session, turns, offset, extra=self._extra(question, answer), created=created)

    def _extra(self, question: Message, answer: Message | None) -> dict[str, Any]:
        about = answer or question
        extra = {TREE: self._identity, "tree_state": self._state, ID: about.identity, **about.kept}
        if answer is not None:
            extra |= answer.scores
        return extra | {f"question_{key}": scores for key, scores in question.scores.items()}

    def _children(self) -> dict[str, list[Message]]:
        children: dict[str, list[Message]] = {}
        for message in self._messages.values():
            if message.parent is not None:
                children.setdefault(message.parent, []).append(message)
        return children

    def _branch(self, message: Message, main: bool) -> str:
        return self._identity if main else f"{self._identity}/{message.identity}"


def _by_rank(message: Message) -> tuple[bool, bool, int]:
    """Deleted answers last, then those that nobody ranked; the best-ranked first."""
    return message.deleted, message.rank is None, message.rank or 0


def _plain(item: Any) -> bool:
    return isinstance(item, str | int | float) and item is not False and item != ""


def _scores(value: Any) -> dict[str, float]:
    """Name -> number, from an object of numbers or of ``{"value"}``, or from lists ``name`` and ``value``."""
    if not isinstance(value, dict):
        return {}
    names, values = value.get("name"), value.get("value")
    columns = zip(names, values, strict=False) if isinstance(names, list) and isinstance(values, list) else None
    scores: dict[str, float] = {}
    for name, item in columns or value.items():
        number = item.get("value") if isinstance(item, dict) else item
        if isinstance(name, str) and isinstance(number, int | float) and not isinstance(number, bool):
            # A data set has two dozen names, and most messages have all of them: each is kept once.
            scores[intern(name)] = number
    return scores


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

        A tree may continue anywhere in a flat file, so all its messages are kept until then: 240 MB for
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
