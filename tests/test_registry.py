"""Registries: members by name, in the order given, and help with a wrong name."""

import pickle
from typing import Any

import pytest

from sharegpt_argilla.errors import UnknownNameError
from sharegpt_argilla.registry import Registry

FRUIT = Registry("fruit", {"pear": 1, "apple": 2})


def test_a_registry_is_a_mapping_in_the_order_given() -> None:
    assert list(FRUIT) == ["pear", "apple"]
    assert dict(FRUIT) == {"pear": 1, "apple": 2}
    assert len(FRUIT) == 2
    assert FRUIT["apple"] == 2
    assert "pear" in FRUIT
    assert "plum" not in FRUIT
    number: Any = 7
    assert number not in FRUIT


def test_a_wrong_name_is_answered_with_the_nearest_and_all() -> None:
    with pytest.raises(UnknownNameError) as caught:
        FRUIT["aple"]
    assert str(caught.value) == 'unknown fruit "aple"; did you mean "apple"? known: apple, pear'
    assert caught.value.exit_code == 2


def test_a_name_like_none_is_answered_with_all() -> None:
    with pytest.raises(UnknownNameError, match='unknown fruit "zzz"; known: apple, pear'):
        FRUIT["zzz"]


def test_members_added_to_the_source_later_do_not_appear() -> None:
    members = {"pear": 1}
    registry = Registry("fruit", members)
    members["plum"] = 3
    assert list(registry) == ["pear"]


def test_get_gives_the_default_as_any_mapping_does() -> None:
    assert FRUIT.get("plum") is None
    assert FRUIT.get("plum", 5) == 5
    assert FRUIT.get("pear", 5) == 1
    with pytest.raises(KeyError):
        FRUIT["plum"]


def test_an_unknown_name_survives_the_way_from_a_worker_process() -> None:
    error = UnknownNameError("fruit", "aple", ["pear", "apple"])
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
