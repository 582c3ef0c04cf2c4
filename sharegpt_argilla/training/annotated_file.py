"""An annotated rows file, read in two passes: first an index of which rows belong together, then unit by unit.

Between the passes only offsets, ids and digests are in memory, about 600 bytes per row; never the texts.
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
MIXED = "in a session of several conversations"
SECOND = "other answers to a turn of a conversation"
NO_ANSWER = "without an answer"

Reason = Callable[[Example], str | None]
Prepare = Callable[[Example], Example]


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


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """A unit before its texts are read: its rows, and the turns before them."""

    entries: Sequence[RowEntry]
    history: Sequence[RowEntry] = ()

    def keys(self) -> set[bytes]:
        """Digests that units of the same split share: of the conversation, the prompts and the duplicates."""
        entries = [*self.entries, *self.history]
        return {key for entry in entries for key in (entry.session, entry.normalized, *entry.same)}

    def tools(self) -> int:
        """The most that a row of it has to do with tools, see ``RowEntry.tools``."""
        return max(entry.tools for entry in self.entries)


class AnnotatedFile:
    """The rows of a file, grouped by conversation and question.

    Args:
        path: an annotated rows file; it must not change while this is in use.
        reason: row -> why it is left out; None if it is taken. It is called once for every row.
        prepare: changes each row before it is used.
        on_progress: called with 1 for every row.
        resembling: row -> ids of earlier rows that it resembles and must share a split with.

    Attributes:
        rows: rows in the file.
        unreadable: lines that are not valid rows.
        repeated: rows whose id occurred earlier in the file; only the first is used.
        left_out: reason -> number of rows.
        tools: whether some row has tools.
        headless: conversations whose first turn is not in the file, of which some turn goes out.
        mixed: session in which rows have one turn and different questions -> how many rows have the turn of an
            earlier one. Which rows belong together is not known: they have no history, and make no conversation.

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
        self.rows = self.unreadable = self.repeated = self.headless = 0
        self.tools = False
        self.left_out: Counter[str] = Counter()
        self.mixed: Counter[str] = Counter()
        self._mixed: set[bytes] = set()
        self._prepare = prepare
        self._resembling = resembling
        self._taken: list[RowEntry] = []
        self._sessions: dict[bytes, dict[int, list[RowEntry]]] = {}
        try:
            self._file: IO[bytes] = Path(path).open("rb")  # noqa: SIM115 - close() closes it
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from error
        self._index(reason, on_progress)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def plans(self, unit: Unit, *, history: bool = False) -> list[UnitPlan]:
        """Every unit with a row that was taken, in the order of the file. Call it only once.

        Args:
            unit: ``row``; ``comparison``: the taken rows that answer one question; ``conversation``: all turns of
                a conversation of which at least one row was taken and no annotated row was left out.
            history: whether a unit includes the turns before it.
        """
        if unit == "conversation":
            return list(self._conversations())
        if history:
            self.headless = sum(min(self._sessions[session]) > 1 for session in {e.session for e in self._taken})
        plans: list[UnitPlan] = []
        done: set[int] = set()
        for entry in self._taken:
            if entry.offset in done:
                continue
            entries = [entry] if unit == "row" else self._answers(entry)
            done.update(other.offset for other in entries)
            plans.append(UnitPlan(entries, self._history(entry) if history else ()))
        return plans

    def read(self, plan: UnitPlan) -> Group:
        """The unit with its texts.

        Raises:
            InputError: the file changed since it was indexed.
        """
        return Group([self._read(entry) for entry in plan.entries], [self._read(entry) for entry in plan.history])

    def _index(self, reason: Reason, on_progress: Callable[[int], None]) -> None:
        next_offset = 0
        ids: set[bytes] = set()
        for line in self._file:
            offset, next_offset = next_offset, next_offset + len(line)
            if not line.strip():
                continue
            example = self._parse(line)
            if example is None:
                self.unreadable += 1
                continue
            self.rows += 1
            on_progress(1)
            count = len(ids)
            ids.add(digest(example.id))
            if len(ids) == count:
                self.repeated += 1
            else:
                self._remember(example, offset, reason(example))

    def _remember(self, example: Example, offset: int, reason: str | None) -> None:
        same = (example.id, example.duplicate_of, *self._resembling(example))
        entry = RowEntry(
            offset,
            example.turn,
            session=digest(f"session\0{example.source}\0{example.session}"),
            prompt=digest(example.prompt),
            normalized=digest(f"prompt\0{normalized_prompt(example.prompt)}"),
            same=tuple(digest(f"row\0{key}") for key in same if key),
            answered=bool(example.answer),
            rank=math.inf if example.rank is None else example.rank,
            taken=reason is None,
            refused=reason not in (None, NOT_ANNOTATED),
            tools=2 * bool(example.tool_messages) + bool(example.tools),
        )
        self.tools = self.tools or entry.tools > 0
        same_turn = self._sessions.setdefault(entry.session, {}).setdefault(entry.turn, [])
        if same_turn and same_turn[0].prompt != entry.prompt:
            self.mixed[example.session] += 1
            self._mixed.add(entry.session)
        same_turn.append(entry)
        if reason is None:
            self._taken.append(entry)
        else:
            self.left_out[reason] += 1

    def _parse(self, line: bytes) -> Example | None:
        try:
            return self._prepare(read_example(check_row(json.loads(line.decode("utf-8-sig")))))
        except (ValueError, RecursionError, RejectedError):
            return None

    def _read(self, entry: RowEntry) -> Example:
        self._file.seek(entry.offset)
        example = self._parse(self._file.readline())
        if example is None or digest(example.prompt) != entry.prompt:
            raise InputError("the rows file changed while it was read; run the command again")
        return example

    def _answers(self, entry: RowEntry) -> list[RowEntry]:
        """The taken rows of the same turn of the conversation with the same question."""
        if entry.session in self._mixed and entry.turn > 1:
            return [entry]
        same_turn = self._sessions[entry.session][entry.turn]
        return [other for other in same_turn if other.taken and other.prompt == entry.prompt]

    def _history(self, entry: RowEntry) -> list[RowEntry]:
        """The answered turns before, back to the first turn or to a gap; a context with a gap would mislead."""
        if entry.session in self._mixed:
            return []
        turns = self._sessions[entry.session]
        earlier: list[RowEntry] = []
        turn = entry.turn - 1
        while turn in turns:
            earlier.append(_best(turns[turn]))
            turn -= 1
        return [turn for turn in reversed(earlier) if turn.answered]

    def _conversations(self) -> Iterator[UnitPlan]:
        for session, turns in self._sessions.items():
            entries_of_all_turns = [entry for entries in turns.values() for entry in entries]
            taken = sum(entry.taken for entry in entries_of_all_turns)
            if taken and any(entry.refused for entry in entries_of_all_turns):
                self.left_out[SPOILT] += taken
            elif taken and session in self._mixed:
                self.left_out[MIXED] += taken
            elif taken and (entries := self._whole(turns)):
                self.headless += min(turns) > 1
                yield UnitPlan(entries)
            elif taken:
                self.left_out[NO_ANSWER] += 1

    def _whole(self, turns: dict[int, list[RowEntry]]) -> list[RowEntry]:
        """The turns from the first in the file to the first gap, without unanswered questions."""
        entries: list[RowEntry] = []
        turn = min(turns)
        while turn in turns:
            best = _best(turns[turn])
            entries.append(best)
            self.left_out[SECOND] += sum(entry.taken for entry in turns[turn] if entry is not best)
            turn += 1
        self.left_out[AFTER_GAP] += sum(number > turn for number in turns)
        self.left_out[SILENT] += sum(not entry.answered for entry in entries)
        return [entry for entry in entries if entry.answered]


def _best(entries: Sequence[RowEntry]) -> RowEntry:
    """Of several answers to one turn the one that the corpus ranks first, else the first in the file."""
    return min(entries, key=lambda entry: entry.rank)
