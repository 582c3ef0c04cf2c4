"""Index of an annotated rows file: what is known of each row apart from its texts, in a temporary database."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.common.temporary_database import TemporaryDatabase

_DIGEST = 16
_TABLES = (
    "CREATE TABLE ids (digest BLOB PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE sessions (number INTEGER PRIMARY KEY, digest BLOB UNIQUE, mixed INTEGER DEFAULT 0)",
    "CREATE TABLE entries (number INTEGER PRIMARY KEY, session INTEGER, turn INTEGER, offset INTEGER, prompt BLOB,"
    " normalized BLOB, same BLOB, answered INTEGER, rank REAL, taken INTEGER, refused INTEGER, tools INTEGER)",
    "CREATE INDEX by_turn ON entries (session, turn)",
)
_ENTRIES = (
    "SELECT offset, turn, digest, prompt, normalized, same, answered, rank, taken, refused, tools"
    " FROM entries JOIN sessions ON sessions.number = session"
)


@dataclass(frozen=True, slots=True)
class RowEntry:
    """The index entry of a row.

    Attributes:
        offset: byte offset of its line.
        turn: 1-based number of the question in the conversation.
        session: digest of source and session.
        prompt: digest of the exact question.
        normalized: digest of the question, normalized.
        same: digest of the row's id, and of the ids of rows that it is a near-duplicate of.
        answered: whether it has an answer.
        rank: the corpus' rank of the answer; infinite if the corpus gives none.
        taken: whether it passed the filters.
        refused: whether it was annotated and did not pass the filters.
        tools: 2 if the row calls tools, plus 1 if it has their definitions.
    """

    offset: int
    turn: int
    session: bytes
    prompt: bytes
    normalized: bytes
    same: tuple[bytes, ...]
    answered: bool
    rank: float
    taken: bool
    refused: bool
    tools: int = 0


Turns = dict[int, list[RowEntry]]
"""Turn -> the entries of it, in the order of the file; turns in the order in which they first appear."""


class RowIndex:
    """The entries so far. Rows are numbered from 1 in the order of the file, and so are sessions.

    Raises:
        OSError: from every method, when the disk of the temporary file is full.
    """

    def __init__(self) -> None:
        self._database = TemporaryDatabase("the index of the rows is", _TABLES)

    def close(self) -> None:
        """Delete the temporary file."""
        self._database.close()

    def is_new(self, row: bytes) -> bool:
        """Whether the digest of a row's id was not there before; remembers it."""
        return self._run("INSERT OR IGNORE INTO ids VALUES (?)", (row,)).rowcount == 1

    def add(self, entry: RowEntry) -> bool:
        """Remember a row; returns whether its turn has another question before, which makes its session mixed."""
        self._run("INSERT OR IGNORE INTO sessions (digest) VALUES (?)", (entry.session,))
        session = self.session_number(entry.session)
        query = "SELECT prompt FROM entries WHERE session = ? AND turn = ? ORDER BY number LIMIT 1"
        first = self._run(query, (session, entry.turn)).fetchone()
        mixed = first is not None and first[0] != entry.prompt
        if mixed:
            self._run("UPDATE sessions SET mixed = 1 WHERE number = ?", (session,))
        rank = None if math.isinf(entry.rank) else entry.rank
        values = (
            *(session, entry.turn, entry.offset, entry.prompt, entry.normalized, b"".join(entry.same)),
            *(entry.answered, rank, entry.taken, entry.refused, entry.tools),
        )
        self._run("INSERT INTO entries VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        return mixed

    def session_number(self, session: bytes) -> int:
        """The number of a session that is there."""
        return int(self._run("SELECT number FROM sessions WHERE digest = ?", (session,)).fetchone()[0])

    def taken(self) -> Iterator[tuple[int, RowEntry]]:
        """The rows that were taken with their numbers, in the order of the file."""
        cursor = self._run(_ENTRIES.replace("SELECT", "SELECT entries.number,") + " WHERE taken ORDER BY 1")
        return ((number, _entry(values)) for number, *values in cursor)

    def entry(self, number: int) -> RowEntry:
        """The entry of that number."""
        return _entry(self._run(f"{_ENTRIES} WHERE entries.number = ?", (number,)).fetchone())

    def sessions(self) -> Iterator[int]:
        """The numbers of all sessions, in the order in which they first appear."""
        return (number for (number,) in self._run("SELECT number FROM sessions ORDER BY number"))

    def session(self, number: int) -> tuple[Turns, bool]:
        """The turns of a session, and whether it is mixed."""
        turns: Turns = {}
        for values in self._run(f"{_ENTRIES} WHERE session = ? ORDER BY entries.number", (number,)):
            entry = _entry(values)
            turns.setdefault(entry.turn, []).append(entry)
        (mixed,) = self._run("SELECT mixed FROM sessions WHERE number = ?", (number,)).fetchone()
        return turns, bool(mixed)

    def headless(self) -> int:
        """How many sessions of which a row was taken have no first turn."""
        query = "SELECT count(*) FROM (SELECT 1 FROM entries GROUP BY session HAVING max(taken) AND min(turn) > 1)"
        return int(self._run(query).fetchone()[0])

    def _run(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        return self._database.run(statement, values)


def _entry(values: Sequence[Any]) -> RowEntry:
    offset, turn, session, prompt, normalized, same, answered, rank, taken, refused, tools = values
    return RowEntry(
        *(offset, turn, session, prompt, normalized),
        same=tuple(same[start : start + _DIGEST] for start in range(0, len(same), _DIGEST)),
        answered=bool(answered),
        rank=math.inf if rank is None else rank,
        taken=bool(taken),
        refused=bool(refused),
        tools=tools,
    )
