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
from sharegpt_argilla.corpora.pairing.sessions import ShardSessions
from sharegpt_argilla.rows import Pair, Pairs


class PlainShareGPT:
    """Pairs plain records.

    Args:
        corpus: whose records they are.
        pairer: counts them, and keeps questions and answers whose other half is in another piece.
    """

    def __init__(self, corpus: ShareGPT, pairer: Pairer) -> None:
        self._corpus = corpus
        self._pairer = pairer

    def pairs(self, record: dict[str, Any], sessions: ShardSessions | None = None) -> list[Pairs] | None:
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
            session, offset, piece = self._corpus.locate(identity, first)
            lead, opened = first == "gpt", last == "human"
            if (lead and not offset) or (opened and not piece) or (len(turns) - lead - opened) % 2:
                return None
            texts = _plain_texts(turns)
            roles = _alternating_roles(turns[lead : len(turns) - opened])
        # What is missing or of another type. Nothing has been counted yet, and the adapter has a reason for it.
        except (KeyError, TypeError, AttributeError, IndexError):
            return None
        ends = [*texts[:2], texts[-1]]
        if sessions is not None and (number_of_same := sessions.claim(identity, ends, len(turns), lead)):
            session = sessions.renamed_id(session, number_of_same)
        whole = [] if roles is None else [self._whole(session, offset, texts[lead:], roles)]
        self._pairer.counts.conversations += 1
        self._pairer.counts.pairs += (len(turns) - lead - opened) // 2
        before = self._answer_first(session, offset, turns[0]) if lead else []
        after = self._question_last(session, offset + len(turns), turns[-1]) if opened else []
        return [*before, *whole, *after]

    def _whole(self, session: str, offset: int, texts: list[str], roles: tuple[str, str]) -> Pairs:
        """The pairs of texts that alternate; a question at the end is none of them."""
        asked, answered, first = texts[::2], texts[1::2], questions_before(offset) + 1
        name, source = self._corpus.name, self._corpus.source
        return Pairs(asked[: len(answered)], answered, session, first, name, source, *roles, None, NO_EXTRA)

    def _answer_first(self, session: str, offset: int, answer: dict[str, str]) -> list[Pairs]:
        spelling = answer["from"]
        turn = Turn(ROLES[spelling], answer["value"], spelling)
        return [pair.alone() for pair in self._pairer.answers_first((session, offset), [turn])]

    def _question_last(self, session: str, end: int, asked: dict[str, str]) -> list[Pairs]:
        """The pair of a question that a piece ends with; ``end`` is the offset after it."""
        name, source, number = self._corpus.name, self._corpus.source, questions_before(end)
        pair = Pair(asked["value"], "", session, number, name, source, asked["from"], "", None, NO_EXTRA)
        return [pair.alone() for pair in self._pairer.question_last((session, end), pair)]


def _plain_texts(turns: list[dict[str, str]]) -> list[str]:
    """The texts of turns.

    Raises:
        KeyError, TypeError: a turn is not plain.
    """
    texts = [turn["value"] for turn in turns]
    if not all(texts) or any(map(str.isspace, texts)) or set(map(len, turns)) != {2}:
        raise TypeError
    return texts


def _alternating_roles(turns: list[dict[str, str]]) -> tuple[str, str] | None:
    """The roles of people and model, as they are spelled; None when there is no turn.

    Raises:
        KeyError, TypeError: people and model do not alternate, each under one name.
    """
    if not turns:
        return None
    spelled = [turn["from"] for turn in turns]
    asked_by, answered_by = spelled[:2]
    if ROLES[asked_by] != "human" or ROLES[answered_by] != "gpt":
        raise TypeError
    if spelled != [asked_by, answered_by] * (len(spelled) // 2):
        raise TypeError
    return asked_by, answered_by
