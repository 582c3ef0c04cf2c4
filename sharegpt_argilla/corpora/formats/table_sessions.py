"""Tables with a question in each row, and a column that says which conversation it belongs to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sharegpt_argilla.corpora.formats.base import Conversation
from sharegpt_argilla.corpora.formats.fields import record_object
from sharegpt_argilla.corpora.formats.repeated_rounds import RoundGatherer


class Place(NamedTuple):
    """The session that a row names, and the number of its turn, from 1; None where the rows are in order."""

    session: str
    turn: int | None


class SessionGatherer:
    """Gives the rows of a session one id, in whatever order they come.

    A turn that comes again with another question begins another conversation with that id, and so does each input
    where rows have no number. Rows without a session may repeat the rounds before them.

    Args:
        read: the conversations in a record.
        place: where a record says that it belongs.
    """

    def __init__(
        self,
        read: Callable[[object], Sequence[Conversation]],
        place: Callable[[Mapping[str, Any]], Place | None],
    ) -> None:
        self._read = read
        self._place = place
        self._rounds = RoundGatherer(read)
        self._copies: Counter[str] = Counter()
        self._questions: dict[str, dict[int, int]] = {}
        self._closed: set[str] = set()

    def begin_input(self) -> None:
        """Rows without a number do not go on with a session of another input."""
        self._closed = set(self._questions)

    def add(self, value: object) -> Iterable[Conversation]:
        """The row of a record, at its place."""
        place = self._place(record_object(value))
        if place is None:
            return self._rounds.add(value)
        return [self._placed(conversation, place) for conversation in self._read(value)]

    def finish(self) -> Iterable[Conversation]:
        """What the rows without a session leave."""
        return self._rounds.finish()

    def _placed(self, conversation: Conversation, place: Place) -> Conversation:
        question = hash(next((turn.text for turn in conversation.turns if turn.role == "human"), ""))
        session = _copy(place.session, self._copies[place.session])
        known = self._questions.get(session, {})
        number = place.turn or len(known) + 1
        if (place.turn is None and session in self._closed) or known.get(number, question) != question:
            self._copies[place.session] += 1
            session, number = _copy(place.session, self._copies[place.session]), place.turn or 1
        begun = session in self._questions
        self._questions.setdefault(session, {})[number] = question
        return replace(conversation, session=session, offset=2 * (number - 1), continues=begun)


def _copy(session: str, number: int) -> str:
    """The id of the first (0), second (1) … conversation with an id."""
    return f"{session}/{number + 1}" if number else session
