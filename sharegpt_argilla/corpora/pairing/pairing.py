"""Conversations to question/answer pairs.

The rules are those of the MNBVC question/answer format (a question without an answer keeps an empty answer, an
answer without a question is dropped), with every drop counted; docs/row-format.md lists them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from sharegpt_argilla.common.contract_keys import TOOL_MESSAGES
from sharegpt_argilla.corpora.formats.base import (
    BETWEEN_TURNS,
    SYSTEM,
    Conversation,
    Role,
    Turn,
)
from sharegpt_argilla.corpora.formats.tool_messages import answer_steps
from sharegpt_argilla.rows import Pair

NO_EXTRA: Mapping[str, Any] = MappingProxyType({})
"""The extra keys of all conversations without any: one object, so that it need not be looked at again."""


@dataclass(slots=True)
class Counts:
    """What became of the turns.

    ``human`` turns = pairs + questions_blank; ``gpt`` turns = pairs - unanswered + answers_joined +
    answers_dropped + answers_blank. Rejected records are not counted turn by turn.

    Attributes:
        conversations: records read, the pieces of a split conversation each for itself.
        pairs: questions that became a row.
        unanswered: those of them without an answer.
        answers_dropped: answers without a question, or to a blank one.
        answers_joined: answers appended to the one before them.
        answers_blank: answers without text.
        questions_blank: questions without text.
        stitched: pairs whose question and answer are in different pieces.
        rejected: records that could not be used.
        renamed: conversations whose id another conversation of the run has, and that got one of their own.
        left_out: what adapters skipped on purpose, in words, and how often.
    """

    conversations: int = 0
    pairs: int = 0
    unanswered: int = 0
    answers_dropped: int = 0
    answers_joined: int = 0
    answers_blank: int = 0
    questions_blank: int = 0
    stitched: int = 0
    rejected: int = 0
    renamed: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, other: Counts) -> None:
        """Count what another run of the same kind counted."""
        self.left_out.update(other.left_out)
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))


_NUMBERS = [part.name for part in fields(Counts) if part.name != "left_out"]

_Round = tuple[Turn, list[Turn]]
"""A question and the answers that follow it."""

Gap = tuple[str, int]
"""Between two pieces: the session, and the index in it of the turn after the gap."""


class Pairer:
    """Pairs the conversations of one corpus, across the pieces of a split one.

    A piece may end with a question or start with an answer. Both wait for the other half of their pair, which may
    come in any order and at any distance (V3 sorts the pieces as text: ``_143`` before ``_71``). In V3 every third
    piece starts with an answer, about 70 MB for all of its 94,145 pieces (estimated from 520 of them);
    ``take_waiting`` releases them. Nothing waits for a corpus that does not split.

    Args:
        corpus: name of the adapter, for the pairs.
        source: its source, for the pairs.

    Attributes:
        corpus: as given.
        source: as given.
        counts: what became of the turns so far.
        waiting: characters in what began to wait since ``take_waiting``.
    """

    def __init__(self, corpus: str, source: str) -> None:
        self.counts = Counts()
        self.waiting = 0
        self.corpus = corpus
        self.source = source
        self._questions: dict[Gap, list[Pair]] = {}
        self._answers: dict[Gap, list[list[Turn]]] = {}

    def add(self, conversation: Conversation) -> list[Pair]:
        """The pairs that this conversation completes, in its order."""
        counts, session, created = self.counts, conversation.session, conversation.created
        counts.conversations += 1
        if conversation.left_out:
            counts.left_out.update(conversation.left_out)
        lead, rounds = _rounds(conversation.turns)
        pairs = self._lead(conversation, lead) if lead else []
        extra = _extra(conversation)
        extras = _extras(conversation.turns) if extra is not conversation.extra else None
        tools = conversation.tool_messages
        steps = None if tools is None else answer_steps(conversation.turns, tools)
        number = questions_before(conversation.offset)
        last = rounds[-1] if rounds and conversation.piece and not rounds[-1][1] else None
        for this in rounds:
            (_, question, asked_by), answers = this
            if extras is not None:
                extra = _with_system(conversation.extra, next(extras))
            if steps is not None:
                extra = {**extra, TOOL_MESSAGES: next(steps)}
            if not question or question.isspace():
                counts.questions_blank += 1
                self.drop(answers)
                continue
            number += 1
            answer, answered_by = self._join(answers) if answers else ("", "")
            pair = Pair(
                question,
                answer,
                session,
                number,
                self.corpus,
                self.source,
                asked_by,
                answered_by,
                created,
                extra,
            )
            if this is last:
                pairs += self.question_last((session, conversation.offset + len(conversation.turns)), pair)
                continue
            counts.pairs += 1
            if not answer:
                counts.unanswered += 1
            pairs.append(pair)
        return pairs

    def finish(self) -> Iterator[Pair]:
        """After the last conversation: what still waits. Questions stay unanswered, answers are dropped."""
        for pairs in self._questions.values():
            for pair in pairs:
                yield self.counted(pair)
        for waiting in self._answers.values():
            for answers in waiting:
                self.drop(answers)
        self._questions.clear()
        self._answers.clear()

    @property
    def waits(self) -> bool:
        """Whether anything waits."""
        return bool(self._questions or self._answers)

    def take_waiting(self) -> Iterator[tuple[Gap, Pair | list[Turn]]]:
        """Remove what waits: questions first, each kind in the order in which its gap was met."""
        questions, answers = self._questions, self._answers
        self._questions, self._answers, self.waiting = {}, {}, 0
        for gap, pairs in questions.items():
            yield from ((gap, pair) for pair in pairs)
        for gap, several in answers.items():
            yield from ((gap, turns) for turns in several)

    def _lead(self, conversation: Conversation, answers: list[Turn]) -> list[Pair]:
        if conversation.piece and conversation.offset:
            return self.answers_first((conversation.session, conversation.offset), answers)
        self.drop(answers)
        return []

    def answers_first(self, gap: Gap, answers: list[Turn]) -> list[Pair]:
        """The pair of answers that a piece starts with, when their question waits; else they wait."""
        if (pair := _take(self._questions, gap)) is not None:
            return [self.stitched(pair, answers)]
        self._answers.setdefault(gap, []).append(answers)
        for turn in answers:
            self.waiting += len(turn.text)
        return []

    def question_last(self, gap: Gap, pair: Pair) -> list[Pair]:
        """The pair of a question that a piece ends with, when its answer waits; else it waits."""
        if (answers := _take(self._answers, gap)) is not None:
            return [self.stitched(pair, answers)]
        self._questions.setdefault(gap, []).append(pair)
        self.waiting += len(pair.question)
        return []

    def stitched(self, pair: Pair, answers: Sequence[Turn]) -> Pair:
        """The pair of a question and the answers to it from another piece."""
        self.counts.stitched += 1
        answer, role = self._join(answers)
        return self.counted(pair._replace(answer=answer, answer_role=role))

    def counted(self, pair: Pair) -> Pair:
        """The pair, counted."""
        self.counts.pairs += 1
        self.counts.unanswered += not pair.answer
        return pair

    def _join(self, answers: Sequence[Turn]) -> tuple[str, str]:
        """The text of the answers that have one, and the role of the first of these; else two empty strings."""
        if len(answers) == 1 and not answers[0].blank:
            return answers[0].text, answers[0].spelling
        spoken = [turn for turn in answers if not turn.blank]
        self.counts.answers_blank += len(answers) - len(spoken)
        if not spoken:
            return "", ""
        self.counts.answers_joined += len(spoken) - 1
        return BETWEEN_TURNS.join([turn.text for turn in spoken]), spoken[0].spelling

    def drop(self, answers: Sequence[Turn]) -> None:
        """Count answers that belong to no question."""
        spoken = sum(1 for turn in answers if not turn.blank)
        self.counts.answers_dropped += spoken
        self.counts.answers_blank += len(answers) - spoken


def _rounds(turns: Sequence[Turn]) -> tuple[list[Turn], list[_Round]]:
    """The answers before the first question, and every question with its answers."""
    lead: list[Turn] = []
    rounds: list[_Round] = []
    answers = lead
    for turn in turns:
        role = turn[0]
        if role == "human":
            answers = []
            rounds.append((turn, answers))
        elif role == "gpt":
            answers.append(turn)
    return lead, rounds


def questions_before(offset: int) -> int:
    """Questions in the pieces before the one at an offset, when people and model took turns and a person began."""
    return (offset + 1) // 2


def _extra(conversation: Conversation) -> Mapping[str, Any]:
    """The extra keys, with the system turns after the system text of the whole record."""
    return _with_system(conversation.extra, [turn.text for turn in conversation.turns if _instructs(turn)])


def _extras(turns: Sequence[Turn]) -> Iterator[list[str]] | None:
    """The system turns that apply to each question and its answers; None where no question comes before one."""
    roles = [turn[0] for turn in turns]
    if "system" not in roles or "human" not in roles:
        return None
    later = any(_instructs(turn) for turn in turns[roles.index("human") :])
    return _so_far(turns, roles) if later else None


def _so_far(turns: Sequence[Turn], roles: Sequence[Role]) -> Iterator[list[str]]:
    """The system turns up to the last answer to each question; all of them for the last question."""
    questions = [place for place, role in enumerate(roles) if role == "human"]
    for start, stop in zip(questions, [*questions[1:], len(turns)], strict=True):
        answers = [place for place in range(start, stop) if roles[place] == "gpt"]
        end = answers[-1] if answers and start != questions[-1] else stop
        yield [turn.text for turn in turns[:end] if _instructs(turn)]


def _instructs(turn: Turn) -> bool:
    return turn[0] == "system" and not turn.blank


def _with_system(extra: Mapping[str, Any], system: Sequence[str]) -> Mapping[str, Any]:
    if not system:
        return extra
    whole = extra.get(SYSTEM)
    return {**extra, SYSTEM: BETWEEN_TURNS.join([whole, *system] if whole else system)}


def _take(waiting: dict[Gap, list[Any]], gap: Gap) -> Any:
    """What has waited longest at the gap, removed; None when nothing waits there."""
    waits_here = waiting.get(gap)
    if not waits_here:
        return None
    if len(waits_here) == 1:
        del waiting[gap]
    return waits_here.pop(0)
