"""How often each check is right, as judged by reading what it flagged."""

from __future__ import annotations

from typing import NamedTuple

from sharegpt_argilla.curation.check_data import check_data

ENOUGH = 0.8
"""Precision from which a check may be trusted to drop rows that nobody looks at."""


class Precision(NamedTuple):
    """Hits that were read, and how many of them were what the check says."""

    true: int
    read: int

    @property
    def value(self) -> float:
        """Share of true hits, 0 to 1."""
        return self.true / self.read


def measured_precision(check: str) -> Precision | None:
    """What reading gave; None for a check that nobody judged. docs/curation.md says on which files."""
    table = check_data(check)
    return Precision(table["true_hits"], table["read_hits"]) if "true_hits" in table else None
