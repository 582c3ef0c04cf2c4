"""Tables with a question in each row, and a column that says which conversation it belongs to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sharegpt_argilla.corpora.formats.base import Conversation
from sharegpt_argilla.corpora.formats.fields import record_object
from sharegpt_argilla.corpora.formats.repeated_rounds import RoundGatherer


class SessionTurn(NamedTuple):
    """The session that a row names, and the number of its turn, from 1; None where the rows are in order."""

    session: str
    turn: int | None


class SessionGatherer:
    """Gives the rows of a session one id, in whatever order they come.

    A turn that comes again with another question begins another conversation with that id, and so does each input
    where rows have no number. Rows without a session may repeat the rounds before them.

    Args:
        read: the conversations in a record.
        session_turn: the session and turn that a record names.
    """

    def __init__(
        self,
        read: Callable[[object], Sequence[Conversation]],
        session_turn: Callable[[Mapping[str, Any]], SessionTurn | None],
    ) -> None:
        self._read = read
        self._session_turn = session_turn
        self._rounds = RoundGatherer(read)
        self._copies: Counter[str] = Counter()
        self._questions: dict[str, dict[int, int]] = {}
        self._closed: set[str] = set()

    def begin_input(self) -> None:
        """Rows without a number do not continue a session of another input."""
        self._closed = set(self._questions)

    def add(self, value: object) -> Iterable[Conversation]:
        """The row of a record, in the session that it names."""
        session_turn = self._session_turn(record_object(value))
        if session_turn is None:
            return self._rounds.add(value)
        return [self._in_session(conversation, session_turn) for conversation in self._read(value)]

    def finish(self) -> Iterable[Conversation]:
        """What the rows without a session leave."""
        return self._rounds.finish()

    def _in_session(self, conversation: Conversation, named: SessionTurn) -> Conversation:
        question = hash(next((turn.text for turn in conversation.turns if turn.role == "human"), ""))
        session = _copy(named.session, self._copies[named.session])
        questions = self._questions.get(session, {})
        number = named.turn or len(questions) + 1
        if (named.turn is None and session in self._closed) or questions.get(number, question) != question:
            self._copies[named.session] += 1
            session, number = _copy(named.session, self._copies[named.session]), named.turn or 1
        begun = session in self._questions
        self._questions.setdefault(session, {})[number] = question
        return replace(conversation, session=session, offset=2 * (number - 1), continues=begun)


def _copy(session: str, number: int) -> str:
    """The id of the first (0), second (1) … conversation with an id."""
    return f"{session}/{number + 1}" if number else session
