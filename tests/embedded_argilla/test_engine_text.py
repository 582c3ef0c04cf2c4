"""Text search over a dataset's fields."""

import pytest


def text_query(q, field=None):
    from argilla_server.search_engine import TextQuery

    return TextQuery(q=q, field=field)


@pytest.fixture
def texts(world):
    world.add("apple", "Red apple pie", fields={"answer": "It is sweet"})
    world.add("car", "A red car", fields={"answer": "It is fast; apple of my eye"})
    world.add(
        "chat",
        "talk",
        fields={"chat": [{"role": "user", "content": "green tea"}, {"role": "bot", "content": "leaf 100"}]},
    )
    world.add(
        "page", "web", fields={"page": {"title": "purple rain"}, "picture": "https://pictures.example/x.png"}
    )
    world.add("chinese", "请介绍一下北京的天气", fields={"answer": None})
    return world


@pytest.mark.parametrize(
    ("query", "field", "expected"),
    [
        ("apple", None, {"apple", "car"}),
        ("apple", "prompt", {"apple"}),
        ("apple", "answer", {"car"}),
        ("-apple", "answer", {"apple", "chat", "page", "chinese"}),
        ("-red", None, {"chat", "page", "chinese"}),
        ("red fast", None, {"car"}),
        ("red fast", "prompt", set()),
        ("green", "chat", {"chat"}),
        ("user", "chat", {"chat"}),
        ("bot", None, {"chat"}),
        ('"tea leaf"', None, set()),
        ('"green tea"', None, {"chat"}),
        ("purple", "page", {"page"}),
        ("pictures.example", None, set()),
        ("png", "picture", set()),
        ("-png", "picture", {"apple", "car", "chat", "page", "chinese"}),
        ("*", None, {"apple", "car", "chat", "page", "chinese"}),
        ("*", "answer", {"apple", "car", "chat", "page", "chinese"}),
        ("User", None, set()),
        ("us*", None, {"chat"}),
        ("Us*", None, set()),
        ("-user", "chat", {"apple", "car", "page", "chinese"}),
        ("user green", "chat", {"chat"}),
        ("天气", None, {"chinese"}),
        ("北京 天气", "prompt", {"chinese"}),
        ("天京", None, set()),
        (100, None, {"chat"}),
        ("", None, set()),
        ("|||", None, set()),
    ],
)
def test_what_is_found(texts, query, field, expected):
    assert set(texts.search(text_query(query, field))) == expected


def test_a_query_may_be_a_string(texts):
    assert texts.search("purple") == ["page"]


def test_an_unknown_field_is_told(texts):
    from sharegpt_argilla.errors import EmbeddedArgillaError

    with pytest.raises(EmbeddedArgillaError, match='no field "nothing"'):
        texts.search(text_query("a", "nothing"))


def test_scores(texts):
    found = texts.run("search", texts.dataset, query="red | purple | -green")
    assert found.total == 4
    assert all(item.score > 0 for item in found.items)
    scores = [item.score for item in found.items]
    assert scores == sorted(scores, reverse=True)
    assert {item.score for item in texts.run("search", texts.dataset).items} == {1.0}


def test_the_more_relevant_comes_first(world):
    for place in range(20):
        world.add(f"filler {place}", "nothing of interest here")
    world.add("long", "needle " + "and so much other text " * 20)
    world.add("short", "needle")
    assert world.search("needle") == ["short", "long"]


def test_text_and_filter_are_joined(texts):
    from argilla_server.search_engine import RecordFilterScope, TermsFilter

    wanted = TermsFilter(RecordFilterScope("external_id"), ["car", "page"])
    assert texts.search("red", filter=wanted) == ["car"]


def test_a_new_text_replaces_the_old_one(texts):
    record = texts.records["apple"]
    record.fields = {"prompt": "yellow banana"}
    texts.run("index_records", texts.dataset, [record])
    assert texts.search("banana") == ["apple"]
    assert texts.search("pie") == []
    assert record.fields == {"prompt": "yellow banana"}


def test_datasets_do_not_see_each_other(texts):
    other = type(texts)(texts.path, seed=8)
    other.run("create_index", other.dataset)
    other.add("other", "red apple")
    assert other.search("apple") == ["other"]
    assert set(texts.search("apple")) == {"apple", "car"}


def test_a_dataset_without_fields_can_be_indexed(empty_world):
    empty_world.dataset.fields = []
    empty_world.run("create_index", empty_world.dataset)
    empty_world.add("a", "text of a field that is not there")
    assert empty_world.search() == ["a"]
    assert empty_world.search("text") == []
