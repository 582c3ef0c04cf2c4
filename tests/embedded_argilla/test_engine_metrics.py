"""Metrics of metadata properties, and progress."""

import pytest


@pytest.fixture
def filled(world):
    for number in range(6):
        world.add(
            str(number),
            metadata={
                "language": ["en", "de", "en"] if number % 2 else "en",
                "tokens": number - 2,
                "share": number / 10,
            },
            status="completed" if number < 2 else "pending",
            responses={"ana": {"quality": 1}, "ben": {"status": "draft"}} if number < 3 else {},
        )
    world.add("bare", responses={"ana": {"status": "discarded"}})
    return world


def test_terms(filled):
    metrics = filled.run("compute_metrics_for", filled.property("language"))
    assert metrics.type == "terms"
    assert metrics.total == 9
    assert [(value.term, value.count) for value in metrics.values] == [("en", 6), ("de", 3)]


def test_numbers(filled):
    tokens = filled.run("compute_metrics_for", filled.property("tokens"))
    assert (tokens.type, tokens.min, tokens.max) == ("integer", -2, 3)
    assert isinstance(tokens.min, int)
    share = filled.run("compute_metrics_for", filled.property("share"))
    assert (share.type, share.min, share.max) == ("float", 0.0, 0.5)
    filled.add("third", metadata={"share": 0.7})
    assert filled.run("compute_metrics_for", filled.property("share")).max == 0.699999988079071


def test_nothing_to_measure(world):
    assert world.run("compute_metrics_for", world.property("language")).model_dump() == {
        "type": "terms",
        "total": 0,
        "values": [],
    }
    for name in ("tokens", "share"):
        metrics = world.run("compute_metrics_for", world.property(name))
        assert (metrics.min, metrics.max) == (None, None)


def test_a_property_that_is_added_later(filled):
    from argilla_server.models import MetadataProperty

    late = MetadataProperty(name="late", settings={"type": "integer"}, dataset_id=filled.dataset.id)
    filled.add("before", metadata={"late": "007"})
    assert filled.run("compute_metrics_for", late).max is None
    filled.run("configure_metadata_property", filled.dataset, late)
    assert filled.run("compute_metrics_for", late).max == 7
    filled.add("after", metadata={"late": 8})
    assert filled.run("compute_metrics_for", late).max == 8


def test_a_property_that_comes_back_with_another_type(filled):
    from argilla_server.models import MetadataProperty

    again = MetadataProperty(name="tokens", settings={"type": "terms"}, dataset_id=filled.dataset.id)
    filled.run("configure_metadata_property", filled.dataset, again)
    metrics = filled.run("compute_metrics_for", again)
    assert {value.term for value in metrics.values} == {"-2", "-1", "0", "1", "2", "3"}


def test_progress(filled):
    assert filled.run("get_dataset_progress", filled.dataset) == {"total": 7, "completed": 2, "pending": 5}


def test_progress_has_no_zeros(world):
    assert world.run("get_dataset_progress", world.dataset) == {"total": 0}
    world.add("a", status="completed")
    assert world.run("get_dataset_progress", world.dataset) == {"total": 1, "completed": 1}


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("ana", {"total": 4, "submitted": 3, "discarded": 1}),
        ("ben", {"total": 3, "draft": 3}),
        ("eve", {"total": 0}),
    ],
)
def test_a_users_progress_counts_their_own_responses_only(filled, user, expected):
    assert filled.run("get_dataset_user_progress", filled.dataset, filled.user(user)) == expected


def test_a_users_progress_counts_one_dataset_only(filled):
    other = type(filled)(filled.path, seed=8)
    other.users = filled.users
    other.run("create_index", other.dataset)
    other.add("x", responses={"ana": {}})
    assert other.run("get_dataset_user_progress", other.dataset, filled.user("ana")) == {
        "total": 1,
        "submitted": 1,
    }


def test_a_draft_has_no_progress(empty_world):
    empty_world.dataset.status = "draft"
    assert empty_world.run("get_dataset_progress", empty_world.dataset) == {}
    assert empty_world.run("get_dataset_user_progress", empty_world.dataset, empty_world.user("ana")) == {}
