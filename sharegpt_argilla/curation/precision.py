"""The precision of each check, measured by reading what it flagged."""

from __future__ import annotations

from typing import Literal, NamedTuple

from sharegpt_argilla.common.wilson import wilson
from sharegpt_argilla.curation.check_data import check_data

ENOUGH = 0.8
"""Precision on the data that a check was made from below which it may not drop rows."""
LEAST_BOUND = 0.7
"""Lower end of Wilson's 95 % interval, on data that it was not made from, of a check that may drop rows unseen."""
LEAST_READ = 20
"""Hits that were read for it."""
MayDrop = Literal["yes", "no", "unknown"]


class Precision(NamedTuple):
    """Hits that were read, and how many of them were true."""

    true: int
    read: int

    @property
    def value(self) -> float:
        """Share of true hits, 0 to 1."""
        return self.true / self.read

    @property
    def low(self) -> float:
        """Lower end of Wilson's 95 % interval of that share."""
        return wilson(self.value, self.read)[0]


def measured_precision(check: str) -> Precision | None:
    """The precision on the files that the check was made from; None if it was never judged there."""
    table = check_data(check)
    return Precision(table["true_hits"], table["read_hits"]) if "true_hits" in table else None


def unseen_precision(check: str) -> Precision | None:
    """The precision on corpora that the check was not made from; None if it was never judged on any."""
    table = check_data(check)
    return Precision(table["unseen_true"], table["unseen_read"]) if "unseen_read" in table else None


def may_drop(seen: Precision | None, unseen: Precision | None) -> MayDrop:
    """Whether a check with these precisions may drop rows that nobody looks at."""
    if unseen and unseen.read >= LEAST_READ and unseen.low >= LEAST_BOUND:
        return "yes"
    refuted = unseen and wilson(unseen.value, unseen.read)[1] < LEAST_BOUND
    return "no" if refuted or (seen and seen.value < ENOUGH) else "unknown"
