"""The rounds before a question, which some layouts repeat in the record of each later question.

LLaMA-Factory's and ms-swift's ``history`` is ``[[question, answer], …]``. A record may be all there is of its
conversation, or the file may have one for each of its questions, as what ``training`` writes has.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from sharegpt_argilla.corpora.formats.base import Conversation, Turn
from sharegpt_argilla.corpora.formats.fields import kind
from sharegpt_argilla.errors import RejectedError

HISTORY = "history"
REPEATED = "records whose rounds another record has"
"""Name of the count."""


def earlier_rounds(history: object, asked: str = HISTORY, answered: str = HISTORY) -> Iterator[Turn]:
    """The turns of a history.

    Args:
        history: what is stored under ``HISTORY``; null for none.
        asked, answered: how the two roles are spelled.

    Raises:
        RejectedError: it is no list of pairs of texts.
    """
    if history is None:
        return
    if not isinstance(history, list):
        raise RejectedError(f'"{HISTORY}" is {kind(history)}, not a list')
    for number, earlier in enumerate(history, 1):
        if not isinstance(earlier, list) or [type(text) for text in earlier] != [str, str]:
            raise RejectedError(f'"{HISTORY}" {number} is not a question and an answer, both text')
        yield Turn("human", earlier[0], asked)
        yield Turn("gpt", earlier[1], answered)


class RoundGatherer:
    """Puts the rounds of one conversation together, whichever of its records comes first.

    A record whose history is all of an earlier one continues its conversation; one whose rounds are all in an
    earlier one adds nothing. Where two part, the second is a conversation of its own, from its beginning. Where
    tools are kept, records that have some stay as they are.
    Memory: a digest of 16 bytes for each round.

    Args:
        read: the conversations in a record, the earlier rounds among their turns.
        repeats: whether a record may repeat rounds; the others stay as they are.
    """

    def __init__(
        self,
        read: Callable[[object], Sequence[Conversation]],
        repeats: Callable[[object], bool] = lambda record: True,
    ) -> None:
        self._read = read
        self._repeats = repeats
        self._sessions: dict[bytes, str] = {}
        self._ends: set[bytes] = set()
        self._named: Counter[str] = Counter()
        self._repeated = 0

    def add(self, value: object) -> Iterable[Conversation]:
        """What a record adds to the conversations before it."""
        conversations = self._read(value)
        if not self._repeats(value) or not all(map(_alternates, conversations)):
            return conversations
        return [own for conversation in conversations for own in self._own(conversation)]

    def finish(self) -> Iterable[Conversation]:
        """The count of records that added nothing."""
        repeated, self._repeated = self._repeated, 0
        return [Conversation("", [], left_out=Counter({REPEATED: repeated}))] if repeated else []

    def _own(self, conversation: Conversation) -> Iterator[Conversation]:
        system = [turn for turn in conversation.turns if turn.role == "system"]
        turns = [turn for turn in conversation.turns if turn.role != "system"]
        digests = _digests(system, turns)
        earlier = max((number for number, digest in enumerate(digests, 1) if digest in self._sessions), default=0)
        if earlier == len(digests):
            self._repeated += 1
            return
        if earlier and (end := digests[earlier - 1]) in self._ends:
            self._ends.discard(end)
            session = self._sessions[end]
            turns = [*system, *turns[2 * earlier :]]
            own = replace(conversation, session=session, turns=turns, offset=2 * earlier, continues=True)
        else:
            session = self._free(conversation.session)
            own = replace(conversation, session=session)
        self._sessions.update(dict.fromkeys(digests[earlier:], session))
        self._ends.add(digests[-1])
        yield own

    def _free(self, session: str) -> str:
        """The id of a conversation, or one of its own where another conversation has it."""
        self._named[session] += 1
        number = self._named[session]
        return session if number == 1 else f"{session}/{number}"


def _alternates(conversation: Conversation) -> bool:
    """Whether each question has one answer, and no tools are kept."""
    if conversation.tool_messages is not None:
        return False
    roles = [turn.role for turn in conversation.turns if turn.role != "system"]
    return len(roles) % 2 == 0 and roles == ["human", "gpt"] * (len(roles) // 2)


def _digests(system: Sequence[Turn], turns: Sequence[Turn]) -> list[bytes]:
    """A digest of the first round, of the first two, and so on."""
    rounds = [[turn.text for turn in turns[start : start + 2]] for start in range(0, len(turns), 2)]
    first = _digest(b"", [turn.text for turn in system])
    return list(accumulate(rounds, _digest, initial=first))[1:]


def _digest(before: bytes, texts: Sequence[str]) -> bytes:
    return hashlib.blake2b(before + json.dumps(texts).encode("ascii"), digest_size=16).digest()
