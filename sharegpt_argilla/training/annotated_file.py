"""An annotated rows file, read twice: first for what belongs together, then unit by unit.

Only places, ids and digests are held between the two, about 600 bytes a row; never the texts.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sharegpt_argilla.errors import InputError, RejectedError
from sharegpt_argilla.rows import check_row
from sharegpt_argilla.training.base import NOT_ANNOTATED, Example, Group, Unit
from sharegpt_argilla.training.examples import read_example
from sharegpt_argilla.training.splits import digest, normalized_prompt

SPOILT = "in a conversation with a row that is left out"
AFTER_GAP = "turns after a gap in the conversation"
SILENT = "turns without an answer"

Reason = Callable[[Example], str | None]
Prepare = Callable[[Example], Example]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept of a row.

    Attributes:
        place: byte offset of its line.
        turn: 1-based number of the question in the conversation.
        session: digest of source and session.
        prompt: digest of the question, to the letter.
        normalized: digest of the question, normalized.
        same: digest of the row's id, and of the ids of rows that it is a near-duplicate of.
        answered: whether it has an answer.
        rank: the corpus' rank of the answer; infinite where it gives none.
        taken: whether it passed the filters.
        refused: whether it was annotated and did not pass.
    """

    place: int
    turn: int
    session: bytes
    prompt: bytes
    normalized: bytes
    same: tuple[bytes, ...]
    answered: bool
    rank: float
    taken: bool
    refused: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A unit before its texts are read: the rows of it, and the turns before them."""

    entries: Sequence[Entry]
    history: Sequence[Entry] = ()

    def keys(self) -> set[bytes]:
        """What the unit shares with others that must be in the same split: conversation, prompts, duplicates."""
        together = [*self.entries, *self.history]
        return {key for entry in together for key in (entry.session, entry.normalized, *entry.same)}


class AnnotatedFile:
    """The rows of a file and how they hang together.

    Args:
        path: an annotated rows file; it must not change while this is in use.
        reason: why a row is left out; None when it is taken. It is called once for every row.
        prepare: what is done to each row before anything looks at it.
        on_progress: called with 1 for every row.
        resembling: ids of the rows before that a row resembles, and so belongs to the same split with.

    Attributes:
        rows: rows in the file.
        unreadable: lines that are no row.
        repeated: rows whose id stood in the file before; only the first is used.
        left_out: why -> how many rows.

    Raises:
        InputError: the file cannot be read.
    """

    def __init__(
        self,
        path: str | Path,
        reason: Reason,
        prepare: Prepare = lambda example: example,
        on_progress: Callable[[int], None] = lambda _rows: None,
        resembling: Callable[[Example], Collection[str]] = lambda _example: (),
    ) -> None:
        self.rows = self.unreadable = self.repeated = 0
        self.left_out: Counter[str] = Counter()
        self._prepare = prepare
        self._resembling = resembling
        self._taken: list[Entry] = []
        self._sessions: dict[bytes, dict[int, list[Entry]]] = {}
        try:
            self._file: IO[bytes] = Path(path).open("rb")  # noqa: SIM115 - close() closes it
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from error
        self._index(reason, on_progress)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def plans(self, unit: Unit, *, history: bool = False) -> list[Plan]:
        """Every unit with a row that was taken, in the order of the file. Call it once: it goes on counting.

        Args:
            unit: ``row``; ``comparison``: the rows taken that answer one question; ``conversation``: all turns of
                a conversation of which a row was taken and no annotated one left out.
            history: whether the turns before belong to it.
        """
        if unit == "conversation":
            return list(self._conversations())
        plans: list[Plan] = []
        done: set[int] = set()
        for entry in self._taken:
            if entry.place in done:
                continue
            entries = [entry] if unit == "row" else self._answers(entry)
            done.update(other.place for other in entries)
            plans.append(Plan(entries, self._history(entry) if history else ()))
        return plans

    def read(self, plan: Plan) -> Group:
        """The unit with its texts.

        Raises:
            InputError: the file changed since it was indexed.
        """
        return Group([self._read(entry) for entry in plan.entries], [self._read(entry) for entry in plan.history])

    def _index(self, reason: Reason, on_progress: Callable[[int], None]) -> None:
        offset = 0
        ids: set[bytes] = set()
        for line in self._file:
            place, offset = offset, offset + len(line)
            if not line.strip():
                continue
            example = self._parse(line)
            if example is None:
                self.unreadable += 1
                continue
            self.rows += 1
            on_progress(1)
            known = len(ids)
            ids.add(digest(example.id))
            if len(ids) == known:
                self.repeated += 1
            else:
                self._remember(example, place, reason(example))

    def _remember(self, example: Example, place: int, why: str | None) -> None:
        same = (example.id, example.duplicate_of, *self._resembling(example))
        entry = Entry(
            place,
            example.turn,
            session=digest(f"session\0{example.source}\0{example.session}"),
            prompt=digest(example.prompt),
            normalized=digest(f"prompt\0{normalized_prompt(example.prompt)}"),
            same=tuple(digest(f"row\0{key}") for key in same if key),
            answered=bool(example.answer),
            rank=math.inf if example.rank is None else example.rank,
            taken=why is None,
            refused=why not in (None, NOT_ANNOTATED),
        )
        self._sessions.setdefault(entry.session, {}).setdefault(entry.turn, []).append(entry)
        if why is None:
            self._taken.append(entry)
        else:
            self.left_out[why] += 1

    def _parse(self, line: bytes) -> Example | None:
        try:
            return self._prepare(read_example(check_row(json.loads(line.decode("utf-8-sig")))))
        except (ValueError, RecursionError, RejectedError):
            return None

    def _read(self, entry: Entry) -> Example:
        self._file.seek(entry.place)
        example = self._parse(self._file.readline())
        if example is None or digest(example.prompt) != entry.prompt:
            raise InputError("the rows file changed while it was read; run the command again")
        return example

    def _answers(self, entry: Entry) -> list[Entry]:
        """The rows taken that stand at the same place of the conversation and ask the same."""
        there = self._sessions[entry.session][entry.turn]
        return [other for other in there if other.taken and other.prompt == entry.prompt]

    def _history(self, entry: Entry) -> list[Entry]:
        """The answered turns before, back to the first or to a gap; a context with a hole would mislead."""
        turns = self._sessions[entry.session]
        earlier: list[Entry] = []
        turn = entry.turn - 1
        while turn in turns:
            earlier.append(_best(turns[turn]))
            turn -= 1
        return [turn for turn in reversed(earlier) if turn.answered]

    def _conversations(self) -> Iterator[Plan]:
        for turns in self._sessions.values():
            there = [entry for entries in turns.values() for entry in entries]
            taken = sum(entry.taken for entry in there)
            if taken and any(entry.refused for entry in there):
                self.left_out[SPOILT] += taken
            elif taken:
                yield Plan(self._whole(turns))

    def _whole(self, turns: dict[int, list[Entry]]) -> list[Entry]:
        """From the first turn there is to the first gap; a question that nobody answered is left out."""
        found: list[Entry] = []
        turn = min(turns)
        while turn in turns:
            found.append(_best(turns[turn]))
            turn += 1
        self.left_out[AFTER_GAP] += sum(number > turn for number in turns)
        self.left_out[SILENT] += sum(not entry.answered for entry in found)
        return [entry for entry in found if entry.answered]


def _best(entries: Sequence[Entry]) -> Entry:
    """Of several answers at one place the one that the corpus ranks first, else the first in the file."""
    return min(entries, key=lambda entry: entry.rank)
