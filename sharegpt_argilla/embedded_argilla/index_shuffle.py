"""The order of an annotator's queue: shuffled for each person, and the same again each time.

Every record draws a lot from its id; a person's order is a universal hash (Carter and Wegman, 1979) of the lots,
small enough to stay within SQLite's 64-bit integers.
"""

from __future__ import annotations

import hashlib

LOTS = 2**31 - 1
"""A prime; lots lie below it."""


def lot_of(record_id: str) -> int:
    """The lot of a record: the same in every index that is ever built."""
    digest = hashlib.blake2b(record_id.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % LOTS


def shuffle_of(user_id: str) -> tuple[int, int]:
    """The numbers ``a`` and ``b`` of a person; a record's place follows from ``(a * lot + b) mod LOTS``."""
    digest = hashlib.blake2b(user_id.encode(), digest_size=16).digest()
    return 1 + int.from_bytes(digest[:8], "big") % (LOTS - 1), int.from_bytes(digest[8:], "big") % LOTS
