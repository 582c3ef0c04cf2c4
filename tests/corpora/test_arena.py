"""Chatbot Arena: two conversations a record."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import RejectedError
from tests.corpora.layouts import texts as some_text
from tests.corpora.reading import pair_up, pairs_of, texts

arena = CORPORA["arena"]
Turns = list[tuple[str, str]]


def record(a: Turns, b: Turns, **others: Any) -> dict[str, Any]:
    sides = {
        f"conversation_{side}": [{"content": text, "role": role} for role, text in turns]
        for side, turns in (("a", a), ("b", b))
    }
    named = {
        "question_id": "q" * 8,
        "model_a": "koala",
        "model_b": "alpaca",
        "winner": "model_b",
        "judge": "user_1",
    }
    return {**named, **sides, "language": "English", "tstamp": 1682351591.13, **others}


turn_lists = st.lists(st.tuples(st.sampled_from(["user", "assistant"]), some_text), min_size=1, max_size=4)


@given(turn_lists, turn_lists)
def test_both_conversations_come_back_from_the_layout(a: Turns, b: Turns) -> None:
    read = arena.read(record(a, b))
    assert [[(turn.spelling, turn.text) for turn in one.turns] for one in read] == [a, b]


def test_each_knows_its_model_its_side_and_the_winner() -> None:
    pairs, counts = pair_up(
        arena, [record([("user", "q"), ("assistant", "a")], [("user", "q"), ("assistant", "b")])]
    )
    assert texts(pairs) == [("q", "a"), ("q", "b")]
    assert [pair.session for pair in pairs] == ["qqqqqqqq_a", "qqqqqqqq_b"]
    assert [pair.turn for pair in pairs] == [1, 1]
    shared = {"question_id": "qqqqqqqq", "winner": "model_b", "language": "English"}
    assert [pair.extra for pair in pairs] == [
        {**shared, "model": "koala", "side": "model_a"},
        {**shared, "model": "alpaca", "side": "model_b"},
    ]
    assert {pair.created for pair in pairs} == {"20230424 15:53:11"}
    assert counts.conversations == 2


def test_without_an_id_both_sides_give_one() -> None:
    one, other = ([("user", "q"), ("assistant", text)] for text in ("a", "b"))
    first = arena.read(record(one, other, question_id=None))
    assert first[0].session.removesuffix("_a") == first[1].session.removesuffix("_b")
    assert first[0].session != arena.read(record(one, one, question_id=None))[0].session


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (record([("user", "q")], []), '"conversation_b" is empty'),
        (record([("robot", "q")], [("user", "q")]), '"conversation_a": message 1: unknown role "robot"'),
    ],
)
def test_a_record_with_one_unusable_side_is_rejected(value: object, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        arena.read(value)
    assert str(caught.value).startswith(reason)


def test_the_sets_of_2025_have_other_names_for_id_and_time() -> None:
    def parts(role: str, text: str) -> dict[str, Any]:
        return {"role": role, "content": [{"type": "text", "text": text, "image": None, "mimeType": None}]}

    vote = {
        "model_a": "m",
        "model_b": "n",
        "winner": "both_bad",
        "timestamp": "2025-04-17T10:00:00",
        "is_code": True,
    }
    sides = {f"conversation_{side}": [parts("user", "q"), parts("assistant", side)] for side in "ab"}
    pairs = pairs_of("arena", {"id": "v1", **vote, **sides}, {"id": "v2", **vote, **sides})
    assert [pair.session for pair in pairs] == ["v1_a", "v1_b", "v2_a", "v2_b"]
    assert {pair.created for pair in pairs} == {"20250417 10:00:00"}
    assert pairs[0].extra["is_code"] is True
    assert pairs[0].extra["winner"] == "both_bad"


def test_votes_of_search_arena_have_messages() -> None:
    sides = {f"messages_{side}": [{"role": "user", "content": "q"}] for side in "ab"}
    assert CORPORA["arena"].is_record(sides)
    assert [pair.session for pair in pairs_of("arena", {"question_id": "s", **sides})] == ["s_a", "s_b"]


def test_the_texts_of_2024_are_lists_in_json() -> None:
    record = {
        "id": 53,
        "model_a": "m",
        "model_b": "n",
        "prompt": '["q1", "q2"]',
        "response_a": '["a1", null]',
        "response_b": '["b1", "b2"]',
        "winner_model_a": 0,
        "winner_model_b": "1",
        "winner_tie": 0,
    }
    pairs = pairs_of("arena", record)
    assert [(pair.session, pair.question, pair.answer) for pair in pairs] == [
        ("53_a", "q1", "a1"),
        ("53_a", "q2", ""),
        ("53_b", "q1", "b1"),
        ("53_b", "q2", "b2"),
    ]
    assert {pair.extra["winner"] for pair in pairs} == {"model_b"}
    with pytest.raises(RejectedError, match='"prompt" has 2 texts and "response_a" 1'):
        CORPORA["arena"].read({**record, "response_a": '["a1"]'})
