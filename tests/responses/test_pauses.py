"""What is a pause, and the pace of slow people, which a fixed limit cuts off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

import numpy as np
import pytest

from sharegpt_argilla.annotation import AnsweredRecord, Response
from sharegpt_argilla.responses.answer_counts import count_answers, person_numbers
from sharegpt_argilla.responses.working_time import FEWEST_GAPS, IDLE, IDLE_MEDIANS, LONGEST, pace_of, pause_of

START = datetime(2026, 11, 2, 8, tzinfo=UTC).replace(tzinfo=None)
SPREAD = 0.6
"""Standard deviation of the logarithm of the seconds that a record takes."""


def history(seconds: float, seed: int) -> list[datetime]:
    """Ten days of 31 records: log-normal work around a median, one pause of 10 to 60 minutes in 25 records."""
    random = np.random.default_rng(seed)
    times = []
    for day in range(10):
        at = START + timedelta(days=day)
        for _ in range(31):
            times.append(at)
            away = random.uniform(600, 3600) if random.random() < 1 / 25 else 0
            at += timedelta(seconds=float(seconds * random.lognormal(0, SPREAD)) + away)
    return times


@pytest.mark.parametrize("seconds", [20, 60, 120, 233, 379, 598, 900])
def test_the_pace_of_a_simulated_history_is_that_of_the_work(seconds: float) -> None:
    """The median of the estimates over 20 histories is within 6 % of the truth, each within 25 %."""
    paces = [pace_of("ana", history(seconds, seed), []).seconds or 0 for seed in range(20)]
    assert median(paces) == pytest.approx(seconds, rel=0.06)
    assert paces == pytest.approx([seconds] * 20, rel=0.25)


@pytest.mark.parametrize(("seconds", "told"), [(233, 0.85), (379, 0.6), (598, 0.43)])
def test_a_fixed_limit_would_be_wrong(seconds: float, told: float) -> None:
    """The same histories with every gap above five minutes left out: what makes the limit above necessary."""
    times = history(seconds, 0)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    assert median(gap for gap in gaps if gap <= IDLE) < told * seconds


def test_the_dashboard_has_the_same_pace() -> None:
    times = history(598, 1)
    records = {
        str(number): AnsweredRecord(f"x{number}", "pending", [Response("ana", "submitted", {}, at.isoformat())])
        for number, at in enumerate(times)
    }
    tally = count_answers(records, [], day="2026-11-02")
    shown = person_numbers("ana", tally.people["ana"], "2026-11-02")
    assert shown["median_seconds"] == pace_of("ana", times, []).seconds
    assert shown["timed"] == pace_of("ana", times, []).gaps


def test_the_limit_is_a_multiple_of_the_own_median() -> None:
    gaps = [100.0] * 9 + [400.0, 510.0, 3000.0]
    assert pause_of(gaps) == IDLE_MEDIANS * 100 == 500
    told = pace_of("ana", _times(gaps), []).to_json()["estimated"]
    assert told == {"gaps": 10, "median_seconds": 100.0, "pause_seconds": 500.0, "pauses": 2}
    # Of fast people the least limit is the longer one; it can be asked for.
    assert pause_of([20.0] * 30 + [290.0, 310.0]) == IDLE == 300
    assert pause_of([20.0] * 30 + [290.0, 310.0], 60) == 100
    assert pause_of([20.0] * 30, 9000) == 9000


def test_the_bounds_of_the_limit() -> None:
    assert LONGEST == 7200
    assert pause_of([2000.0] * 20) == LONGEST
    assert pause_of([LONGEST + 1] * 20) == IDLE
    assert pause_of([]) == IDLE
    # One long pause among few gaps says nothing of the pace.
    assert pause_of([1000.0] * (FEWEST_GAPS - 1)) == IDLE
    assert pause_of([1000.0] * FEWEST_GAPS) == 5000
    assert FEWEST_GAPS == 10


def _times(gaps: list[float]) -> list[datetime]:
    times = [START]
    for gap in gaps:
        times.append(times[-1] + timedelta(seconds=gap))
    return times
