"""The earlier turns of a row, as chat, wherever they are in its file, and whether its id is there twice."""

from __future__ import annotations

import json
from array import array
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.records.chat_pieces import MESSAGES_MAX, in_pieces
from sharegpt_argilla.rows import CORPUS, SESSION, TURN, Row, check_row, read_extension

_Key = tuple[str, str, str]
_Numbers = NDArray[Any]
_LAST_TURN = 1 << 62
"""Numbers beyond it count as no turn; the index has 64 bits for one."""


class EarlierTurns:
    """Finds the earlier rows of a row's conversation, wherever they are in the file.

    Keeps a few numbers for every row of the file in memory (24 bytes; 80 while it is opened).

    Args:
        path: a rows file; it must not change while this is in use.
    """

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("rb")
        keys, turns, offsets, questions = array("Q"), array("q"), array("Q"), array("Q")
        ids = array("Q")
        offset = 0
        # A lone \r ends a line too, as where rows are read as text; JSON contains none.
        for line in (line for lines in self._file for line in lines.splitlines(keepends=True)):
            row = _row(line)
            key, turn = (None, None) if row is None else _position(row)
            if row is not None:
                ids.append(_number(row["id"]))
            if row is not None and key is not None and turn is not None:
                keys.append(_number(*key))
                turns.append(turn)
                offsets.append(offset)
                questions.append(_number(row["问"]))
            offset += len(line)
        self._repeated = _repeated(ids)
        self._index(*(np.frombuffer(each, each.typecode) for each in (keys, turns, offsets, questions)))

    def _index(
        self, keys: NDArray[Any], turns: NDArray[Any], offsets: NDArray[Any], questions: NDArray[Any]
    ) -> None:
        """Sort the rows by conversation and turn; of rows with the same, the first of the file stays."""
        order = np.lexsort((turns, keys))
        keys, turns, questions = keys[order], turns[order], questions[order]
        same = (keys[1:] == keys[:-1]) & (turns[1:] == turns[:-1])
        self._mixed = np.unique(keys[1:][same & (questions[1:] != questions[:-1])])
        first = np.ones(len(keys), bool)
        first[1:] = ~same
        self._keys, self._turns, self._offsets = keys[first], turns[first], offsets[order][first]

    def may_repeat(self, row: Row) -> bool:
        """Whether another row of the file has the same id, or one with the same 64 bits of a hash."""
        number = np.uint64(_number(row["id"]))
        at = np.searchsorted(self._repeated, number)
        return bool(at < len(self._repeated) and self._repeated[at] == number)

    def close(self) -> None:
        """Close the rows file."""
        self._file.close()

    def messages(self, row: Row, turns: int) -> list[dict[str, str]]:
        """Up to ``turns`` question/answer pairs before the row, oldest first, as chat messages.

        Only consecutive turns count: a context with a gap would mislead, and so would one that ``is_mixed``.
        Long texts are several messages; as many turns as fit into Argilla's 500 messages are given.
        """
        if self.is_mixed(row):
            return []
        key, turn = _position(row)
        earlier: list[list[dict[str, str]]] = []
        room = MESSAGES_MAX
        while turn is not None and len(earlier) < turns and (pair := self._pair(key, turn - 1)) is not None:
            turn, room = turn - 1, room - len(pair)
            if room < 0:
                break
            earlier.append(pair)
        return [message for pair in reversed(earlier) for message in pair]

    def is_mixed(self, row: Row) -> bool:
        """Whether turns before the row may be those of another conversation.

        So it is where rows of its session have one turn and different questions, as when files were joined.
        """
        key, turn = _position(row)
        if turn is None or turn <= 1 or not len(self._mixed):
            return False
        number = np.uint64(_number(*key))
        at = np.searchsorted(self._mixed, number)
        return bool(at < len(self._mixed) and self._mixed[at] == number)

    def _pair(self, key: _Key, turn: int) -> list[dict[str, str]] | None:
        """One turn of a conversation as messages; None if it is not in the file."""
        number = np.uint64(_number(*key))
        start, stop = np.searchsorted(self._keys, number), np.searchsorted(self._keys, number, "right")
        at = start + np.searchsorted(self._turns[start:stop], turn)
        if at == stop or self._turns[at] != turn:
            return None
        self._file.seek(int(self._offsets[at]))
        row = check_row(json.loads(self._file.readline().splitlines()[0]))
        # Two conversations may have one number: once in a thousand files of a hundred million.
        return (
            in_pieces("user", row["问"]) + in_pieces("assistant", row["答"]) if _position(row)[0] == key else None
        )


def _repeated(ids: array[int]) -> _Numbers:
    """The numbers that are there more than once, sorted."""
    numbers = np.sort(np.frombuffer(ids, np.uint64))
    repeated: _Numbers = np.unique(numbers[1:][numbers[1:] == numbers[:-1]])
    return repeated


def _number(*texts: str) -> int:
    """64 bits that are the same for the same texts."""
    digest = blake2b(digest_size=8)
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return int.from_bytes(digest.digest(), "big")


def _row(line: bytes) -> Row | None:
    try:
        return check_row(json.loads(line.decode("utf-8-sig")))
    except (ValueError, RecursionError, RejectedError):
        # The caller that loads the rows reports it.
        return None


def _position(row: Row) -> tuple[_Key, int | None]:
    extension = read_extension(row)
    turn = extension.get(TURN)
    # Two corpora may share conversation ids, as the two languages of one collection do.
    key = (row["来源"], str(extension.get(CORPUS, "")), str(extension.get(SESSION, "")))
    return key, int(turn) if isinstance(turn, int) and abs(turn) < _LAST_TURN else None
