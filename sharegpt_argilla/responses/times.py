"""Times of responses, and lengths of time as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sharegpt_argilla.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LENGTH = re.compile(r"(\d+)([smhd])")


def read_time(text: str) -> datetime:
    """An ISO 8601 time or date as UTC without a zone; what has no zone is UTC already, as Argilla's times are.

    Raises:
        UsageError: it is neither.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f'time "{text}" is not of the form "2026-01-05" or "2026-01-05T10:12:00Z"') from None
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def read_length(text: str) -> float:
    """Seconds in ``90s``, ``15m``, ``2h`` or ``1d``.

    Raises:
        UsageError: it is of another form, or zero.
    """
    found = _LENGTH.fullmatch(text)
    if found is None or not int(found[1]):
        raise UsageError(f'length of time "{text}" is not of the form 90s, 15m, 2h or 1d')
    return float(int(found[1]) * _UNITS[found[2]])
