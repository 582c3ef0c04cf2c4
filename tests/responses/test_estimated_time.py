"""How long people took, where nobody measured it, and which estimates a change touches."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharegpt_argilla.annotation import AnsweredRecord, Response
from sharegpt_argilla.responses.answer_store import AnswerStore
from sharegpt_argilla.responses.export_state import Stamp, stamp_of
from sharegpt_argilla.responses.merge import Origin
from sharegpt_argilla.responses.working_time import TIMES_TABLE, ResponseTimes

NOON = datetime(2026, 1, 5, 12)


def at(seconds: float) -> str:
    return (NOON + timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (-40.26, 10, 40.3),
        (-300, 10, 300),
        (-300.1, 10, 10),
        (None, 25, 25),
        (None, 301, 300),
        (-4000, None, 300),
        (None, None, 300),
    ],
)
def test_an_estimate_rests_on_what_the_person_did_before_or_next(before, after, expected) -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(TIMES_TABLE)
        times = ResponseTimes(database)
        times.add([("ana", at(one), 0, f"k{one}") for one in (before, 0, after) if one is not None])
        times.add([("ben", at(-1), 0, "k0")])
        marked = {"responses": [{"annotator": "ana", "submitted_at": at(0)}]}
        times.estimate([marked])
    assert marked["responses"][0]["active_seconds"] == expected


answers = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.dictionaries(st.sampled_from(["ana", "ben"]), st.integers(0, 8).map(lambda n: 100 * n), max_size=2),
)


def lines(submissions: dict[str, dict[str, int]], keys: set[str]) -> list[tuple[str, str, int, str]]:
    return [(person, at(time), 0, key) for key in keys for person, time in submissions.get(key, {}).items()]


def estimates(times: ResponseTimes, submissions: dict[str, dict[str, int]]) -> dict[str, list[float]]:
    marked: dict[str, Any] = {
        key: {"responses": [{"annotator": who, "submitted_at": at(time)} for who, time in said.items()]}
        for key, said in submissions.items()
    }
    times.estimate(marked.values())
    return {key: [response["active_seconds"] for response in each["responses"]] for key, each in marked.items()}


@settings(max_examples=80, deadline=None)
@given(answers, answers)
def test_every_estimate_that_a_change_touches_is_named(before, changes) -> None:
    now = {**before, **changes}
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(TIMES_TABLE)
        times = ResponseTimes(database)
        times.add(lines(before, set(before)))
        then = estimates(times, before)
        named = times.replace(0, set(changes), lines(now, set(changes)))
        found = estimates(times, now)
        assert sorted(times.all()) == sorted(lines(now, set(now)))
    different = {key for key in found if key not in changes and found[key] != then[key]}
    assert different <= {key for _, key in named}


def test_measured_time_wins_and_counts_as_the_one_before() -> None:
    def record(row: str, seconds: int, active: float | None = None) -> tuple[int, str, AnsweredRecord, Stamp]:
        said = Response("ana", "submitted", {"quality": 1}, at(seconds), active)
        answered = AnsweredRecord(row, "completed", [said])
        return 0, f"k-{row}", answered, stamp_of(answered)

    store = AnswerStore(["main"], Origin("main", "g", ["quality"]))
    store.fill(0, iter([record("r1", 0), record("r2", 20, 3.5), record("r3", 50), record("r9", 60)]))
    said = [one.marked["responses"][0] for _, one in sorted(store.of_rows(["r1", "r2", "r3"]).items())]
    assert [(one["active_seconds"], one["active"]) for one in said] == [
        (20, "estimated"),
        (3.5, "measured"),
        (30, "estimated"),
    ]
    ((_, orphan),) = store.unmet()
    assert orphan["responses"][0]["active_seconds"] == 10
    store.close()
