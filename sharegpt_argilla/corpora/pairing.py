"""Conversations to question/answer pairs.

The rules are those of the MNBVC question/answer format (a question without an answer keeps an empty answer, an
answer without a question is dropped), with every drop counted; docs/row-format.md lists them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sharegpt_argilla.corpora.base import Conversation, Turn
from sharegpt_argilla.rows import Pair

SYSTEM = "system"
"""Key of the extra that holds the system turns of a conversation."""
BETWEEN_TURNS = "\n\n"


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
        stitched: pairs whose two halves lay in two pieces.
        rejected: records that could not be used.
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


class _Round(NamedTuple):
    """A question and the answers that follow it; the first round of a conversation has no question."""

    question: Turn | None
    answers: list[Turn]


_Gap = tuple[str, int]
"""Between two pieces: the session, and the index in it of the turn after the gap."""


class Pairer:
    """Pairs the conversations of one corpus, across the pieces of a split one.

    A piece may end with a question or start with an answer. Both wait for the other half, which may come in any
    order and at any distance (V3 sorts the pieces as text: ``_143`` before ``_71``). Memory: the text of the
    answers and questions that wait. In V3 every third piece starts with an answer, about 70 MB for all of its
    94,145 pieces (reckoned from 520 of them). Nothing waits for a corpus that does not split.

    Args:
        corpus: name of the adapter, for the pairs.
        source: its source, for the pairs.
    """

    def __init__(self, corpus: str, source: str) -> None:
        self.counts = Counts()
        self._corpus = corpus
        self._source = source
        self._questions: dict[_Gap, list[Pair]] = {}
        self._answers: dict[_Gap, list[list[Turn]]] = {}

    def add(self, conversation: Conversation) -> Iterator[Pair]:
        """The pairs that this conversation completes, in its order."""
        self.counts.conversations += 1
        lead, *rounds = _rounds(conversation.turns)
        yield from self._lead(conversation, lead.answers)
        extra = _extra(conversation)
        number = _questions_before(conversation)
        after = conversation.offset + len(conversation.turns)
        for place, (question, answers) in enumerate(rounds, 1):
            if question is None or question.blank:
                self.counts.questions_blank += 1
                self._drop(answers)
                continue
            number += 1
            pair = self._pair(conversation, question, number, extra, answers)
            if conversation.piece and place == len(rounds) and not answers:
                yield from self._wait_for_answer((conversation.session, after), pair)
            else:
                yield self._counted(pair)

    def finish(self) -> Iterator[Pair]:
        """After the last conversation: what still waits. Questions stay unanswered, answers are dropped."""
        for pairs in self._questions.values():
            for pair in pairs:
                yield self._counted(pair)
        for waiting in self._answers.values():
            for answers in waiting:
                self._drop(answers)
        self._questions.clear()
        self._answers.clear()

    def _lead(self, conversation: Conversation, answers: list[Turn]) -> Iterator[Pair]:
        """Answers before the first question: of a piece they may belong to the piece before it."""
        gap = (conversation.session, conversation.offset)
        if not answers or not conversation.piece or conversation.offset == 0:
            self._drop(answers)
        elif (pair := _take(self._questions, gap)) is not None:
            yield self._stitched(pair, answers)
        else:
            self._answers.setdefault(gap, []).append(answers)

    def _wait_for_answer(self, gap: _Gap, pair: Pair) -> Iterator[Pair]:
        if (answers := _take(self._answers, gap)) is not None:
            yield self._stitched(pair, answers)
        else:
            self._questions.setdefault(gap, []).append(pair)

    def _stitched(self, pair: Pair, answers: Sequence[Turn]) -> Pair:
        self.counts.stitched += 1
        answer, role = self._join(answers)
        return self._counted(replace(pair, answer=answer, answer_role=role))

    def _counted(self, pair: Pair) -> Pair:
        self.counts.pairs += 1
        self.counts.unanswered += not pair.answer
        return pair

    def _join(self, answers: Sequence[Turn]) -> tuple[str, str]:
        """The text of the answers that have one, and the role of the first of these; else two empty strings."""
        spoken = [turn for turn in answers if not turn.blank]
        self.counts.answers_blank += len(answers) - len(spoken)
        if not spoken:
            return "", ""
        self.counts.answers_joined += len(spoken) - 1
        return BETWEEN_TURNS.join([turn.text for turn in spoken]), spoken[0].spelling

    def _drop(self, answers: Sequence[Turn]) -> None:
        spoken = sum(1 for turn in answers if not turn.blank)
        self.counts.answers_dropped += spoken
        self.counts.answers_blank += len(answers) - spoken

    def _pair(
        self,
        conversation: Conversation,
        question: Turn,
        number: int,
        extra: Mapping[str, Any],
        answers: Sequence[Turn],
    ) -> Pair:
        answer, answer_role = self._join(answers)
        return Pair(
            question=question.text,
            answer=answer,
            session=conversation.session,
            turn=number,
            corpus=self._corpus,
            source=self._source,
            question_role=question.spelling,
            answer_role=answer_role,
            created=conversation.created,
            extra=extra,
        )


def _rounds(turns: Sequence[Turn]) -> list[_Round]:
    rounds = [_Round(None, [])]
    for turn in turns:
        if turn.role == "human":
            rounds.append(_Round(turn, []))
        elif turn.role == "gpt":
            rounds[-1].answers.append(turn)
    return rounds


def _questions_before(conversation: Conversation) -> int:
    """Questions in the pieces before this one, when people and model took turns and a person began."""
    return (conversation.offset + 1) // 2


def _extra(conversation: Conversation) -> dict[str, Any]:
    system = [turn.text for turn in conversation.turns if turn.role == "system" and not turn.blank]
    return {**conversation.extra, **({SYSTEM: BETWEEN_TURNS.join(system)} if system else {})}


def _take(waiting: dict[_Gap, list[Any]], gap: _Gap) -> Any:
    """The one that has waited longest at the gap, taken out; None when none does."""
    there = waiting.get(gap)
    if not there:
        return None
    if len(there) == 1:
        del waiting[gap]
    return there.pop(0)
