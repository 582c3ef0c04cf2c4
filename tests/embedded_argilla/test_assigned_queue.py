"""What follows plans is put in place of argilla-server's own only where it is meant to."""

from __future__ import annotations

import pytest


def test_each_replacement_takes_the_place_of_something_that_is_there() -> None:
    from sharegpt_argilla.argilla_plugin.assigned_queue import replacements

    for owner, name, value in replacements():
        assert getattr(owner, name) is not value


@pytest.mark.parametrize(
    ("environ", "installed", "says"),
    [
        ({"SHAREGPT_ARGILLA_OPEN_QUEUE": "1"}, "2.8.0", "the queue is open"),
        ({}, "2.9.1", "plans are not enforced: argilla-server is 2.9.1, this is for 2.8.0"),
    ],
)
def test_it_is_left_as_it_is(environ, installed: str, says: str, caplog: pytest.LogCaptureFixture) -> None:
    from argilla_server.contexts import distribution

    from sharegpt_argilla.argilla_plugin.assigned_queue import follow_plans

    before = distribution._update_record_status_with_overlap_strategy
    with caplog.at_level("INFO"):
        assert not follow_plans(environ, installed)
    assert says in caplog.text
    assert distribution._update_record_status_with_overlap_strategy is before


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [(None, set()), ({}, set()), ({"assigned_to": None}, set()), ({"assigned_to": "ana"}, {"ana"})],
)
def test_people_of_a_record(metadata, expected: set[str]) -> None:
    from sharegpt_argilla.argilla_plugin.assigned_people import assigned_people

    assert assigned_people(metadata) == expected
    assert assigned_people({"assigned_to": ["ana", "ben"]}) == {"ana", "ben"}
