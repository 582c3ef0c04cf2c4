"""Counting answers, and the finish that follows from them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharegpt_argilla.annotation import AnsweredRecord, Response, ResponseStatus
from sharegpt_argilla.config import load_project
from sharegpt_argilla.responses.answer_counts import (
    count_answers,
    distribution,
    person_numbers,
    slow_answers,
    slow_questions,
)
from sharegpt_argilla.responses.forecast import WINDOW, forecast
from tests.projects import ROOT

QUESTIONS = load_project(ROOT / "dataset-config.yml").config.questions
TODAY = date(2026, 5, 20)


def response(
    who: str, at: str, status: ResponseStatus = "submitted", active: float | None = None, **values
) -> Response:
    return Response(who, status, values, at, active)


def tally(*records: tuple[Any, list[Response]]):
    found = {f"r{n}": AnsweredRecord(f"x{n}", status, made) for n, (status, made) in enumerate(records)}
    return count_answers(found, QUESTIONS, day=TODAY.isoformat())


def test_what_is_counted() -> None:
    counted = tally(
        (
            "completed",
            [
                response("ana", "2026-05-20T10:00:00", quality=6, intent=["code", "chat"], toxicity="none"),
                response("ben", "2026-05-19T10:00:00", quality=6, intent=["code"]),
            ],
        ),
        ("pending", [response("ana", "2026-05-20T10:01:30", quality=2, intent=["chat"])]),
        ("pending", [response("ana", "2026-05-20T10:02:00", "discarded")]),
    )
    assert counted.statuses == {"submitted": 3, "discarded": 1}
    assert counted.answers["intent"] == {"code": 2, "chat": 2}
    ana = person_numbers("ana", counted.people["ana"], TODAY.isoformat())
    assert (ana["submitted"], ana["discarded"], ana["today"], ana["last"]) == (2, 1, 2, "2026-05-20T10:02:00")
    assert (ana["median_seconds"], ana["active_seconds_today"], ana["measured"]) == (90.0, 90, 0)
    assert counted.slowest == [(90.0, "r1", "ana", False)]


def test_measured_times_win_over_estimates_and_long_pauses_count_for_nothing() -> None:
    counted = tally(
        ("pending", [response("ana", "2026-05-20T10:00:00", active=12.5, quality=1)]),
        ("pending", [response("ana", "2026-05-20T10:01:00", active=20.0, quality=1)]),
        ("pending", [response("ana", "2026-05-20T11:00:00", quality=1)]),
    )
    assert counted.people["ana"].seconds == [12.5, 20.0]
    assert counted.people["ana"].measured == 2


def test_seconds_on_each_question_the_slowest_first() -> None:
    found = slow_questions(
        {"quality": [2.0, 4.0, 3.0], "intent": [9.04], "gone": [1.0]}, {"quality": "Q", "intent": "I"}
    )
    assert found == [
        {"question": "intent", "title": "I", "seconds": 9.0, "responses": 1},
        {"question": "quality", "title": "Q", "seconds": 3.0, "responses": 3},
    ]


def test_every_possible_answer_is_in_a_distribution_and_strange_ones_too() -> None:
    found = tally(("pending", [response("ana", "2026-05-20T10:00:00", quality=6, toxicity="rude")]))
    rating, _, toxicity = (distribution(found, question) for question in QUESTIONS)
    assert [(one["value"], one["responses"]) for one in rating][4:] == [("5", 0), ("6", 1), ("7", 0)]
    assert [one["value"] for one in toxicity] == ["none", "illegal", "harmful", "unqualified_advice", "rude"]
    assert toxicity[-1]["share"] == 1.0


def test_a_rating_outside_the_scale_has_its_place_and_is_told() -> None:
    made = [("pending", [response("ana", "2026-05-20T10:00:00", quality=value)]) for value in (0, 3, 10)]
    rating, *_ = (distribution(tally(*made), question) for question in QUESTIONS)
    assert [one["value"] for one in rating] == ["0", "1", "2", "3", "4", "5", "6", "7", "10"]
    assert [one["value"] for one in rating if one["outside"]] == ["0", "10"]


def test_slow_answers_need_three_times() -> None:
    made = [("pending", [response("ana", "2026-05-20T10:00:00", active=n, quality=n % 2)]) for n in range(5)]
    assert [(one["answer"], one["seconds"], one["responses"]) for one in slow_answers(tally(*made))] == [
        ("0", 2, 3)
    ]


def test_a_steady_team_has_one_day_of_finish() -> None:
    days = {(TODAY - timedelta(n)).isoformat(): 10 for n in range(1, 6)}
    found = forecast(days, 95, TODAY)
    assert (found["days_seen"], found["per_day"]) == (5, 10.0)
    assert found["earliest"] == found["finish"] == found["latest"] == "2026-05-30"


def test_an_unsteady_team_has_a_range_and_days_without_answers_count() -> None:
    days = {(TODAY - timedelta(n)).isoformat(): 60 for n in (1, 4, 6)}
    found = forecast(days, 300, TODAY)
    assert (found["days_seen"], found["per_day"]) == (6, 30.0)
    assert found["earliest"] < found["finish"] < found["latest"]


@pytest.mark.parametrize("ago", [0, 1, 2])
def test_two_days_are_too_few(ago: int) -> None:
    found = forecast({(TODAY - timedelta(ago)).isoformat(): 10}, 5, TODAY)
    assert (found["days_seen"], found["finish"]) == (ago, None)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=3, max_size=WINDOW), st.integers(1, 10_000))
def test_the_range_holds_the_estimate(counts: list[int], remaining: int) -> None:
    days = {(TODAY - timedelta(n)).isoformat(): count for n, count in enumerate(counts, 1)}
    found = forecast(days, remaining, TODAY)
    known = [day for day in (found["earliest"], found["finish"], found["latest"]) if day]
    assert known == sorted(known)
    assert all(day > TODAY.isoformat() for day in known)
    assert bool(known) <= any(counts)
