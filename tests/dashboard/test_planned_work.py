"""How many answers are wanted: by the overlap, or by the plan."""

from __future__ import annotations

from typing import Any

import pytest

from sharegpt_argilla.annotation import AnsweredRecord, Response
from sharegpt_argilla.argilla_client.server_counts import ServerProgress
from sharegpt_argilla.project.planned_work import PlannedWork
from sharegpt_argilla.project.project_view import ViewedDataset, joined_progress, joined_records
from sharegpt_argilla.records.assignment_plan import Rules, make_plan

PEOPLE = ["ana", "ben", "cleo"]
PLAN = make_plan([f"x{n}" for n in range(10)], PEOPLE, Rules(1, 0.2, 3, 0))
"""Ten records for one person each, but two of them for all three: fourteen answers."""


def answered(row: str, *given: tuple[str, Any], status: Any = "pending") -> AnsweredRecord:
    responses = [Response(who, how, {}, f"2026-05-20T10:00:0{n}") for n, (who, how) in enumerate(given)]
    return AnsweredRecord(row, status, responses)


@pytest.mark.parametrize(
    ("work", "records", "left"),
    [
        (PlannedWork(2), [], 8),
        # A discard is no answer, and a draft neither; three answers are no more than were wanted.
        (PlannedWork(2), [answered("x0", ("ana", "submitted"), ("ben", "discarded"), ("cleo", "draft"))], 7),
        (PlannedWork(2), [answered("x0", *((name, "submitted") for name in PEOPLE), status="completed")], 6),
    ],
)
def test_by_overlap(work: PlannedWork, records: list[AnsweredRecord], left: int) -> None:
    assert work.remaining(records, 4) == left


def test_by_plan() -> None:
    work, queue = PlannedWork(1, PLAN), PlannedWork(1, PLAN, enforced=True)
    (shared, *_) = (row for row, one in PLAN.records() if one.calibration)
    alone, own = next((row, one.people[0]) for row, one in PLAN.records() if not one.calibration)
    stranger = next(name for name in PEOPLE if name != own)
    assert [work.needed(row) for row in (shared, alone, "not in it", None)] == [3, 1, 1, 1]
    assert work.remaining([], 10) == work.remaining([], 3) == 14
    # Two that came since, and are in no plan yet.
    assert work.remaining([], 12) == 16
    part = [answered(shared, ("ana", "submitted"), ("ben", "discarded"))]
    assert (work.remaining(part, 10), queue.remaining(part, 10)) == (13, 12)
    # In the queue an answer of somebody else's leaves the record where it is.
    assert queue.remaining([answered(alone, (stranger, "submitted"))], 10) == 14
    assert queue.remaining([answered(alone, (own, "submitted"), status="completed")], 10) == 13
    assert sum(len(work.own(name) or ()) for name in PEOPLE) == 14
    assert PlannedWork(1).own("ana") is None


def test_a_record_in_several_datasets_counts_once() -> None:
    work = PlannedWork(1, PLAN)
    (shared, other) = [row for row, one in PLAN.records() if one.calibration]
    sets = [
        ("d-ana", {"a1": answered(shared, ("ana", "submitted"), status="completed")}),
        ("d-ben", {"b1": answered(shared, ("ben", "submitted"), status="completed")}),
        ("d-cleo", {"c1": answered(shared, ("cleo", "submitted"), status="completed"), "c2": answered(other)}),
    ]
    records, places = joined_records(sets, work, personal=True)
    assert {key: len(record.responses) for key, record in records.items()} == {"a1": 3, "c2": 0}
    assert records["a1"].status == "completed"
    assert places["c2"] == "d-cleo"
    counts = ServerProgress(5, 1, 4, {"ana": {"submitted": 1, "draft": 0, "discarded": 0}})
    datasets = [ViewedDataset(name, name, name[2:], name[2:], counts) for name, _ in sets]
    found = joined_progress(datasets, records, work, personal=True)
    assert (found.total, found.completed, found.pending) == (10, 1, 9)
    assert found.people == {"ana": {"submitted": 3, "draft": 0, "discarded": 0}}
    # Where a record is in one dataset alone, counts are sums.
    assert joined_progress(datasets, records, work, personal=False).total == 15
    assert len(joined_records(sets, work, personal=False)[0]) == 4
