"""Filters and order on random records agree with a small model in plain Python."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LABELS = ["a", "b", "c"]
STATUSES = ["draft", "submitted", "discarded"]
PEOPLE = ["ana", "ben"]
NUMBERS = st.integers(-3, 3)

RESPONSE = st.fixed_dictionaries({"status": st.sampled_from(STATUSES)}, optional={"quality": NUMBERS})
RECORD = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries(
            {}, optional={"language": st.lists(st.sampled_from(LABELS), max_size=3), "tokens": NUMBERS}
        ),
        "responses": st.dictionaries(st.sampled_from(PEOPLE), RESPONSE),
        "suggestions": st.fixed_dictionaries({}, optional={"quality": NUMBERS}),
        "status": st.sampled_from(["pending", "completed"]),
    }
)
BOUNDS = st.tuples(st.none() | NUMBERS, st.none() | NUMBERS)
PERSON = st.none() | st.sampled_from(PEOPLE)
FILTER = st.one_of(
    st.tuples(st.just("language"), st.lists(st.sampled_from(LABELS), max_size=2)),
    st.tuples(st.just("tokens"), BOUNDS),
    st.tuples(st.just("suggestion"), BOUNDS),
    st.tuples(st.just("status"), st.lists(st.sampled_from(["pending", "completed"]), max_size=2)),
    st.tuples(st.just("response"), st.tuples(PERSON, BOUNDS)),
    st.tuples(
        st.just("answered"), st.tuples(PERSON, st.lists(st.sampled_from([*STATUSES, "pending"]), max_size=3))
    ),
)
SORT = st.lists(
    st.tuples(
        st.sampled_from(["language", "tokens", "suggestion", "status", "response", "ana"]),
        st.sampled_from(["asc", "desc"]),
    ),
    min_size=1,
    max_size=3,
)


def scope(world, name, person=None):
    from argilla_server import search_engine as engine

    user = world.user(person) if person else None
    return {
        "language": engine.MetadataFilterScope("language"),
        "tokens": engine.MetadataFilterScope("tokens"),
        "suggestion": engine.SuggestionFilterScope("quality", "value"),
        "status": engine.RecordFilterScope("status"),
        "response": engine.ResponseFilterScope(question="quality", user=user),
        "answered": engine.ResponseFilterScope(property="status", user=user),
    }[name]


def server_filter(world, name, wanted):
    from argilla_server.search_engine import RangeFilter, TermsFilter

    person, value = wanted if name in ("response", "answered") else (None, wanted)
    if isinstance(value, tuple):
        return RangeFilter(scope(world, name, person), *value)
    return TermsFilter(scope(world, name, person), list(value))


def within(values, bounds):
    low, high = bounds
    return any((low is None or value >= low) and (high is None or value <= high) for value in values)


def keeps(record, name, wanted):
    if name in ("response", "answered"):
        return keeps_response(record, name, *wanted)
    return {
        "language": lambda: bool(set(record["metadata"].get("language", [])) & set(wanted)),
        "tokens": lambda: within([record["metadata"][name]] if name in record["metadata"] else [], wanted),
        "suggestion": lambda: within(record["suggestions"].values(), wanted),
        "status": lambda: record["status"] in wanted,
    }[name]()


def keeps_response(record, name, person, value):
    responses = [each for user, each in record["responses"].items() if person in (None, user)]
    if name == "response":
        return within([each["quality"] for each in responses if "quality" in each], value)
    if not value:
        return person is None or bool(responses)
    return ("pending" in value and not responses) or any(each["status"] in value for each in responses)


def sort_value(record, name, direction):
    if name == "language":
        values = record["metadata"].get("language", [])
        return (max(values) if direction == "desc" else min(values)) if values else None
    if name == "tokens":
        return record["metadata"].get("tokens")
    if name == "suggestion":
        return record["suggestions"].get("quality")
    if name == "status":
        return record["status"]
    ratings = [
        each["quality"]
        for user, each in record["responses"].items()
        if "quality" in each and name in ("response", user)
    ]
    return sum(ratings) / len(ratings) if ratings else None


def in_order(records, sort):
    """Python's sort is stable: the last key first, those without a value last in both directions."""
    names = list(records)
    for name, direction in reversed(sort):
        values = {each: sort_value(records[each], name, direction) for each in names}
        present = [each for each in names if values[each] is not None]
        present.sort(key=values.__getitem__, reverse=direction == "desc")
        names = present + [each for each in names if values[each] is None]
    return names


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(RECORD, max_size=8),
    st.lists(st.lists(FILTER, max_size=3), min_size=1, max_size=4),
    st.lists(SORT, min_size=1, max_size=3),
)
def test_the_engine_agrees_with_the_model(given_records, filters, sorts):
    from argilla_server.enums import SortOrder
    from argilla_server.search_engine import AndFilter, Order

    from sharegpt_argilla.embedded_argilla.engine.index_threads import close_stores
    from tests.embedded_argilla.conftest import World

    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "search-index.db")
        world.run("create_index", world.dataset)
        records = {str(place): record for place, record in enumerate(given_records)}
        made = [world.make(name, "text", **record) for name, record in records.items()]
        world.run("index_records", world.dataset, made)
        for wanted in filters:
            expected = [name for name, record in records.items() if all(keeps(record, *each) for each in wanted)]
            assert world.search(filter=AndFilter([server_filter(world, *each) for each in wanted])) == expected
        for sort in sorts:
            keys = [
                Order(
                    scope(world, "response" if name in PEOPLE else name, name if name in PEOPLE else None),
                    SortOrder(direction),
                )
                for name, direction in sort
            ]
            assert world.search(sort=keys) == in_order(records, sort)
        close_stores()


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("keyword", ["a", "a", None, 1, 2.5, False], ["a", "1", "2.5", "false"]),
        ("keyword", {"a": 1}, []),
        ("integer", ["00003", 2.9, True, "x", 2**70, float("nan"), float("inf")], [3, 2]),
        ("float", [1, "0.5", 1e300, "nan", False], [1.0, 0.5]),
        ("integer", [10**400, -(10**400), 2**63, 2**63 - 1], [2**63 - 1]),
        ("float", [10**400, -1e39], []),
    ],
)
def test_values_that_do_not_fit_are_left_out(kind, value, stored):
    from sharegpt_argilla.embedded_argilla.engine.index_values import stored_values

    assert stored_values(kind, value) == stored


def test_numbers_beyond_all_bounds_can_be_asked_for(world):
    from argilla_server.search_engine import MetadataFilterScope, RangeFilter, RecordFilterScope, TermsFilter

    world.add("a", metadata={"tokens": 1, "share": 0.5})
    for name in ("tokens", "share"):
        scope = MetadataFilterScope(name)
        assert world.search(filter=RangeFilter(scope, ge="-" + "9" * 400, le="9" * 400)) == ["a"]
        assert world.search(filter=RangeFilter(scope, ge=1e300)) == []
        assert world.search(filter=TermsFilter(scope, ["9" * 400, "inf", "nan", "1e999"])) == []
    with pytest.raises(ValueError, match="not a time"):
        world.search(filter=RangeFilter(RecordFilterScope("inserted_at"), ge=1e300))
