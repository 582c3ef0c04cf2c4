"""An annotated rows file, read in two passes: first an index of which rows belong together, then unit by unit.

Between the passes offsets and digests are in a temporary database (``row_index.py``), and in memory nine bytes for
each unit; never the texts.
"""

from __future__ import annotations

import json
import math
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sharegpt_argilla.errors import InputError, RejectedError
from sharegpt_argilla.rows import check_row
from sharegpt_argilla.training.base import NOT_ANNOTATED, Example, Group, Unit
from sharegpt_argilla.training.examples import read_example
from sharegpt_argilla.training.row_index import RowEntry, RowIndex, Turns
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


class Plans:
    """Units in an order, each made from the index when it is asked for.

    Args:
        make: number of a row or of a session -> its unit.
        numbers: of the units.
    """

    def __init__(self, make: Callable[[int], UnitPlan], numbers: Iterable[int]) -> None:
        self._make = make
        self._numbers = array("q", numbers)

    def __len__(self) -> int:
        """How many units there are."""
        return len(self._numbers)

    def __iter__(self) -> Iterator[UnitPlan]:
        """The units."""
        return map(self._make, self._numbers)

    def with_tools_first(self) -> Plans:
        """The same units, those with the most tools first."""
        ranks = array("b", (-plan.tools() for plan in self))
        order = sorted(range(len(ranks)), key=ranks.__getitem__)
        return Plans(self._make, (self._numbers[position] for position in order))

    def divided(self, names: Iterable[str], given: Iterable[str]) -> dict[str, Plans]:
        """Name -> the units for which it was given, in their order."""
        parts = {name: array("q") for name in names}
        for number, name in zip(self._numbers, given, strict=True):
            parts[name].append(number)
        return {name: Plans(self._make, numbers) for name, numbers in parts.items()}


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
        self._prepare = prepare
        self._resembling = resembling
        self._last: tuple[bytes, Turns, bool] = b"", {}, False
        try:
            self._file: IO[bytes] = Path(path).open("rb")  # noqa: SIM115 - close() closes it
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from error
        self._rows = RowIndex()
        try:
            self._index(reason, on_progress)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file and its index."""
        self._file.close()
        self._rows.close()

    def plans(self, unit: Unit, *, history: bool = False) -> Plans:
        """Every unit with a row that was taken, in the order of the file. Call it only once.

        Args:
            unit: ``row``; ``comparison``: the taken rows that answer one question; ``conversation``: all turns of
                a conversation of which at least one row was taken and no annotated row was left out.
            history: whether a unit includes the turns before it.
        """
        if unit == "conversation":
            return Plans(self._conversation, self._conversations())
        if history:
            self.headless = self._rows.headless()

        def make(number: int) -> UnitPlan:
            entry = self._rows.entry(number)
            entries = [entry] if unit == "row" else self._answers(entry)
            return UnitPlan(entries, self._history(entry) if history else ())

        rows = self._rows.taken()
        if unit == "row":
            return Plans(make, (number for number, _ in rows))
        return Plans(make, (number for number, entry in rows if self._answers(entry)[0] == entry))

    def read(self, plan: UnitPlan) -> Group:
        """The unit with its texts.

        Raises:
            InputError: the file changed since it was indexed.
        """
        return Group([self._read(entry) for entry in plan.entries], [self._read(entry) for entry in plan.history])

    def _index(self, reason: Reason, on_progress: Callable[[int], None]) -> None:
        next_offset = 0
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
            if self._rows.is_new(digest(example.id)):
                self._remember(example, offset, reason(example))
            else:
                self.repeated += 1

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
        if self._rows.add(entry):
            self.mixed[example.session] += 1
        if reason is not None:
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

    def _turns(self, session: bytes) -> tuple[Turns, bool]:
        """The turns of a session, and whether it is mixed. The last one is kept: its rows follow one another."""
        if session != self._last[0]:
            self._last = (session, *self._rows.session(self._rows.session_number(session)))
        return self._last[1:]

    def _answers(self, entry: RowEntry) -> list[RowEntry]:
        """The taken rows of the same turn of the conversation with the same question."""
        turns, mixed = self._turns(entry.session)
        if mixed and entry.turn > 1:
            return [entry]
        return [other for other in turns[entry.turn] if other.taken and other.prompt == entry.prompt]

    def _history(self, entry: RowEntry) -> list[RowEntry]:
        """The answered turns before, back to the first turn or to a gap; a context with a gap would mislead."""
        turns, mixed = self._turns(entry.session)
        if mixed:
            return []
        earlier: list[RowEntry] = []
        turn = entry.turn - 1
        while turn in turns:
            earlier.append(_best(turns[turn]))
            turn -= 1
        return [turn for turn in reversed(earlier) if turn.answered]

    def _conversations(self) -> Iterator[int]:
        """The sessions that make a conversation; counts what is left out of all."""
        for number in self._rows.sessions():
            turns, mixed = self._rows.session(number)
            entries_of_all_turns = [entry for entries in turns.values() for entry in entries]
            taken = sum(entry.taken for entry in entries_of_all_turns)
            if taken and any(entry.refused for entry in entries_of_all_turns):
                self.left_out[SPOILT] += taken
            elif taken and mixed:
                self.left_out[MIXED] += taken
            elif taken and self._count_left_out(turns):
                self.headless += min(turns) > 1
                yield number
            elif taken:
                self.left_out[NO_ANSWER] += 1

    def _conversation(self, number: int) -> UnitPlan:
        return UnitPlan([entry for entry in _chain(self._rows.session(number)[0]) if entry.answered])

    def _count_left_out(self, turns: Turns) -> bool:
        """Count what a conversation leaves out of its turns; returns whether an answered one stays."""
        chain = _chain(turns)
        for best in chain:
            self.left_out[SECOND] += sum(entry.taken for entry in turns[best.turn] if entry is not best)
        self.left_out[AFTER_GAP] += sum(number > chain[-1].turn for number in turns)
        self.left_out[SILENT] += sum(not entry.answered for entry in chain)
        return any(entry.answered for entry in chain)


def _chain(turns: Turns) -> list[RowEntry]:
    """The turns from the first in the file to the first gap."""
    chain: list[RowEntry] = []
    turn = min(turns)
    while turn in turns:
        chain.append(_best(turns[turn]))
        turn += 1
    return chain


def _best(entries: Sequence[RowEntry]) -> RowEntry:
    """Of several answers to one turn the one that the corpus ranks first, else the first in the file."""
    return min(entries, key=lambda entry: entry.rank)
