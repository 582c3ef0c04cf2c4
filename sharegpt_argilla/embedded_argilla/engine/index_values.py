"""How values are stored and compared: the types of the index's attributes.

The types are those of the mappings that argilla-server makes for Elasticsearch: ``keyword`` (exact, several values
allowed), ``integer`` (64 bits) and ``float`` (32 bits). A value that does not fit its type is left out.
"""

from __future__ import annotations

import math
import re
import struct
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

Stored = str | int | float

KEYWORD, INTEGER, FLOAT = "keyword", "integer", "float"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MAX_MILLISECONDS = 8.64e15  # as ECMAScript has it; in microseconds this still fits into 64 bits
_INSTANT = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ]"
    r"(?:(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?)?",
    re.IGNORECASE | re.ASCII,
)


def float32(number: float) -> float:
    """``number`` rounded to 32 bits, infinite where it is too large for them."""
    try:
        return float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return math.copysign(math.inf, number)


def _number(value: Any) -> int | float | None:
    if isinstance(value, str):
        for read in (int, float):
            try:
                value = read(value)
                break
            except ValueError:
                continue
    # Only NaN differs from itself; math.isnan cannot take an integer that is too large for a float.
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124
        return None
    # No stored number is beyond 64 bits, so all larger ones compare alike.
    return (
        value
        if -(2**63) <= value < 2**63 or isinstance(value, float)
        else math.copysign(math.inf, value > 0 or -1)
    )


def _keyword(value: Any) -> str | None:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None or isinstance(value, dict) else str(value)


def _integer(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and -(2**63) <= number < 2**63 else None


def _float(value: Any) -> float | None:
    number = _number(value)
    rounded = None if number is None else float32(number)
    return None if rounded is None or math.isinf(rounded) else rounded


_READ = {KEYWORD: _keyword, INTEGER: _integer, FLOAT: _float}


def stored_values(value_type: str, value: Any) -> list[Stored]:
    """The distinct values that an attribute of this type gets from ``value``, a single value or a list."""
    read = _READ[value_type]
    if not isinstance(value, list | tuple | set):
        single = read(value)
        return [] if single is None else [single]
    return list(dict.fromkeys(stored for stored in map(read, value) if stored is not None))


def sought_values(value_type: str, values: list[Any]) -> list[Stored]:
    """The values of a terms filter; one that no stored value can equal is left out (``1.5`` for an integer)."""
    fitting = [value for value in values if value_type != INTEGER or (_number(value) or 0) % 1 == 0]
    return stored_values(value_type, fitting)


def bound(value_type: str, value: Any) -> Stored | None:
    """One end of a range, None if it is open.

    Raises:
        ValueError: the attribute is a number and ``value`` is not.
    """
    if value is None or value_type == KEYWORD:
        return _keyword(value)
    number = _number(value)
    if number is None:
        raise ValueError(f'a range needs numbers here, not "{value}"')
    return float32(number) if value_type == FLOAT else number


def microseconds(moment: datetime | None) -> int | None:
    """Microseconds since 1970; a time without a zone is UTC, as in argilla-server's database."""
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MICROSECOND


def instant(value: Any, upper: bool) -> int | None:
    """A time in a filter, in microseconds since 1970; None stays None.

    Args:
        value: an ISO 8601 text, a datetime, or a number of milliseconds since 1970.
        upper: it is the end of a range, so that parts of a time of day that are missing count as the largest ones:
            an end of ``2024-05-01`` takes that day in, as Elasticsearch has it, and a number its millisecond.

    Raises:
        ValueError: it is not one of these.
    """
    if value is None or isinstance(value, datetime):
        return microseconds(value)
    found = _INSTANT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is not None:
        return _micros_of(found, upper)
    number = _number(value)
    if number is None or abs(number) > _MAX_MILLISECONDS:
        raise ValueError(f'"{value}" is not a time; use ISO 8601, such as 2024-05-01T13:00:00')
    return math.floor(number * 1000) + 999 * upper


def _micros_of(match: re.Match[str], upper: bool) -> int:
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    moment = datetime(
        int(year),
        int(month or 1),
        int(day or 1),
        int(hour or (23 if upper else 0)),
        int(minute or (59 if upper else 0)),
        int(second or (59 if upper else 0)),
        int((fraction or ("9" if upper else "0") * 6).ljust(6, "0")[:6]),
        tzinfo=datetime.fromisoformat(f"2000-01-01T00:00:00{zone.upper()}").tzinfo if zone else UTC,
    )
    return (moment - _EPOCH) // _MICROSECOND
