"""Plain ShareGPT records to lines, without a turn, a conversation or a pair for each.

Plain: an id and turns of ``from`` and ``value``, nothing else; people and model take turns, each under one name,
and nobody is silent. Nearly all of ShareGPT V3 is. For everything else, and for pairs whose halves lie in two
pieces, there are ``sharegpt.py``, ``pairing.py`` and ``lines.py``. A test holds the two ways against each other.
"""

from __future__ import annotations

from hashlib import md5
from typing import Any

from orjson import dumps

from sharegpt_argilla.corpora.formats.base import Turn
from sharegpt_argilla.corpora.formats.roles import ROLES
from sharegpt_argilla.corpora.formats.sharegpt import ShareGPT
from sharegpt_argilla.corpora.run.lines import ANSWERED, ASKED, ASKED_IN_CONTENT, START, RowLines
from sharegpt_argilla.corpora.run.pairing import Pairer, questions_before
from sharegpt_argilla.rows import Pair

_PIECES = 9
"""Of a line."""
# A copy is made in half the time of a new one.
_new_md5 = md5(usedforsecurity=False).copy


class QuickShareGPT:
    """Writes the lines of plain records.

    Args:
        corpus: whose records they are.
        pairer: counts them, and keeps the halves of pairs.
        lines: of the run.
        out: takes the lines, in pieces.
    """

    def __init__(self, corpus: ShareGPT, pairer: Pairer, lines: RowLines, out: list[bytes]) -> None:
        self._corpus = corpus
        self._pairer = pairer
        self._lines = lines
        self._out = out

    def write(self, record: dict[str, Any]) -> bool:
        """Write the lines of a record; False, with nothing done, when it is not plain."""
        try:
            name, turns = record["id"], record["conversations"]
            first, last = ROLES[turns[0]["from"]], ROLES[turns[-1]["from"]]
            # A turn without one of its two keys fails below.
            if len(record) != 2 or sum(map(len, turns)) != 2 * len(turns) or not name.isascii() or not name:
                return False
            session, offset, piece = self._corpus.place(name, first, last)
            lead, opened = first == "gpt", last == "human"
            if (lead and not offset) or (opened and not piece) or (len(turns) - lead - opened) % 2:
                return False
            number = questions_before(offset)
            lines = self._pairs(session, number, turns[lead::2], turns[lead + 1 :: 2])
            answer = _turn(turns[0]) if lead else None
            question = _turn(turns[-1]) if opened else None
        # What is missing or of another type. Nothing has been done yet, and the adapter has a reason for it.
        except (KeyError, TypeError, AttributeError, IndexError):
            return False
        if lines is None:
            return False
        self._pairer.counts.conversations += 1
        self._pairer.counts.pairs += (pairs := len(lines) // _PIECES)
        if answer is not None:
            self._stitched(self._pairer.answers_first((session, offset), [answer]))
        self._out += lines
        if question is not None:
            gap = session, offset + len(turns)
            self._stitched(self._pairer.question_last(gap, self._open(question, session, number + pairs + 1)))
        return True

    def _pairs(
        self, session: str, number: int, asking: list[dict[str, str]], answering: list[dict[str, str]]
    ) -> list[bytes] | None:
        """The lines of whole pairs; None when they are not plain. The loop that nearly all of the time goes to."""
        lines: list[bytes] = []
        if not answering:
            return lines
        asked_by, answered_by = asking[0]["from"], answering[0]["from"]
        corpus = self._corpus
        if ROLES[asked_by] != "human" or ROLES[answered_by] != "gpt":
            return None
        content_start, content_middle, line, end = self._lines.around(
            session, corpus.name, corpus.source, asked_by, answered_by
        )
        for asked, answered in zip(asking, answering, strict=False):
            question, answer = asked["value"], answered["value"]
            if (
                asked["from"] != asked_by
                or answered["from"] != answered_by
                or not (question and answer)
                or question.isspace()
                or answer.isspace()
            ):
                return None
            number += 1
            turn, question_json, answer_json = b"%d" % number, dumps(question), dumps(answer)
            content = b"".join(
                (content_start, turn, content_middle, answer_json, ASKED_IN_CONTENT, question_json, b"}")
            )
            digest = _new_md5()
            digest.update(content)
            row_id = digest.hexdigest().encode()
            lines += (START, row_id, ASKED, question_json, ANSWERED, answer_json, line, turn, end)
        return lines

    def _open(self, question: Turn, session: str, number: int) -> Pair:
        corpus = self._corpus
        return Pair(question.text, "", session, number, corpus.name, corpus.source, question.spelling, "")

    def _stitched(self, pairs: list[Pair]) -> None:
        self._out += [self._lines.line(pair) for pair in pairs]


def _turn(turn: dict[str, str]) -> Turn:
    """The turn.

    Raises:
        TypeError: it is not plain.
    """
    text = turn["value"]
    if not text or text.isspace():
        raise TypeError
    return Turn(ROLES[turn["from"]], text, turn["from"])
