"""Similarity search."""

import pytest


@pytest.fixture
def filled(world):
    world.add("east", "a point", vector=[2.0, 0.0, 0.0], metadata={"tokens": 1})
    world.add("north", "a point", vector=[0.0, 1.0, 0.0], metadata={"tokens": 2})
    world.add("north east", "another place", vector=[3.0, 3.0, 0.0], metadata={"tokens": 3})
    world.add("west", "a place", vector=[-1.0, 0.0, 0.0], metadata={"tokens": 4})
    world.add("nowhere", "a place")
    world.settings = world.dataset.vectors_settings[0]
    return world


def similar(world, **options):
    return world.run("similarity_search", world.dataset, world.settings, **options)


def test_by_value(filled):
    found = similar(filled, value=[5.0, 0.0, 0.0])
    assert filled.names(found) == ["east", "north east", "north", "west"]
    assert [item.score for item in found.items] == pytest.approx([1.0, (1 + 0.5**0.5) / 2, 0.5, 0.0], abs=1e-6)
    assert found.total == 4


def test_by_record(filled):
    assert filled.names(similar(filled, record=filled.records["north"])) == ["north east", "east", "west"]


def test_least_similar(filled):
    found = similar(filled, value=[1.0, 0.0, 0.0], order="least_similar")
    assert filled.names(found) == ["west", "north", "north east", "east"]
    assert found.items[0].score == pytest.approx(1.0)


def test_options(filled):
    from argilla_server.search_engine import MetadataFilterScope, RangeFilter, TextQuery

    wanted = RangeFilter(MetadataFilterScope("tokens"), ge=2)
    value = [1.0, 0.0, 0.0]
    assert filled.names(similar(filled, value=value, max_results=2)) == ["east", "north east"]
    assert filled.names(similar(filled, value=value, filter=wanted)) == ["north east", "north", "west"]
    assert filled.names(similar(filled, value=value, query="point")) == ["east", "north"]
    assert filled.names(similar(filled, value=value, query=TextQuery(q="place"), filter=wanted)) == [
        "north east",
        "west",
    ]
    assert filled.names(similar(filled, value=value, query="!!")) == []
    assert filled.names(similar(filled, value=value, threshold=0.6)) == ["east", "north east"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "value or a record"),
        ({"value": [1.0, 0.0]}, "2 dimensions; the dataset's vectors have 3"),
        ({"value": [0.0, 0.0, 0.0]}, "no direction"),
    ],
)
def test_what_cannot_be_compared_is_told(filled, options, message):
    with pytest.raises(ValueError, match=message):
        similar(filled, **options)


def test_a_record_without_a_vector_is_told(filled):
    with pytest.raises(ValueError, match="no vector"):
        similar(filled, record=filled.records["nowhere"])
    with pytest.raises(ValueError, match="not both"):
        similar(filled, record=filled.records["east"], value=[1.0, 0.0, 0.0])


def test_no_vectors_at_all(world):
    world.settings = world.dataset.vectors_settings[0]
    assert similar(world, value=[1.0, 0.0, 0.0]).items == []


def test_vector_settings_that_are_added_later(filled):
    from argilla_server.models import Vector, VectorSettings

    late = VectorSettings(id=filled.user("x").id, name="late", dimensions=2, dataset_id=filled.dataset.id)
    record = filled.records["east"]
    record.vectors = [Vector(record_id=record.id, vector_settings_id=late.id, value=[1.0, 1.0])]
    filled.settings = late
    assert similar(filled, value=[1.0, 1.0]).items == []
    filled.run("configure_index_vectors", late)
    filled.run("index_records", filled.dataset, [record])
    assert filled.names(similar(filled, value=[1.0, 1.0])) == ["east"]


@pytest.mark.parametrize("vector", [[1.0], [0.0, 0.0, 0.0], [float("inf"), 0.0, 0.0]])
def test_a_vector_that_cannot_be_compared_does_not_stop_the_record(filled, vector):
    filled.add("odd", "an odd point", vector=vector)
    assert filled.search("odd") == ["odd"]
    assert "odd" not in filled.names(similar(filled, value=[1.0, 0.0, 0.0]))


def test_a_new_vector_replaces_the_old_one(filled):
    record = filled.records["east"]
    record.vectors[0].value = [0.0, 0.0, 1.0]
    filled.run("index_records", filled.dataset, [record])
    assert filled.names(similar(filled, value=[0.0, 0.0, 1.0], max_results=1)) == ["east"]
