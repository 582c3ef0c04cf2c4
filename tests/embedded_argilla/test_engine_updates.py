"""Changes of single records, and what happens where something is missing."""

import logging

import pytest

from sharegpt_argilla.errors import EmbeddedArgillaError


def answered(world, user="ana", status="submitted"):
    from argilla_server.search_engine import ResponseFilterScope, TermsFilter

    return world.search(
        filter=TermsFilter(ResponseFilterScope(property="status", user=world.user(user)), [status])
    )


def rated(world, value):
    from argilla_server.search_engine import ResponseFilterScope, TermsFilter

    return world.search(filter=TermsFilter(ResponseFilterScope(question="quality"), [value]))


def suggested(world, value, part="value"):
    from argilla_server.search_engine import SuggestionFilterScope, TermsFilter

    return world.search(filter=TermsFilter(SuggestionFilterScope("quality", part), [value]))


@pytest.fixture
def filled(world):
    world.add("a", "some text")
    world.add("b", "some text")
    return world


def test_responses_are_replaced_by_id(filled):
    response = filled.response(filled.records["a"], "ana", "draft", quality=2)
    filled.run("update_record_response", response)
    assert (answered(filled, status="draft"), rated(filled, "2")) == (["a"], ["a"])
    response.status, response.values = "submitted", {"quality": {"value": 6}}
    filled.run("update_record_response", response)
    assert (answered(filled, status="draft"), answered(filled), rated(filled, "2"), rated(filled, "6")) == (
        [],
        ["a"],
        [],
        ["a"],
    )
    filled.run("update_record_response", filled.response(filled.records["a"], "ben", quality=1))
    filled.run("delete_record_response", response)
    filled.run("delete_record_response", response)
    assert (answered(filled), rated(filled, "6"), answered(filled, "ben"), rated(filled, 1)) == (
        [],
        [],
        ["a"],
        ["a"],
    )


def test_a_person_has_one_response_to_a_record(filled):
    for value in (1, 2):
        filled.run("update_record_response", filled.response(filled.records["a"], "ana", quality=value))
    assert filled.run("get_dataset_user_progress", filled.dataset, filled.user("ana")) == {
        "total": 1,
        "submitted": 1,
    }
    assert rated(filled, 1) == []


@pytest.mark.parametrize("status", ["draft", "discarded"])
def test_responses_without_values(filled, status):
    response = filled.response(filled.records["a"], "ana", status)
    response.values = None
    filled.run("update_record_response", response)
    assert answered(filled, status=status) == ["a"]
    filled.records["b"].responses = [filled.response(filled.records["b"], "ana", status)]
    filled.records["b"].responses[0].values = None
    filled.run("index_records", filled.dataset, [filled.records["b"]])
    assert answered(filled, status=status) == ["a", "b"]


def test_odd_values_of_responses(filled):
    response = filled.response(filled.records["a"], "ana", quality=None, topics=["x", "y"], nothing=3)
    response.values["intent"] = {}
    filled.run("update_record_response", response)
    assert answered(filled) == ["a"]


def test_suggestions_are_replaced_by_question(filled):
    record = filled.records["a"]
    first = filled.suggestion(record, "quality", 3, agent="one", score=0.5)
    filled.run("update_record_suggestion", first)
    filled.run("update_record_suggestion", filled.suggestion(record, "intent", "chat"))
    filled.run("update_record_suggestion", filled.suggestion(record, "quality", 4, agent=None))
    assert (suggested(filled, 3), suggested(filled, 4), suggested(filled, "one", "agent")) == ([], ["a"], [])
    filled.run("delete_record_suggestion", first)
    filled.run("delete_record_suggestion", first)
    assert suggested(filled, 4) == []


def test_a_suggestion_whose_question_is_not_loaded(filled):
    suggestion = filled.suggestion(filled.records["a"], "quality", 3)
    assert not suggestion.is_relationship_loaded("question")
    assert not suggestion.is_relationship_loaded("record")
    filled.run("update_record_suggestion", suggestion)
    assert suggested(filled, "3") == ["a"]


def test_what_is_not_loaded_of_a_record_stays(world):
    from argilla_server.models import Record

    full = world.add(
        "a", "old", responses={"ana": {"quality": 2}}, suggestions={"quality": 5}, vector=[1.0, 0.0, 0.0]
    )
    bare = Record(id=full.id, dataset_id=full.dataset_id, fields={"prompt": "new"}, status="completed")
    world.run("index_records", world.dataset, [bare])
    assert (answered(world), suggested(world, 5), world.search("new")) == (["a"], ["a"], ["a"])
    found = world.run("similarity_search", world.dataset, world.dataset.vectors_settings[0], value=[1.0, 0.0, 0.0])
    assert world.names(found) == ["a"]
    full.responses, full.suggestions, full.vectors = [], [], []
    world.run("index_records", world.dataset, [full])
    assert (answered(world), suggested(world, 5)) == ([], [])


def test_partial_updates(filled):
    from argilla_server.enums import RecordStatus

    record = filled.records["a"]
    filled.run("partial_record_update", record, status=RecordStatus.completed)
    assert filled.run("get_dataset_progress", filled.dataset) == {"total": 2, "pending": 1, "completed": 1}
    filled.run("partial_record_update", record, external_id=None)
    with pytest.raises(EmbeddedArgillaError, match="cannot change fields, metadata"):
        filled.run("partial_record_update", record, metadata={}, fields={}, status="pending")


def test_deleted_records_leave_nothing_behind(world):
    import sqlite3
    from contextlib import closing

    record = world.add(
        "a",
        "text",
        metadata={"language": "en"},
        responses={"ana": {"quality": 2}},
        suggestions={"quality": 5},
        vector=[1.0, 0.0, 0.0],
    )
    world.run("delete_records", world.dataset, [record])
    world.run("delete_records", world.dataset, [record])
    assert world.search() == []
    with closing(sqlite3.connect(world.path)) as connection:
        for table in ("record", "response", "suggestion", "value", "vector", "text_1"):
            assert connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (0,)


def test_a_record_that_is_not_in_the_index_breaks_nothing(world, caplog):
    record = world.make("a")
    caplog.set_level(logging.WARNING)
    world.run("update_record_response", world.response(record, "ana"))
    world.run("update_record_suggestion", world.suggestion(record, "quality", 1))
    world.run("delete_record_suggestion", world.suggestion(record, "quality", 1))
    world.run("delete_record_response", world.response(record, "ana"))
    world.run("partial_record_update", record, status="completed")
    world.run("delete_records", world.dataset, [record])
    assert world.search() == []
    assert str(record.id) in caplog.text


def test_indexes_come_and_go(empty_world):
    world = empty_world
    world.run("delete_index", world.dataset)
    world.run("delete_records", world.dataset, [])
    with pytest.raises(EmbeddedArgillaError, match="has no search index"):
        world.run("search", world.dataset)
    with pytest.raises(EmbeddedArgillaError, match="has no search index"):
        world.add("a")
    world.run("create_index", world.dataset)
    with pytest.raises(EmbeddedArgillaError, match="already"):
        world.run("create_index", world.dataset)
    world.add("b", "text", responses={"ana": {"quality": 2}})
    world.run("delete_index", world.dataset)
    world.run("create_index", world.dataset)
    assert world.search() == []


def test_the_same_record_twice_in_one_call(world):
    record, later = world.make("a", "old"), world.make("b", "new")
    later.id = record.id
    world.records.pop("b")
    world.run("index_records", world.dataset, [record, later])
    assert (world.search("new"), world.search("old")) == (["a"], [])


def test_a_new_record_without_defaults(world):
    from argilla_server.models import Record

    record = Record(id=world.new_id(), dataset_id=world.dataset.id, fields={"prompt": "bare"})
    world.records["bare"] = record
    world.run("index_records", world.dataset, [record])
    assert world.search("bare") == ["bare"]
    assert world.run("get_dataset_progress", world.dataset) == {"total": 1, "pending": 1}


def test_no_records_at_all(world):
    world.run("index_records", world.dataset, [])
    assert world.search() == []


def test_failed_writes_leave_nothing(world):
    world.add("a")
    bad = world.make("b")
    bad.external_id = "\ud800"
    with pytest.raises(EmbeddedArgillaError):
        world.run("index_records", world.dataset, [world.make("c"), bad])
    assert world.search() == ["a"]


def test_thousands_of_responses_on_one_record(world):
    people = {f"person{number}": {"quality": 1 + number % 7} for number in range(3_000)}
    world.add("popular", "rain", responses=people)
    world.add("other", "rain", responses={"person5": {"quality": 6}})
    assert world.search("rain", user_id=None) == ["popular", "other"]
    progress = world.run("get_dataset_user_progress", world.dataset, world.user("person2999"))
    assert progress == {"total": 1, "submitted": 1}
    world.run("update_record_response", world.response(world.records["popular"], "person7", "discarded"))
    assert world.run("get_dataset_user_progress", world.dataset, world.user("person7"))["discarded"] == 1
