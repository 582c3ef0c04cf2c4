"""Wilson's interval of a share."""

from __future__ import annotations

import math
from statistics import NormalDist

COVERAGE = 0.95
"""Nominal coverage of the intervals."""


def wilson(share: float, count: float, coverage: float = COVERAGE) -> tuple[float, float]:
    """The ends of the score interval of a share, within 0 and 1.

    Wilson (1927); Brown, Cai and DasGupta (2001) recommend it for any count.

    Args:
        share: what was observed, 0 to 1.
        count: of how many, above 0; a fraction for an effective number.
        coverage: nominal coverage.
    """
    z = NormalDist().inv_cdf((1 + coverage) / 2)
    shrunk = 1 + z**2 / count
    middle = (share + z**2 / (2 * count)) / shrunk
    half = z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / shrunk
    return max(0.0, middle - half), min(1.0, middle + half)
