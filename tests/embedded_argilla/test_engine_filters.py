"""Filters: which records each one lets through."""

import copy
from datetime import datetime

import pytest


def scopes():
    from argilla_server import search_engine

    return search_engine


def terms(scope, *values):
    return scopes().TermsFilter(scope, list(values))


def between(scope, ge=None, le=None):
    return scopes().RangeFilter(scope, ge=ge, le=le)


def metadata(name):
    return scopes().MetadataFilterScope(name)


def record(name):
    return scopes().RecordFilterScope(name)


def suggestion(question, name="value"):
    return scopes().SuggestionFilterScope(question, name)


@pytest.fixture
def filled(world):
    world.add(
        "a",
        metadata={"language": "en", "tokens": 3, "share": 0.1, "unknown": "x"},
        suggestions={
            "quality": {"value": 5, "score": 0.5, "agent": "gpt-4", "type": "model"},
            "topics": {"value": ["code", "chat"], "score": [0.9, 0.2]},
        },
        responses={"ana": {"quality": 4, "intent": "code"}, "ben": {"status": "draft", "quality": 1}},
        status="completed",
        inserted_at=datetime(2024, 5, 1, 10, 0, 0),
        updated_at=datetime(2024, 5, 1, 10, 0, 0, 500000),
    )
    world.add(
        "b",
        metadata={"language": ["de", "en"], "tokens": "00007", "share": "0.25"},
        suggestions={"intent": {"value": "chat", "agent": "rules", "type": "human"}, "comment": "free text"},
        responses={"ben": {"quality": 4, "intent": "chat"}},
        inserted_at=datetime(2024, 5, 2),
        updated_at=datetime(2024, 5, 2, 0, 0, 0, 1),
    )
    world.add(
        "c",
        metadata={"language": True, "tokens": -2, "share": 3},
        responses={"ana": {"status": "discarded"}},
        inserted_at=datetime(2024, 5, 2, 23, 59, 59, 999999),
        updated_at=datetime(2024, 5, 3),
    )
    world.add("d", metadata={"language": None, "tokens": "many", "share": None}, external_id=None)
    return world


CASES = [
    (lambda: terms(metadata("language"), "en"), "ab"),
    (lambda: terms(metadata("language"), "de", "none"), "b"),
    (lambda: terms(metadata("language"), "EN"), ""),
    (lambda: terms(metadata("language"), "true"), "c"),
    (lambda: terms(metadata("language")), ""),
    (lambda: terms(metadata("nothing"), "en"), ""),
    (lambda: terms(metadata("unknown"), "x"), ""),
    (lambda: terms(metadata("tokens"), "3"), "a"),
    (lambda: terms(metadata("tokens"), "00003", "7"), "ab"),
    (lambda: terms(metadata("tokens"), "3.5"), ""),
    (lambda: terms(metadata("tokens"), 3.0, "junk"), "a"),
    (lambda: terms(metadata("share"), "0.1"), "a"),
    (lambda: terms(metadata("share"), 0.25, 3), "bc"),
    (lambda: between(metadata("tokens"), ge=3), "ab"),
    (lambda: between(metadata("tokens"), le=3), "ac"),
    (lambda: between(metadata("tokens"), ge="-2", le="3"), "ac"),
    (lambda: between(metadata("tokens"), ge=2.5, le=6.9), "a"),
    (lambda: between(metadata("tokens"), ge=-1e30, le=1e30), "abc"),
    (lambda: between(metadata("tokens")), "abc"),
    (lambda: between(metadata("share"), ge=0.1, le=0.1), "a"),
    (lambda: between(metadata("share"), ge=0.1000001), "bc"),
    (lambda: between(metadata("share"), le=1e300), "abc"),
    (lambda: between(metadata("language"), ge="e", le="f"), "ab"),
    (lambda: terms(suggestion("quality"), "5"), "a"),
    (lambda: terms(suggestion("quality"), "4"), ""),
    (lambda: between(suggestion("quality"), ge=5, le=5), "a"),
    (lambda: terms(suggestion("topics"), "chat"), "a"),
    (lambda: terms(suggestion("intent"), "chat"), "b"),
    (lambda: between(suggestion("quality", "score"), ge=0.4, le=0.5), "a"),
    (lambda: between(suggestion("topics", "score"), ge=0.85), "a"),
    # Both scores fit; the record counts once.
    (lambda: between(suggestion("topics", "score"), ge=0.1), "a"),
    (lambda: between(suggestion("topics", "score"), ge=0.3, le=0.8), ""),
    (lambda: terms(suggestion("quality", "agent"), "gpt-4"), "a"),
    (lambda: terms(suggestion("intent", "agent"), "gpt-4", "rules"), "b"),
    (lambda: terms(suggestion("quality", "type"), "model"), "a"),
    (lambda: terms(suggestion("intent", "type"), "human"), "b"),
    (lambda: terms(suggestion("comment"), "free text"), ""),
    (lambda: terms(suggestion("quality", "nothing"), "5"), ""),
    (lambda: terms(suggestion("nothing"), "5"), ""),
    (lambda: terms(record("status"), "pending"), "bcd"),
    (lambda: terms(record("status"), "completed", "pending"), "abcd"),
    (lambda: terms(record("status")), ""),
    (lambda: terms(record("external_id"), "a", "d"), "a"),
    (lambda: between(record("external_id"), ge="b"), "bc"),
    (lambda: between(record("inserted_at"), ge="2024-05-01T10:00:00", le="2024-05-01T10:00:00.000"), "a"),
    (lambda: between(record("inserted_at"), ge="2024-05-01T10:00:00.000001", le="2024-05-02"), "bcd"),
    (lambda: between(record("inserted_at"), ge="2024-05-02", le="2024-05-02"), "bc"),
    (lambda: between(record("inserted_at"), le="2024-05-01T10:00:00.000000000"), "a"),
    (lambda: between(record("inserted_at"), le="2024-05-02T00:00:00Z", ge="2024-05-02T02:00:00+02:00"), "b"),
    (lambda: between(record("inserted_at"), le=datetime(2024, 5, 1, 10)), "a"),
    (lambda: between(record("inserted_at"), le=1714557600000), "a"),
    (lambda: between(record("updated_at"), ge="2024-05-01T10:00:00.5", le="2024-05-01T10:00:00.500"), "a"),
    (lambda: between(record("updated_at"), le="2024-05-01T10:00:00.4999"), ""),
    # A number of milliseconds at the upper end takes in all of its millisecond: 2024-05-02T00:00:00.000001.
    (lambda: between(record("updated_at"), ge=1714608000000, le=1714608000000), "b"),
    (lambda: between(record("updated_at"), ge="2024-05-02T00:00:00.000001", le="2024-05-03T00:00:00.0"), "bc"),
    (lambda: terms(record("inserted_at"), "2024-05-01T10:00:00", "2024-05-02T00:00:00.000"), "ab"),
    (lambda: between(record("inserted_at"), ge="2025"), ""),
    (lambda: scopes().AndFilter([]), "abcd"),
    (lambda: scopes().AndFilter([terms(metadata("language"), "en"), between(metadata("tokens"), ge=5)]), "b"),
    (
        lambda: scopes().AndFilter(
            [scopes().AndFilter([terms(metadata("language"), "en")]), terms(record("status"), "completed")]
        ),
        "a",
    ),
]


@pytest.mark.parametrize(("wanted", "expected"), CASES)
def test_filters(filled, wanted, expected):
    assert "".join(filled.search(filter=wanted())) == expected


RESPONSES = [
    (None, ["submitted"], "ab"),
    (None, ["draft"], "a"),
    (None, ["discarded", "draft"], "ac"),
    (None, ["pending"], "d"),
    (None, ["pending", "discarded"], "cd"),
    (None, [], "abcd"),
    ("ana", ["submitted"], "a"),
    ("ana", ["submitted", "discarded"], "ac"),
    ("ana", ["draft"], ""),
    ("ana", ["pending"], "bd"),
    ("ana", ["pending", "submitted"], "abd"),
    ("ana", ["pending", "pending"], "bd"),
    ("ana", [], "ac"),
    ("ben", ["pending", "draft"], "acd"),
    ("eve", ["pending"], "abcd"),
    ("eve", ["submitted"], ""),
]


@pytest.mark.parametrize("as_members", [False, True])
@pytest.mark.parametrize(("user", "statuses", "expected"), RESPONSES)
def test_response_status(filled, user, statuses, expected, as_members):
    from argilla_server.enums import ResponseStatusFilter

    values = [ResponseStatusFilter(status) for status in statuses] if as_members else list(statuses)
    scope = scopes().ResponseFilterScope(property="status", user=filled.user(user) if user else None)
    wanted = terms(scope, *values)
    before = copy.copy(wanted.values)
    assert "".join(filled.search(filter=wanted)) == expected
    assert wanted.values == before


@pytest.mark.parametrize(
    ("question", "user", "values", "expected"),
    [
        ("quality", None, ["4"], "ab"),
        ("quality", "ana", ["4"], "a"),
        ("quality", "ben", [4], "b"),
        ("quality", "ben", ["1", "4"], "ab"),
        ("quality", "eve", ["4"], ""),
        ("quality", None, [], ""),
        ("intent", None, ["code", "chat"], "ab"),
        ("intent", "ben", ["code"], ""),
        ("comment", None, ["x"], ""),
        ("nothing", None, ["x"], ""),
    ],
)
def test_response_values(filled, question, user, values, expected):
    scope = scopes().ResponseFilterScope(question=question, user=filled.user(user) if user else None)
    assert "".join(filled.search(filter=terms(scope, *values))) == expected


@pytest.mark.parametrize(
    ("user", "ge", "le", "expected"),
    [(None, 2, None, "ab"), (None, None, "1", "a"), ("ben", 2, 4, "b"), ("ana", 0, 3, "")],
)
def test_response_ranges(filled, user, ge, le, expected):
    scope = scopes().ResponseFilterScope(question="quality", user=filled.user(user) if user else None)
    assert "".join(filled.search(filter=between(scope, ge, le))) == expected


def test_record_ids(filled):
    ids = [filled.records["b"].id, str(filled.records["d"].id), "no id"]
    assert filled.search(filter=terms(record("id"), *ids)) == ["b", "d"]


def test_status_members(filled):
    from argilla_server.enums import RecordStatus

    assert filled.search(filter=terms(record("status"), RecordStatus.completed)) == ["a"]


@pytest.mark.parametrize(
    "wanted",
    [
        lambda: terms(record("nothing"), "x"),
        lambda: between(record("inserted_at"), ge="yesterday"),
        lambda: terms(record("inserted_at"), "2024-13-01"),
        lambda: between(metadata("tokens"), ge="many"),
        lambda: between(scopes().ResponseFilterScope(property="status"), ge=1),
        lambda: terms(scopes().ResponseFilterScope(), "x"),
    ],
)
def test_what_cannot_be_filtered_is_told(filled, wanted):
    with pytest.raises(ValueError, match=r"filter|time|number|month"):
        filled.search(filter=wanted())


def test_text_from_outside_is_never_sql(filled):
    nasty = "x' OR 1=1 --\x00\"%_"
    assert filled.search(filter=terms(metadata("language"), nasty)) == []
    assert filled.search(filter=terms(record("external_id"), nasty)) == []
    filled.add("e", metadata={"language": nasty}, external_id=nasty)
    assert filled.search(filter=terms(metadata("language"), nasty)) == ["e"]
    assert filled.search(filter=terms(record("external_id"), nasty)) == ["e"]
