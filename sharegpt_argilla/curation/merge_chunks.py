"""Merges the chunks of a run: flags duplicates, counts, and decides which rows are kept."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sharegpt_argilla.common.contract_keys import DUPLICATE_OF, FLAGS
from sharegpt_argilla.curation.checks.duplicate_checks import Fingerprint
from sharegpt_argilla.curation.chunks import EXAMPLES, Curated
from sharegpt_argilla.rows import CURATION, dump_row, read_extension, with_extension


class EarlierPrompts(Protocol):
    """What tells whether a prompt was there before, such as ``Seen``."""

    def find(self, print_: Fingerprint, key: bytes, row: str, session: str) -> tuple[str, str] | None:
        """As ``Seen.find``."""

    def add(self, print_: Fingerprint, key: bytes, row: str, session: str) -> None:
        """As ``Seen.add``."""


@dataclass(slots=True)
class PromptHistory:
    """Follows the prompts of conversations, row by row."""

    _session: str = ""
    _turn: int = 0
    _history: bytes = b""

    def before(self, row: Curated) -> bytes:
        """A hash of the earlier prompts of the row's conversation; empty for a first turn.

        "Continue" is a duplicate only after the same conversation.
        """
        if row.turn == 1:
            key = b""
        elif row.session == self._session and row.turn == self._turn + 1:
            key = self._history
        else:
            key = hashlib.blake2b(f"{row.session} {row.turn}".encode(), digest_size=16).digest()
        if row.print is not None:
            self._history = hashlib.blake2b(key + row.print.exact, digest_size=16).digest()
        self._session, self._turn = row.session, row.turn
        return key


@dataclass(slots=True)
class CheckCounts:
    """Counts of the rows that one check flagged.

    Attributes:
        flagged: rows that it flagged, fixed rows included.
        fixed: rows that it fixed.
        dropped: rows dropped because of it; a row may be dropped because of several checks.
        examples: id and excerpt of the first rows.
    """

    flagged: int = 0
    fixed: int = 0
    dropped: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Gathering:
    """Takes the rows in order and decides which are kept.

    Attributes:
        drop: checks whose rows are left out.
        first_turn: keep only first pairs.
        seen: the prompts so far.
        counts: check -> its counts.
        languages: language of the prompt -> rows.
        rows: rows taken.
        dropped: rows dropped because of a check.
        later_turns: rows left out because they are not a first pair.
    """

    checks: Sequence[str]
    drop: frozenset[str]
    first_turn: bool
    seen: EarlierPrompts
    counts: dict[str, CheckCounts] = field(default_factory=dict)
    languages: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    dropped: int = 0
    later_turns: int = 0
    _history: PromptHistory = field(default_factory=PromptHistory)

    def __post_init__(self) -> None:
        self.counts = {name: CheckCounts() for name in self.checks}

    def begin_stretch(self) -> None:
        """Forget the conversation of the last row: no conversation is in two stretches of a file."""
        self._history = PromptHistory()

    def add(self, other: Gathering) -> None:
        """Add the counts of what comes after."""
        self.rows += other.rows
        self.dropped += other.dropped
        self.later_turns += other.later_turns
        self.languages.update(other.languages)
        for name, counts in other.counts.items():
            mine = self.counts[name]
            mine.flagged += counts.flagged
            mine.fixed += counts.fixed
            mine.dropped += counts.dropped
            mine.examples = [*mine.examples, *counts.examples][:EXAMPLES]

    def take(self, row: Curated) -> Curated | None:
        """The row to write; None if it is left out."""
        self.rows += 1
        self.languages[row.prompt_language] += 1
        if self.first_turn and row.turn != 1:
            self.later_turns += 1
            return None
        row = self._compared(row)
        reasons = self.drop.intersection(row.flags)
        self._count(row, reasons)
        if reasons:
            self.dropped += 1
            return None
        return row

    def _compared(self, row: Curated) -> Curated:
        """The row, flagged if its prompt repeats an earlier one."""
        if row.print is None:
            return row
        key = self._history.before(row)
        repeated = self.seen.find(row.print, key, row.id, row.session)
        if repeated is None or repeated[0] not in self.counts:
            if not self.drop.intersection(row.flags):
                self.seen.add(row.print, key, row.id, row.session)
            return row
        flag, first = repeated
        return _flagged(row, flag, first)

    def _count(self, row: Curated, reasons: frozenset[str]) -> None:
        for name in row.flagged_by:
            counts = self.counts[name]
            counts.flagged += 1
            counts.fixed += name in row.fixed
            counts.dropped += name in reasons
            if len(counts.examples) < EXAMPLES:
                counts.examples.append((row.id, row.excerpts.get(name, "")))


def _flagged(row: Curated, flag: str, first: str) -> Curated:
    """The row with one more flag."""
    value = json.loads(row.line)
    extension = read_extension(value)
    block = extension[CURATION]
    block[FLAGS] = sorted({*block[FLAGS], flag})
    block[DUPLICATE_OF] = first
    line = dump_row(with_extension(value, extension))
    return row._replace(
        line=line,
        flagged_by=tuple(sorted({*row.flagged_by, flag})),
        flags=tuple(sorted({*row.flags, flag})),
    )
