"""Fields of records: reasons, ids and times."""

from typing import Any

import pytest
from hypothesis import given

from sharegpt_argilla.corpora.formats.base import Turn
from sharegpt_argilla.corpora.formats.fields import (
    content_id,
    create_time,
    first_key,
    optional_text,
    other_keys,
    record_object,
    required_list,
    required_text,
    seconds,
    session_id,
)
from sharegpt_argilla.errors import RejectedError
from tests.corpora.json_values import json_values


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "a record is an object, found null"),
        ([1], "a record is an object, found a list"),
        ("text", "a record is an object, found text"),
        ({}, "the record is empty: {}"),
        ({"message": "Rate limit"}, 'an error message in place of a record: its only key is "message"'),
    ],
)
def test_what_is_no_record_has_its_own_reason(value: object, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        record_object(value)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"other": 1}, '"prompt" is missing'),
        ({"promt": "x"}, '"prompt" is missing; misspelt as "promt"?'),
        ({"Prompt": "x"}, '"prompt" is missing; misspelt as "Prompt"?'),
        ({"prompt": None}, '"prompt" is null, not text'),
        ({"prompt": 1.5}, '"prompt" is a number, not text'),
        ({"prompt": {"a": 1}}, '"prompt" is an object, not text'),
        ({"prompt": {"prompt": "x", "response": "y"}}, '"prompt" contains another record, not text'),
    ],
)
def test_a_text_that_is_none_is_named(record: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        required_text(record, "prompt")
    assert str(caught.value) == reason


def test_one_of_several_keys_is_enough() -> None:
    assert first_key({"b": 1, "c": 2}, ("a", "b", "c")) == "b"
    with pytest.raises(
        RejectedError, match=r'^"response" and "completion" are missing; misspelt as "completions"\?$'
    ):
        first_key({"completions": "x"}, ("response", "completion"))


def test_a_sentence_in_place_of_a_key_is_not_repeated() -> None:
    with pytest.raises(RejectedError) as caught:
        required_text({"prompt: call 555 0100": 1, "promp\ud800": 2}, "prompt")
    assert str(caught.value) == '"prompt" is missing'


def test_optional_text_may_be_missing_or_null_but_no_number() -> None:
    assert [optional_text(record, "a") for record in ({}, {"a": None}, {"a": "x"})] == ["", "", "x"]
    with pytest.raises(RejectedError, match='"a" is a number'):
        optional_text({"a": 1}, "a")


@pytest.mark.parametrize(("value", "reason"), [("x", '"a" is text, not a list'), ([], '"a" is empty')])
def test_a_list_must_be_there_and_hold_something(value: object, reason: str) -> None:
    with pytest.raises(RejectedError, match=reason):
        required_list({"a": value}, "a")


def test_keys_of_the_row_format_are_never_other_keys() -> None:
    record = {
        "read": 1,
        "system": 2,
        "会话": 3,
        "原会话": 4,
        "多轮序号": 5,
        "解析模型": 6,
        "标注": 7,
        "lang": "ms",
    }
    assert other_keys(record, {"read"}) == {"lang": "ms"}


def test_the_session_is_the_first_id_or_made_of_the_content() -> None:
    turns = [Turn("human", "a\ud800", "user")]
    assert session_id({"id": 17}, turns) == "17"
    assert session_id({"id": "", "key": "k\ud800"}, turns, ("id", "key")) == "k\ufffd"
    assert session_id({"id": None}, turns) == content_id(turns) != content_id([])
    with pytest.raises(RejectedError, match='"id" is true or false, not text'):
        session_id({"id": True}, turns)


NO_TIMES: list[Any] = [None, True, "", "soon", [], {}, 1e300, -1e13, 10**400, float("nan"), "9" * 5000]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-02-03T08:00:00.5+00:00", "20260203 08:00:00"),
        ("2026-02-03T08:00:00Z", "20260203 08:00:00"),
        ("2026-02-03 08:00:00", "20260203 08:00:00"),
        ("2026-02-03T01:30:00+03:00", "20260202 22:30:00"),
        (0, "19700101 00:00:00"),
        (1767258000.25, "20260101 09:00:00"),
        (-1, "19691231 23:59:59"),
        *((value, None) for value in NO_TIMES),
    ],
)
def test_times_are_written_in_utc_or_not_at_all(value: object, expected: str | None) -> None:
    assert create_time(value) == expected


@given(json_values)
def test_any_value_is_a_time_or_none(value: object) -> None:
    text, number = create_time(value), seconds(value)
    assert text is None or len(text) == len("20260203 08:00:00")
    assert text is None or number is not None
