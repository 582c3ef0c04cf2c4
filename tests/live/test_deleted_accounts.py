"""What becomes of the records and the search index when an account with responses is deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.embedded import EmbeddedArgilla
from tests.live.plans import planned_dataset, queue, status
from tests.live.rest import Rest, owner_of

pytestmark = pytest.mark.live

Join = Callable[[str], tuple[str, Rest]]


@pytest.fixture
def owner(argilla: EmbeddedArgilla) -> Iterator[Rest]:
    with owner_of(argilla) as owner:
        if "deleted" not in {item["name"] for item in owner("GET", "/me/workspaces")["items"]}:
            owner("POST", "/workspaces", {"name": "deleted"})
        yield owner


@pytest.fixture
def join(owner: Rest) -> Iterator[Join]:
    """Makes an annotator of the workspace: id and connection."""
    with ExitStack() as stack:

        def make(name: str) -> tuple[str, Rest]:
            user_id = owner.user(name, workspace="deleted")
            return user_id, stack.enter_context(owner.people([name])[name])

        yield make


def found_by_answer(owner: Rest, dataset_id: str) -> int:
    """How many records anybody rated 4."""
    scope = {"entity": "response", "question": "quality"}
    query = {"filters": {"and": [{"type": "terms", "scope": scope, "values": ["4"]}]}}
    total: int = owner("POST", f"/datasets/{dataset_id}/records/search", query)["total"]
    return total


def test_responses_leave_and_records_are_offered_again(owner: Rest, join: Join) -> None:
    gone_id, gone = join("deleted-gone")
    _, kept = join("deleted-kept")
    dataset_id = owner.dataset("deleted", "open")
    ids = owner.load(dataset_id, [{"fields": {"prompt": f"rain {n}"}} for n in range(4)])
    gone.answer(ids[0], quality=4)
    kept.answer(ids[1], quality=4)
    assert sorted(queue(kept, dataset_id)) == sorted(ids[2:])
    assert found_by_answer(owner, dataset_id) == 2
    owner("DELETE", f"/users/{gone_id}")
    assert found_by_answer(owner, dataset_id) == 1
    assert (status(owner, ids[0]), status(owner, ids[1])) == ("pending", "completed")
    assert sorted(queue(kept, dataset_id)) == sorted([ids[0], *ids[2:]])
    progress = owner("GET", f"/datasets/{dataset_id}/progress")
    assert (progress["completed"], progress["pending"]) == (1, 3)


def test_a_plan_waits_for_whoever_takes_the_place(owner: Rest, join: Join) -> None:
    gone_id, gone = join("deleted-first")
    _, kept = join("deleted-second")
    both = ["deleted-first", "deleted-second"]
    dataset_id, (record, other) = planned_dataset(owner, "deleted", "planned", [(both, 1), (both[1:], 2)])
    for person in (gone, kept):
        person.answer(record, quality=4)
    assert status(owner, record) == "completed"
    owner("DELETE", f"/users/{gone_id}")
    assert status(owner, record) == "pending"
    third_id, third = join("deleted-third")
    owner.load(dataset_id, [{"id": record, "metadata": {"assigned_to": ["deleted-third", "deleted-second"]}}])
    assert queue(third, dataset_id) == [record]
    owner("DELETE", f"/users/{third_id}")
    assert queue(kept, dataset_id) == [other]
