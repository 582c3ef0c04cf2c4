"""The precision of each check, measured by reading what it flagged."""

from __future__ import annotations

from typing import NamedTuple

from sharegpt_argilla.curation.check_data import check_data

ENOUGH = 0.8
"""Least precision of a check that may drop rows unseen."""


class Precision(NamedTuple):
    """Hits that were read, and how many of them were true."""

    true: int
    read: int

    @property
    def value(self) -> float:
        """Share of true hits, 0 to 1."""
        return self.true / self.read


def measured_precision(check: str) -> Precision | None:
    """The measured precision; None for a check that was never judged. docs/curation.md names the files."""
    table = check_data(check)
    return Precision(table["true_hits"], table["read_hits"]) if "true_hits" in table else None
