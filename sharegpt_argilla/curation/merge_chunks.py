"""The chunks of a run put together: duplicates, counts, and what is kept."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sharegpt_argilla.common.contract_keys import DUPLICATE_OF, FLAGS
from sharegpt_argilla.curation.checks.duplicate_checks import Seen
from sharegpt_argilla.curation.chunks import EXAMPLES, Curated
from sharegpt_argilla.rows import CURATION, dump_row, read_extension, with_extension


@dataclass(slots=True)
class CheckCounts:
    """What became of the rows that one check flagged.

    Attributes:
        flagged: rows that it flagged, mended ones too.
        fixed: rows that it mended.
        dropped: rows left out for it; a row may be left out for several.
        examples: id and words of the first rows.
    """

    flagged: int = 0
    fixed: int = 0
    dropped: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Gathering:
    """Takes the rows in their order and says which are kept.

    Attributes:
        drop: checks whose rows are left out.
        first_turn: keep only first pairs.
        seen: the prompts so far.
        counts: check -> what became of its rows.
        languages: language of the prompt -> rows.
        rows: how many came in.
        dropped: how many were left out for a check.
        later_turns: how many were left out for being no first pair.
    """

    checks: Sequence[str]
    drop: frozenset[str]
    first_turn: bool
    seen: Seen
    counts: dict[str, CheckCounts] = field(default_factory=dict)
    languages: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    dropped: int = 0
    later_turns: int = 0
    _session: str = ""
    _turn: int = 0
    _history: bytes = b""

    def __post_init__(self) -> None:
        self.counts = {name: CheckCounts() for name in self.checks}

    def take(self, row: Curated) -> Curated | None:
        """The row as it is to be written; None when it is left out."""
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
        """The row with a flag when its prompt was there before."""
        if row.print is None:
            return row
        key = self._before(row)
        known = self.seen.find(row.print, key, row.id, row.session)
        if known is None or known[0] not in self.counts:
            if not self.drop.intersection(row.flags):
                self.seen.add(row.print, key, row.id, row.session)
            return row
        flag, first = known
        return _flagged(row, flag, first)

    def _before(self, row: Curated) -> bytes:
        """What stands for the prompts before this one in its conversation: nothing before a first one.

        "Go on" is a duplicate only where the same conversation led to it.
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

    def _count(self, row: Curated, reasons: frozenset[str]) -> None:
        for name in row.found:
            counts = self.counts[name]
            counts.flagged += 1
            counts.fixed += name in row.fixed
            counts.dropped += name in reasons
            if len(counts.examples) < EXAMPLES:
                counts.examples.append((row.id, row.excerpts.get(name, "")))


def _flagged(row: Curated, flag: str, first: str) -> Curated:
    """The row with one flag more."""
    value = json.loads(row.line)
    extension = read_extension(value)
    block = extension[CURATION]
    block[FLAGS] = sorted({*block[FLAGS], flag})
    block[DUPLICATE_OF] = first
    line = dump_row(with_extension(value, extension))
    return row._replace(
        line=line,
        found=tuple(sorted({*row.found, flag})),
        flags=tuple(sorted({*row.flags, flag})),
    )
