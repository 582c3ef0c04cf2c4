"""The estimated finish of planned projects, and the table of everybody who has work."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sharegpt_argilla.annotation import AnsweredRecord, Response, ResponseStatus
from sharegpt_argilla.dashboard.people_section import _COLUMNS
from sharegpt_argilla.project.planned_work import PlannedWork
from sharegpt_argilla.project.team_progress import people_with_work, team_forecast
from sharegpt_argilla.records.assignment_plan import Rules, make_plan
from sharegpt_argilla.responses.answer_counts import Tally, count_answers
from sharegpt_argilla.responses.forecast import forecast

TODAY = date(2026, 11, 25)
"""A Wednesday: the five days before have a weekend in them, so that people are known to work then."""

PEOPLE = ["ana", "chloe", "eve"]
PLAN = make_plan([f"x{n}" for n in range(300)], PEOPLE, Rules(1, 0, 1, 0))
"""A hundred records for each."""


def own_rows(person: str) -> list[str]:
    return [row for row, assigned in PLAN.records() if person in assigned.people]


def made(
    person: str, per_day: int, *, status: ResponseStatus = "submitted", skip: int = 0
) -> list[AnsweredRecord]:
    """Answers of the last five full days, ``per_day`` on each, to the person's own records after ``skip``."""
    rows = iter(own_rows(person)[skip:])
    days = [TODAY - timedelta(back) for back in range(1, 6)]
    return [
        AnsweredRecord(next(rows), "pending", [Response(person, status, {}, f"{day}T10:00:00")])
        for day in days
        for _ in range(per_day)
    ]


def shown(
    records: list[AnsweredRecord], work: PlannedWork
) -> tuple[dict[str, Any], dict[str, dict[str, Any]], Tally]:
    tally = count_answers({str(n): one for n, one in enumerate(records)}, [], day=TODAY.isoformat())
    own = work.open_records(records)
    found = team_forecast(tally, work, own, work.remaining(records, 300), TODAY)
    people = people_with_work(tally, work, own, found.get("own", {}), TODAY)
    return found, {row["annotator"]: row for row in people}, tally


def day(ahead: int) -> str:
    return (TODAY + timedelta(ahead)).isoformat()


def test_the_finish_is_the_last_persons_own() -> None:
    records = made("ana", 18) + made("chloe", 5) + made("eve", 15)
    team, people, _ = shown(records, PlannedWork(1, PLAN, enforced=True))
    # 10 left at 18 a day, 75 at 5, 25 at 15; together 110 at 38, which would be three days.
    assert {name: row["finish"] for name, row in people.items()} == {
        "ana": day(1),
        "chloe": day(15),
        "eve": day(2),
    }
    assert (team["finish"], team["whose"], team["unknown"]) == (day(15), "chloe", [])
    assert (team["earliest"], team["latest"], team["remaining"]) == (day(15), day(15), 110)


def test_who_has_done_nothing_is_listed_and_named() -> None:
    team, people, _ = shown(made("ana", 18) + made("chloe", 5), PlannedWork(1, PLAN, enforced=True))
    eve, ana = people["eve"], people["ana"]
    assert (eve["assigned"], eve["open"], eve["done"], eve["finish"], eve["submitted"]) == (100, 100, 0, None, 0)
    assert (ana["assigned"], ana["open"], ana["done"], ana["submitted"]) == (100, 10, 0.9, 90)
    assert list(people) == ["ana", "chloe", "eve"]
    assert (team["whose"], team["finish"], team["unknown"]) == ("chloe", day(15), ["eve"])


def test_without_any_pace_nobody_is_last() -> None:
    found, _, _ = shown([], PlannedWork(1, PLAN, enforced=True))
    assert (found["whose"], found["finish"], found["latest"], found["unknown"]) == (None, None, None, PEOPLE)


def test_who_is_done_needs_no_estimate() -> None:
    found, people, _ = shown(made("ana", 20) + made("chloe", 5) + made("eve", 20), PlannedWork(1, PLAN, True))
    assert (people["ana"]["open"], people["ana"]["done"], people["ana"]["finish"]) == (0, 1.0, None)
    assert (found["whose"], found["unknown"]) == ("chloe", [])


def test_the_pace_counts_discards_where_the_queue_does() -> None:
    records = made("ana", 6) + made("ana", 3, status="discarded", skip=30)
    team, people, tally = shown(records, PlannedWork(1, PLAN, enforced=True))
    # 55 left at 9 a day, not at 6.
    assert (people["ana"]["open"], people["ana"]["finish"], team["per_day"]) == (55, day(7), 9.0)
    # Elsewhere a discard is no answer: 70 left at 6 a day.
    team, people, _ = shown(records, PlannedWork(1, PLAN))
    assert (people["ana"]["open"], people["ana"]["finish"], team["per_day"]) == (70, day(12), 6.0)
    # The chart of days stays that of submitted responses.
    assert sum(tally.people["ana"].days.values()) == 30


def test_without_a_plan_all_answer_all() -> None:
    records = made("ana", 18) + made("chloe", 5)
    work = PlannedWork(1)
    found, people, tally = shown(records, work)
    days = tally.people["ana"].days + tally.people["chloe"].days
    steady = forecast(days, 300 - 115, TODAY)
    assert {key: found[key] for key in ("remaining", "days_seen", "per_day", "finish")} == {
        key: steady[key] for key in ("remaining", "days_seen", "per_day", "finish")
    }
    assert [(name, row["assigned"], row["finish"]) for name, row in people.items()] == [
        ("ana", None, None),
        ("chloe", None, None),
    ]


def test_a_completed_record_is_open_to_nobody_and_a_draft_is_open() -> None:
    (first, second, *_) = own_rows("ana")
    work = PlannedWork(1, PLAN, enforced=True)
    records = [
        AnsweredRecord(first, "completed", [Response("eve", "submitted", {}, "2026-11-27T10:00:00")]),
        AnsweredRecord(second, "pending", [Response("ana", "draft", {}, "2026-11-27T10:00:00")]),
    ]
    assert work.open_records(records) == {"ana": 99, "chloe": 100, "eve": 100}
    assert sum(work.open_records(records).values()) == work.remaining(records, 300)


def test_without_a_plan_everybody_of_the_team_is_listed() -> None:
    """Whoever had not answered anything yet was missing."""
    tally = count_answers({str(n): one for n, one in enumerate(made("ana", 3))}, [], day=TODAY.isoformat())
    people = people_with_work(tally, PlannedWork(1), {}, {}, TODAY, ["ana", "eve"])
    numbers = [(row["annotator"], row["submitted"], row["open"]) for row in people]
    assert numbers == [("ana", 15, None), ("eve", 0, None)]
    work = PlannedWork(1, PLAN, enforced=True)
    planned = people_with_work(tally, work, dict.fromkeys(PEOPLE, 1), {}, TODAY, ["fay"])
    assert [row["annotator"] for row in planned] == PEOPLE


def test_the_table_of_people_fits_on_a_page_of_1440_pixels() -> None:
    """The page has 82rem, of which 3rem are its margins; a name has 90 pixels."""
    widths = [column["width"] for column in _COLUMNS.values() if column["width"] is not None]
    assert len(widths) == len(_COLUMNS) - 1
    assert sum(widths) + 90 <= (82 - 3) * 16
