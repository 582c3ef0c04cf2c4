"""What is asked of Elasticsearch or OpenSearch for an annotator of a plan; a real one is in test_full_stack."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from argilla_server.search_engine.base import MetadataFilterScope, RecordFilterScope

from sharegpt_argilla.argilla_plugin import current_annotator, elastic_queue, update_conflicts
from sharegpt_argilla.argilla_plugin.assigned_people import has_property
from sharegpt_argilla.argilla_plugin.current_annotator import Annotator
from sharegpt_argilla.argilla_plugin.elastic_queue import OwnRecords

ANA = Annotator("an-id", "ana")
OF_ANA = {"terms": {"responses.user_id": ["an-id"]}}
OWN = {
    "bool": {
        "should": [
            {"terms": {"metadata.assigned_to": ["ana"]}},
            {
                "nested": {
                    "path": "responses",
                    "query": {"terms": {"responses.user_id": ["an-id"]}},
                    "score_mode": "avg",
                }
            },
        ],
        "minimum_should_match": 1,
    }
}


@pytest.fixture
def ana() -> Iterator[None]:
    token = current_annotator._current.set(ANA)
    yield
    current_annotator._current.reset(token)


def dataset_with(**properties: bool) -> Any:
    """As much of a dataset as is looked at; whether it has these properties has been read before."""
    key = uuid4()
    known = {(key, name): there for name, there in properties.items()}
    return SimpleNamespace(id=key, current_async_session=SimpleNamespace(info={has_property: known}))


async def asked(_engine: Any, _dataset: Any, **options: Any) -> dict[str, Any]:
    return options


def run(call: Any) -> Any:
    """The result of a coroutine."""

    async def wait() -> Any:
        return await call

    return asyncio.run(wait())


def search(dataset: Any, **options: Any) -> dict[str, Any]:
    result: dict[str, Any] = run(elastic_queue._own_search(asked)(None, dataset, **options))
    return result


PLANNED = {"assigned_to": True, "assigned_rank": True}


def test_what_is_theirs_is_assigned_or_answered() -> None:
    assert OwnRecords(ANA).query() == OWN
    build = elastic_queue._with_own_filter(lambda _engine, other: {"other": other})
    assert build(None, OwnRecords(ANA)) == OWN
    assert build(None, "another") == {"other": "another"}


@pytest.mark.usefixtures("ana")
def test_a_queue_is_theirs_in_the_order_of_the_plan() -> None:
    options = search(dataset_with(**PLANNED), filter="pending", limit=5)
    assert options["filter"].filters == [OwnRecords(ANA), "pending"]
    assert [(each.scope, each.order) for each in options["sort"]] == [
        (MetadataFilterScope("assigned_rank"), "asc"),
        (RecordFilterScope("id"), "asc"),
    ]
    assert options["limit"] == 5
    assert search(dataset_with(**PLANNED), filter=None)["filter"] == OwnRecords(ANA)


@pytest.mark.usefixtures("ana")
def test_an_order_of_their_own_stays_and_a_plan_without_ranks_has_none() -> None:
    assert search(dataset_with(**PLANNED), sort=["theirs"])["sort"] == ["theirs"]
    assert "sort" not in search(dataset_with(assigned_to=True, assigned_rank=False))


@pytest.mark.usefixtures("ana")
def test_a_dataset_without_a_plan_is_everybodys() -> None:
    assert search(dataset_with(assigned_to=False), filter="pending") == {"filter": "pending"}
    count = elastic_queue._count_own(None, dataset_with(assigned_to=False), ANA)
    assert run(count) is None


def test_owners_find_everything() -> None:
    assert search(dataset_with(**PLANNED), filter="pending") == {"filter": "pending"}


@pytest.mark.usefixtures("ana")
def test_similar_records_are_theirs_too() -> None:
    similar = elastic_queue._own_similar(asked)
    assert run(similar(None, dataset_with(**PLANNED), max_results=3)) == {
        "filter": OwnRecords(ANA),
        "max_results": 3,
    }


@pytest.mark.parametrize("engine", ["elasticsearch:ElasticSearchEngine", "opensearch:OpenSearchEngine"])
def test_a_change_that_another_one_overtakes_is_tried_again(engine: str) -> None:
    (replacement,) = (each for each in update_conflicts.PATCH.replaces if engine in each.target)
    given: dict[str, Any] = {}

    async def update(**options: Any) -> None:
        given.update(options)

    async def unpatched(*_: Any) -> None:
        raise AssertionError("the client is asked instead")

    change = replacement.make(unpatched)
    asyncio.run(
        change(SimpleNamespace(client=SimpleNamespace(update=update)), "an-index", id="a", body={"doc": {}})
    )
    assert given.pop("retry_on_conflict") == 20
    body: dict[str, Any] = {"doc": {}} if "elastic" in engine else {"body": {"doc": {}}}
    assert given == {"index": "an-index", "id": "a", "refresh": True, **body}
