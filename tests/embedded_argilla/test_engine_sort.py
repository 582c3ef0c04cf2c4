"""Order, shuffle and paging."""

from datetime import datetime
from uuid import UUID

import pytest


def order(scope, direction="asc"):
    from argilla_server.enums import SortOrder
    from argilla_server.search_engine import Order

    return Order(scope, SortOrder(direction))


def record(name):
    from argilla_server.search_engine import RecordFilterScope

    return RecordFilterScope(name)


def metadata(name):
    from argilla_server.search_engine import MetadataFilterScope

    return MetadataFilterScope(name)


def suggestion(question, name):
    from argilla_server.search_engine import SuggestionFilterScope

    return SuggestionFilterScope(question, name)


def response(question=None, user=None, name=None):
    from argilla_server.search_engine import ResponseFilterScope

    return ResponseFilterScope(question=question, property=name, user=user)


@pytest.fixture
def filled(world):
    world.add(
        "a",
        id=UUID(int=3),
        external_id="y",
        metadata={"language": ["fr", "aa"], "tokens": 10, "share": 0.5},
        suggestions={"quality": {"value": 3, "score": 0.9}, "topics": {"value": ["x", "b"], "score": [0.1, 0.95]}},
        responses={"ana": {"quality": 5}, "ben": {"quality": 2}},
        inserted_at=datetime(2024, 1, 1, 0, 0, 0, 500000),
    )
    world.add(
        "b",
        id=UUID(int=1),
        external_id="z",
        metadata={"language": "de", "tokens": 9, "share": -0.5},
        suggestions={"quality": {"value": 7, "score": 0.1}},
        responses={"ana": {"quality": 1, "status": "draft"}, "ben": {"quality": 4}},
        status="completed",
        inserted_at=datetime(2024, 1, 1),
    )
    world.add(
        "c",
        id=UUID(int=2),
        external_id=None,
        metadata={"language": "en", "tokens": 10},
        inserted_at=datetime(2023, 1, 1),
    )
    world.add(
        "d",
        id=UUID(int=4),
        external_id="x",
        responses={"ben": {"quality": 3, "intent": "code"}},
        inserted_at=datetime(2025, 1, 1),
    )
    return world


CASES = [
    (lambda w: [order(record("id"))], "bcad"),
    (lambda w: [order(record("id"), "desc")], "dacb"),
    (lambda w: [order(record("external_id"))], "dabc"),
    (lambda w: [order(record("external_id"), "desc")], "badc"),
    (lambda w: [order(record("inserted_at"))], "cbad"),
    (lambda w: [order(record("inserted_at"), "desc")], "dabc"),
    (lambda w: [order(record("updated_at"), "desc")], "dcba"),
    (lambda w: [order(record("status"))], "bacd"),
    (lambda w: [order(record("status"), "desc")], "acdb"),
    (lambda w: [order(metadata("language"))], "abcd"),
    (lambda w: [order(metadata("language"), "desc")], "acbd"),
    (lambda w: [order(metadata("tokens"))], "bacd"),
    (lambda w: [order(metadata("tokens"), "desc")], "acbd"),
    (lambda w: [order(metadata("share"))], "bacd"),
    (lambda w: [order(metadata("share"), "desc")], "abcd"),
    (lambda w: [order(metadata("nothing"))], "abcd"),
    (lambda w: [order(metadata("tokens"), "desc"), order(record("id"))], "cabd"),
    (lambda w: [order(metadata("tokens"), "desc"), order(record("id"), "desc")], "acbd"),
    (lambda w: [order(suggestion("quality", "score"))], "bacd"),
    (lambda w: [order(suggestion("quality", "score"), "desc")], "abcd"),
    (lambda w: [order(suggestion("quality", "value"), "desc")], "bacd"),
    (lambda w: [order(suggestion("topics", "score")), order(record("id"))], "abcd"),
    (lambda w: [order(suggestion("topics", "value"))], "abcd"),
    (lambda w: [order(suggestion("comment", "value"))], "abcd"),
    (lambda w: [order(response("quality"))], "bdac"),
    (lambda w: [order(response("quality"), "desc")], "adbc"),
    (lambda w: [order(response("quality", w.user("ana")))], "bacd"),
    (lambda w: [order(response("quality", w.user("ben")), "desc")], "bdac"),
    (lambda w: [order(response("quality", w.user("eve")))], "abcd"),
    (lambda w: [order(response("intent"))], "dabc"),
    (lambda w: [order(response("comment"))], "abcd"),
    (lambda w: [order(response(name="status"))], "badc"),
]


@pytest.mark.parametrize(("sort", "expected"), CASES)
def test_sort(filled, sort, expected):
    keys = sort(filled)
    assert "".join(filled.search(sort=keys)) == expected
    assert "".join(filled.search(sort=keys, user_id=UUID(int=7))) == expected


def test_what_is_sorted_has_no_score(filled):
    found = filled.run("search", filled.dataset, sort=[order(record("id"))])
    assert [item.score for item in found.items] == [None] * 4


@pytest.mark.parametrize("scope", [record("nothing"), response(), object()])
def test_what_cannot_be_sorted_by_is_told(filled, scope):
    with pytest.raises(ValueError, match="sort by"):
        filled.search(sort=[order(scope)])


@pytest.fixture
def many(world):
    records = [
        world.make(f"r{place}", f"word {'even' * (place % 2 == 0)}", metadata={"tokens": place % 3})
        for place in range(60)
    ]
    world.run("index_records", world.dataset, records)
    return world


def test_without_anything_records_come_in_the_order_of_the_index(many):
    assert many.search() == list(many.records)


def test_a_replaced_record_keeps_its_place(many):
    many.run("index_records", many.dataset, [many.records["r7"]])
    assert many.search() == list(many.records)


def test_every_user_has_an_order_of_their_own(many):
    orders = {tuple(many.search(user_id=UUID(int=person))) for person in range(20)}
    assert len(orders) == 20
    assert all(sorted(one) == sorted(many.records) for one in orders)


def test_a_users_order_stays(many):
    user = UUID(int=7)
    before = many.search(user_id=user)
    many.run("index_records", many.dataset, [many.records["r3"]])
    many.run("update_record_response", many.response(many.records["r9"], "ana"))
    assert many.search(user_id=user) == many.search(user_id=str(user)) == before
    many.run("delete_records", many.dataset, [many.records.pop(before[0])])
    assert many.search(user_id=user) == before[1:]


def test_a_users_order_outlives_the_index(many):
    user = UUID(int=7)
    before = many.search(user_id=user)
    many.run("delete_index", many.dataset)
    many.run("create_index", many.dataset)
    many.run("index_records", many.dataset, list(many.records.values())[::-1])
    assert many.search(user_id=user) == before


def test_every_user_visits_every_range_of_lots_once():
    """A step that shares a factor with the number of ranges would repeat some ranges and skip others."""
    from sharegpt_argilla.embedded_argilla.engine.shuffle import LOTS, TURNS, lots_of_turn, shuffle_of

    for person in range(300):
        shuffle = shuffle_of(str(UUID(int=person)))
        ranges = [lots_of_turn(shuffle, turn) for turn in range(TURNS)]
        lows = sorted(low for low, _ in ranges)
        assert lows == [number << 25 for number in range(TURNS)], f"person {person}"
        assert all(high - low == (1 << 25) - 1 for low, high in ranges)
        assert lows[-1] <= LOTS <= lows[-1] + (1 << 25) - 1
        assert 0 < shuffle.a < LOTS
        assert 0 <= shuffle.b < LOTS


def test_the_shuffle_is_even(many):
    """On average over people every record is in the middle: none is always early, none is starved."""
    orders = [many.search(user_id=UUID(int=person)) for person in range(200)]
    # A place out of 60 has a standard deviation of 17, the mean of 200 of them one of 1.2.
    for name in many.records:
        assert 20 < sum(order.index(name) for order in orders) / 200 < 39


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("query", [None, "even"])
@pytest.mark.parametrize("sort", [None, "tokens"])
def test_pages_neither_repeat_nor_skip(many, shuffled, query, sort):
    options = {
        "query": query,
        "user_id": UUID(int=7) if shuffled else None,
        "sort": [order(metadata(sort))] if sort else None,
    }
    whole = many.search(**options)
    pages = [many.search(**options, offset=offset, limit=7) for offset in range(0, 70, 7)]
    assert [name for page in pages for name in page] == whole
    assert len(whole) == (30 if query else 60)


def test_no_limit_at_all_keeps_the_total(many):
    found = many.run("search", many.dataset, query="even", limit=0)
    assert (found.items, found.total) == ([], 30)
    beyond = many.run("search", many.dataset, offset=1000)
    assert (beyond.items, beyond.total) == ([], 60)
