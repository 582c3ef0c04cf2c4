"""Plans in the engine: whatever is asked, an annotator finds what is theirs; checked against a plain model."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.embedded_argilla.conftest import World

PEOPLE = ("ana", "ben", "cleo")


@pytest.fixture
def planned(empty_world: World) -> World:
    """Sixty records of three people in an order that is not that of their coming; some are answered."""
    from argilla_server.models import MetadataProperty

    for name, kind in (("assigned_to", "terms"), ("assigned_rank", "integer")):
        empty_world.dataset.metadata_properties.append(
            MetadataProperty(
                id=empty_world.new_id(), name=name, settings={"type": kind}, dataset_id=empty_world.dataset.id
            )
        )
    empty_world.run("create_index", empty_world.dataset)
    for number in range(60):
        people = [PEOPLE[number % 3], *([PEOPLE[(number + 1) % 3]] if number % 4 == 0 else [])]
        metadata: dict[str, Any] = {"assigned_to": people, "tokens": number}
        if number != 30:
            metadata["assigned_rank"] = number * 37 % 60
        responses = {people[0]: {"status": "submitted"}} if number % 7 == 0 else {}
        empty_world.add(f"r{number}", f"rain {number}", metadata=metadata, responses=responses)
    # Answered by somebody whom the record is not assigned to any more.
    empty_world.add("moved", "rain", metadata={"assigned_to": ["ben"]}, responses={"ana": {"status": "draft"}})
    empty_world.add("nobody", "rain", metadata={})
    return empty_world


class Asking:
    """Searches as somebody."""

    def __init__(self, world: World, name: str | None) -> None:
        from sharegpt_argilla.argilla_plugin import current_annotator

        self.world, self.name = world, name
        self.noted = current_annotator.Annotator(str(world.user(name).id), name) if name else None
        self.current = current_annotator._current

    def __call__(self, method: str, *args: Any, **kwargs: Any) -> Any:
        async def ask() -> Any:
            self.current.set(self.noted)
            return await getattr(self.world.engine, method)(*args, **kwargs)

        return asyncio.run(ask())

    def search(self, **kwargs: Any) -> list[str]:
        user_id = self.world.user(self.name).id if self.name else None
        return self.world.names(self("search", self.world.dataset, user_id=user_id, limit=100, **kwargs))


def own(world: World, name: str) -> list[str]:
    """By hand: rank, then those without one."""
    mine = [
        (record.metadata_.get("assigned_rank", 1000), place, key)
        for place, (key, record) in enumerate(world.records.items())
        if name in record.metadata_.get("assigned_to", ())
        or world.user(name).id in {response.user_id for response in record.responses}
    ]
    return [key for _, _, key in sorted(mine)]


@pytest.fixture(params=PEOPLE)
def person(planned: World, request: pytest.FixtureRequest) -> Iterator[Asking]:
    yield Asking(planned, request.param)


def test_all_that_is_theirs_in_the_order_of_the_plan(planned: World, person: Asking) -> None:
    expected = own(planned, person.name or "")
    assert person.search() == expected
    assert person.search(query="rain") == expected
    for offset in range(0, len(expected), 7):
        page = person(
            "search", planned.dataset, user_id=planned.user(person.name or "").id, offset=offset, limit=7
        )
        assert planned.names(page) == expected[offset : offset + 7]
        assert page.total == len(expected)


def test_their_queue(planned: World, person: Asking) -> None:
    from argilla_server.search_engine import AndFilter, RecordFilterScope, ResponseFilterScope, TermsFilter

    user = planned.user(person.name or "")
    pending = AndFilter(
        filters=[
            TermsFilter(scope=ResponseFilterScope(property="status", user=user), values=["pending"]),
            TermsFilter(scope=RecordFilterScope(property="status"), values=["pending"]),
        ]
    )
    answered = {key for key, one in planned.records.items() if user.id in {r.user_id for r in one.responses}}
    assert person.search(filter=pending) == [key for key in own(planned, user.username) if key not in answered]


def test_counts(planned: World, person: Asking) -> None:
    expected = own(planned, person.name or "")
    assert person("count_own_records", planned.dataset, person.noted) == len(expected)
    numbers = [planned.records[key].metadata_["tokens"] for key in expected if key != "moved"]
    metrics = person("compute_metrics_for", planned.property("tokens"))
    assert (metrics.min, metrics.max) == (min(numbers), max(numbers))
    terms = person("compute_metrics_for", planned.property("assigned_to"))
    of_person = {count.term: count.count for count in terms.values}[person.name]
    assert of_person == sum(person.name in planned.records[key].metadata_["assigned_to"] for key in expected)


def test_owners_and_datasets_without_a_plan_are_as_ever(planned: World, world_without_plan: World) -> None:
    assert sorted(Asking(planned, None).search()) == sorted(planned.records)
    ana = Asking(world_without_plan, "ana")
    assert sorted(ana.search()) == sorted(world_without_plan.records)
    assert ana("count_own_records", world_without_plan.dataset, ana.noted) is None
    ana.noted = None
    assert ana.search() == Asking(world_without_plan, "ana").search()


@pytest.fixture
def world_without_plan(tmp_path_factory: pytest.TempPathFactory) -> World:
    from tests.embedded_argilla.conftest import World

    world = World(tmp_path_factory.mktemp("index") / "search-index.db")
    world.run("create_index", world.dataset)
    for number in range(20):
        world.add(f"r{number}", "rain", metadata={"tokens": number})
    return world
