"""Ticks of a time axis: few, whole, and no two with the same text."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sharegpt_argilla.common.charts import TICKS, time_ticks

START = datetime(2026, 5, 20, 23, 58, 31)


@settings(max_examples=60)
@given(st.integers(0, 3 * 365 * 86400), st.integers(0, 86400))
@example(0, 0)
@example(40, 0)
@example(3600, 0)
def test_ticks_are_few_and_told_apart(span: int, shift: int) -> None:
    first = START + timedelta(seconds=shift)
    last = first + timedelta(seconds=span)
    ticks, written, _ = time_ticks([last.isoformat(), f"{first.isoformat()}Z"])
    moments = [one.replace(tzinfo=None) for one in ticks]
    assert 1 <= len(moments) <= TICKS
    assert all(first <= one <= last for one in moments)
    assert len({one.strftime(written) for one in moments}) == len(moments)


def test_formats_by_span() -> None:
    def of(**span: float) -> tuple[str, str]:
        return time_ticks([START.isoformat(), (START - timedelta(**span)).isoformat()])[1:]

    assert of(minutes=8) == ("%H:%M", "UTC, 20 May 2026")
    assert of(hours=30) == ("%d %b %H:%M", "UTC")
    assert of(days=20) == ("%d %b", "UTC")
    assert of(days=900) == ("%b %Y", "UTC")
    assert time_ticks([]) == ([], "%H:%M", "UTC")


def test_days_have_ticks_on_whole_days() -> None:
    """Three days had ticks at noon, and one day the time 00:00."""

    def of(*numbers: int) -> tuple[list[str], str, str]:
        ticks, written, zone = time_ticks([f"2026-05-{number:02}T00:00:00Z" for number in numbers])
        return [one.isoformat()[5:16] for one in ticks], written, zone

    assert of(20, 22) == (["05-20T00:00", "05-21T00:00", "05-22T00:00"], "%d %b", "UTC")
    assert of(20) == (["05-20T00:00"], "%d %b", "UTC")
    assert of(20, 25)[0] == ["05-21T00:00", "05-23T00:00", "05-25T00:00"]
    # Times of day keep theirs.
    assert time_ticks(["2026-05-20T00:00:00Z", "2026-05-21T09:00:00Z"])[1] == "%d %b %H:%M"
