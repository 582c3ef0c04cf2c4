"""The order of an annotator's queue: shuffled for each person, and the same again each time.

Every record draws a lot from its id. The lots fall into ranges of equal size, whose turns come in an order of
the person's own, so that the first records of a queue are found without looking at the others. Within a range the
order is a universal hash (Carter and Wegman, 1979) of the lots, which stays within SQLite's 64-bit integers.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

LOTS = 2**31 - 1
"""A prime; lots are below it."""


def lot_of(record_id: str) -> int:
    """The lot of a record: the same in every index that is ever built."""
    digest = hashlib.blake2b(record_id.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % LOTS


TURNS = 64
"""Ranges of lots. At 100,000 records a turn is 1,600 of them, which are sorted in a millisecond."""

_RANGE_BITS = 25  # 2**31 lots in 64 ranges


@dataclass(frozen=True)
class Shuffle:
    """The numbers of one person's order: ``(step * range + start) mod TURNS`` is the turn of a range of lots, and
    ``(a * lot + b) mod LOTS`` the position within it."""

    a: int
    b: int
    step: int
    start: int

    @property
    def turn(self) -> str:
        """The turn as SQL over ``record``; no question marks."""
        return f"((record.lot >> {_RANGE_BITS}) * {self.step} + {self.start}) % {TURNS}"

    @property
    def position(self) -> str:
        """The position within a turn as SQL over ``record``; no question marks."""
        return f"(record.lot * {self.a} + {self.b}) % {LOTS}"


def shuffle_of(user_id: str) -> Shuffle:
    """The order of a person."""
    digest = hashlib.blake2b(user_id.encode(), digest_size=18).digest()
    numbers = int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:16], "big")
    # An odd step visits every range.
    return Shuffle(1 + numbers[0] % (LOTS - 1), numbers[1] % LOTS, digest[16] % TURNS | 1, digest[17] % TURNS)


def lots_of_turn(shuffle: Shuffle, turn: int) -> tuple[int, int]:
    """The first and the last lot of the range whose turn it is."""
    range_number = (turn - shuffle.start) * pow(shuffle.step, -1, TURNS) % TURNS
    return range_number << _RANGE_BITS, (range_number + 1 << _RANGE_BITS) - 1
