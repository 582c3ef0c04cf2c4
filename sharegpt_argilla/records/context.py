"""The earlier turns of a conversation, for the context field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import CORPUS, SESSION, TURN, Row, check_row, read_extension

MESSAGE_MAX = 20_000
"""Characters that Argilla takes in one chat message."""

_CUT = "\n\n[cut]"

_Key = tuple[str, str, str]


class EarlierTurns:
    """Finds the rows that came before a row in its conversation, wherever in the file they stand.

    Holds the place of every row of the file (about 100 bytes each), not its text.

    Args:
        path: a rows file; it must not change while this is in use.
    """

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("rb")
        self._places: dict[_Key, dict[int, int]] = {}
        offset = 0
        for line in self._file:
            row = _row(line)
            if row is not None:
                self._remember(row, offset)
            offset += len(line)

    def close(self) -> None:
        """Close the rows file."""
        self._file.close()

    def messages(self, row: Row, turns: int) -> list[dict[str, str]]:
        """Up to ``turns`` question/answer pairs before the row, oldest first, as chat messages.

        Only turns that follow on one another without a gap count: a context with a hole would mislead.
        """
        key, turn = _position(row)
        places = self._places.get(key, {})
        earlier: list[int] = []
        while len(earlier) < turns and turn is not None and turn - 1 in places:
            turn -= 1
            earlier.append(places[turn])
        return [message for place in reversed(earlier) for message in self._read(place)]

    def _remember(self, row: Row, offset: int) -> None:
        key, turn = _position(row)
        if turn is not None:
            self._places.setdefault(key, {}).setdefault(turn, offset)

    def _read(self, place: int) -> Iterator[dict[str, str]]:
        self._file.seek(place)
        row = check_row(json.loads(self._file.readline()))
        for role, text in (("user", row["问"]), ("assistant", row["答"])):
            if text:
                yield {"role": role, "content": _cut(text)}


def _row(line: bytes) -> Row | None:
    try:
        return check_row(json.loads(line.decode("utf-8-sig")))
    except (ValueError, RecursionError, RejectedError):
        # Whoever reads the rows one by one reports it.
        return None


def _position(row: Row) -> tuple[_Key, int | None]:
    extension = read_extension(row)
    turn = extension.get(TURN)
    # Two corpora may share the ids of their conversations, as the two languages of one collection do.
    key = (row["来源"], str(extension.get(CORPUS, "")), str(extension.get(SESSION, "")))
    return key, turn if isinstance(turn, int) else None


def _cut(text: str) -> str:
    return text if len(text) <= MESSAGE_MAX else text[: MESSAGE_MAX - len(_CUT)] + _CUT
