"""Plain ShareGPT records to pairs, without a turn or a conversation object for each.

Plain: an id and turns of ``from`` and ``value``, nothing else; people and model alternate, each under one name,
and nobody is silent. Nearly all of ShareGPT V3 is. All other records are read by ``sharegpt.py`` and paired by
``pairing.py``, which give the same pairs for plain ones, too.
"""

from __future__ import annotations

from typing import Any

from sharegpt_argilla.corpora.formats.base import Turn
from sharegpt_argilla.corpora.formats.roles import ROLES
from sharegpt_argilla.corpora.formats.sharegpt import ShareGPT
from sharegpt_argilla.corpora.pairing.pairing import NO_EXTRA, Pairer, questions_before
from sharegpt_argilla.corpora.pairing.sessions import ShardSessions, renamed
from sharegpt_argilla.rows import Pair


class PlainShareGPT:
    """Pairs plain records.

    Args:
        corpus: whose records they are.
        pairer: counts them, and keeps questions and answers whose other half is in another piece.
    """

    def __init__(self, corpus: ShareGPT, pairer: Pairer) -> None:
        self._corpus = corpus
        self._pairer = pairer

    def pairs(self, record: dict[str, Any], sessions: ShardSessions | None = None) -> list[Pair] | None:
        """The pairs that a record completes, in its order; None, with nothing counted, when it is not plain.

        Args:
            record: of the corpus.
            sessions: notes its id, and says whether another conversation has it.
        """
        try:
            identity, turns = record["id"], record["conversations"]
            first, last = ROLES[turns[0]["from"]], ROLES[turns[-1]["from"]]
            if type(identity) is not str or not identity or len(record) != 2:
                return None
            session, offset, piece = self._corpus.place(identity, first)
            lead, opened = first == "gpt", last == "human"
            if (lead and not offset) or (opened and not piece) or (len(turns) - lead - opened) % 2:
                return None
            number = questions_before(offset) + 1
            pairs = self._whole_pairs(session, number, turns[lead::2], turns[lead + 1 :: 2])
            answer = _plain_turn(turns[0]) if lead else None
            question = _plain_turn(turns[-1]) if opened else None
            ends = [turn["value"] for turn in (*turns[:2], turns[-1])]
        # What is missing or of another type. Nothing has been counted yet, and the adapter has a reason for it.
        except (KeyError, TypeError, AttributeError, IndexError):
            return None
        if sessions is not None and (number_of_same := sessions.claim(identity, ends, len(turns), lead)):
            session = renamed(session, number_of_same)
            pairs = [pair._replace(session=session) for pair in pairs]
        pairer, count = self._pairer, len(pairs)
        pairer.counts.conversations += 1
        pairer.counts.pairs += count
        if answer is not None:
            pairs = [*pairer.answers_first((session, offset), [answer]), *pairs]
        if question is not None:
            name, source = self._corpus.name, self._corpus.source
            asked = Pair(
                question.text, "", session, number + count, name, source, question.spelling, "", None, NO_EXTRA
            )
            pairs += pairer.question_last((session, offset + len(turns)), asked)
        return pairs

    def _whole_pairs(
        self, session: str, number: int, asking: list[dict[str, str]], answering: list[dict[str, str]]
    ) -> list[Pair]:
        """The pairs of alternating turns.

        Raises:
            KeyError, TypeError, AttributeError: the turns are not plain.
        """
        if not answering:
            return []
        asked_by, answered_by = asking[0]["from"], answering[0]["from"]
        if ROLES[asked_by] != "human" or ROLES[answered_by] != "gpt":
            raise TypeError
        name, source = self._corpus.name, self._corpus.source
        pairs: list[Pair] = []
        for turn, (asked, answered) in enumerate(zip(asking, answering, strict=False), number):
            question, answer = asked["value"], answered["value"]
            if (
                asked["from"] != asked_by
                or answered["from"] != answered_by
                or len(asked) + len(answered) != 4
                or not (question and answer)
                or question.isspace()
                or answer.isspace()
            ):
                raise TypeError
            pairs.append(
                Pair(question, answer, session, turn, name, source, asked_by, answered_by, None, NO_EXTRA)
            )
        return pairs


def _plain_turn(turn: dict[str, str]) -> Turn:
    """The turn.

    Raises:
        KeyError, TypeError, AttributeError: it is not plain.
    """
    text = turn["value"]
    if len(turn) != 2 or not text or text.isspace():
        raise TypeError
    return Turn(ROLES[turn["from"]], text, turn["from"])
