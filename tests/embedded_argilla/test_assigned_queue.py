"""The enforcement of plans replaces argilla-server's own code as a whole, and only if it is wanted."""

from __future__ import annotations

import inspect

import pytest


def test_an_open_queue_leaves_argilla_server_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    from sharegpt_argilla.argilla_plugin.assigned_queue import PATCH, follow_plans

    before = [inspect.getattr_static(*each.location) for each in PATCH.replaces]
    with caplog.at_level("INFO"):
        assert not follow_plans({"SHAREGPT_ARGILLA_OPEN_QUEUE": "1"})
    assert "the queue is open: plans are not enforced" in caplog.text
    assert [inspect.getattr_static(*each.location) for each in PATCH.replaces] == before


def test_plans_are_not_enforced_by_halves(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If only the rule for completing records changed upstream, people's queues are not restricted either."""
    from argilla_server.contexts import distribution

    from sharegpt_argilla.argilla_plugin.assigned_queue import PATCH, follow_plans

    async def another(_db: object, record: object) -> object:
        return record

    monkeypatch.setattr(distribution, "_update_record_status_with_overlap_strategy", another)
    before = [inspect.getattr_static(*each.location) for each in PATCH.replaces]
    assert not follow_plans({})
    assert [inspect.getattr_static(*each.location) for each in PATCH.replaces] == before
    assert caplog.messages[0].startswith("plans are not enforced: ")


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [(None, set()), ({}, set()), ({"assigned_to": None}, set()), ({"assigned_to": "ana"}, {"ana"})],
)
def test_people_of_a_record(metadata, expected: set[str]) -> None:
    from sharegpt_argilla.argilla_plugin.assigned_people import assigned_people

    assert assigned_people(metadata) == expected
    assert assigned_people({"assigned_to": ["ana", "ben"]}) == {"ana", "ben"}
