"""The ticks of a time axis: whole steps, and one format that tells all of them apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

STEPS = (
    *(_MINUTE * count for count in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * count for count in (1, 2, 3, 6, 12)),
    *(_DAY * count for count in (1, 2, 4, 7, 14, 28, 91, 182, 364)),
)

TICKS = 5
"""At most, so that the dates stand beside one another on a phone."""


def time_ticks(times: Sequence[str]) -> tuple[list[datetime], str, str]:
    """Where ticks stand, in UTC, how d3-time-format writes them, and what the axis says then.

    Args:
        times: of all points, ISO 8601; without a zone they are UTC.
    """
    moments = sorted({_utc(one) for one in times})
    if not moments:
        return [], "%H:%M", "UTC"
    first, last = moments[0], moments[-1]
    step = next((one for one in STEPS if (last - first) / one < TICKS), STEPS[-1])
    start = datetime(1970, 1, 1, tzinfo=UTC)
    place = -(-(first - start) // step)
    ticks = []
    while start + place * step <= last:
        ticks.append(start + place * step)
        place += 1
    # A few seconds, or one moment, have no whole minute in them.
    ticks = ticks or [first]
    if step >= _DAY and len(ticks) > 1:
        return ticks, "%d %b" if step < _DAY * 182 else "%b %Y", "UTC"
    if first.date() == last.date():
        return ticks, "%H:%M", f"UTC, {first:%d %b %Y}"
    return ticks, "%d %b %H:%M", "UTC"


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
