"""Turns to pairs: what is kept, joined, dropped, and that every turn is accounted for."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.base import Conversation
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.pairing.pairing import Counts, Pairer
from sharegpt_argilla.rows import Pair
from tests.corpora.layouts import conversation, only


def pair_up(*conversations: Conversation) -> tuple[list[Pair], Counts]:
    pairer = Pairer("vicuna", "ShareGPT")
    pairs = [pair for one in conversations for pair in pairer.add(one)]
    return [*pairs, *pairer.finish()], pairer.counts


def read(*turns: str, identity: str = "plain") -> Conversation:
    return only(CORPORA["vicuna"], conversation(*turns, identity=identity))


def short(pairs: Sequence[Pair]) -> list[tuple[int, str, str]]:
    return [(pair.turn, pair.question, pair.answer) for pair in pairs]


@pytest.mark.parametrize(
    ("turns", "pairs", "counts"),
    [
        (["h: q1", "g: a1", "h: q2", "g: a2"], [(1, "q1", "a1"), (2, "q2", "a2")], {}),
        (["h: q1"], [(1, "q1", "")], {"unanswered": 1}),
        (["h: q1", "h: q2", "g: a2"], [(1, "q1", ""), (2, "q2", "a2")], {"unanswered": 1}),
        (["h: q1", "h: q2"], [(1, "q1", ""), (2, "q2", "")], {"unanswered": 2}),
        (["h: q1", "g: a", "g: b"], [(1, "q1", "a\n\nb")], {"answers_joined": 1}),
        (["g: a", "g: b", "h: q1"], [(1, "q1", "")], {"unanswered": 1, "answers_dropped": 2}),
        (["h:  \n", "g: a", "h: q", "g: b"], [(1, "q", "b")], {"questions_blank": 1, "answers_dropped": 1}),
        (["h: q", "g: \t"], [(1, "q", "")], {"unanswered": 1, "answers_blank": 1}),
        (["h: q", "g: ", "g: a"], [(1, "q", "a")], {"answers_blank": 1}),
        (["g: a"], [], {"answers_dropped": 1}),
        (["s: only this"], [], {}),
    ],
)
def test_the_rules_on_a_whole_conversation(turns: list[str], pairs: list[Any], counts: dict[str, Any]) -> None:
    made, counted = pair_up(read(*turns))
    assert short(made) == pairs
    assert counted == Counts(conversations=1, pairs=len(pairs), **counts)


def test_roles_keep_the_spelling_of_the_corpus() -> None:
    record = conversation("h: q1", "g: a1", "g: more", "h: q2", "g: ")
    for turn, spelling in zip(record["conversations"], ["User", "bing", "bard", "human", "gpt"], strict=True):
        turn["from"] = spelling
    (first, second), _ = pair_up(only(CORPORA["vicuna"], record))
    assert (first.question_role, first.answer_role) == ("User", "bing")
    assert (second.question_role, second.answer_role) == ("human", "")


def test_system_turns_before_the_first_question_go_with_every_pair() -> None:
    pairs, _ = pair_up(read("s: be brief", "s: and kind", "s:  ", "h: q1", "g: a1", "h: q2"))
    assert [pair.extra for pair in pairs] == [{"system": "be brief\n\nand kind"}] * 2


@pytest.mark.parametrize(
    ("turns", "told"),
    [
        (["s: one", "h: q", "g: a", "s: two", "h: r", "g: b", "h: t"], ["one", "one\n\ntwo", "one\n\ntwo"]),
        (["h: q", "g: a", "s: two", "s:  ", "h: r", "g: b"], [None, "two"]),
        (["h: q", "s: two", "g: a", "h: r"], ["two", "two"]),
        (["h: q", "s: two", "h: r"], ["two", "two"]),
        (["s: one", "h: q", "g: a", "s: two"], ["one\n\ntwo"]),
        (["s: one", "h: q", "s:  ", "g: a"], ["one"]),
        (["h:  ", "s: two", "h: r"], ["two"]),
    ],
)
def test_a_system_turn_in_the_middle_is_not_told_of_what_was_said_before_it(
    turns: list[str], told: list[str | None]
) -> None:
    pairs, _ = pair_up(read(*turns))
    assert [pair.extra.get("system") for pair in pairs] == told


PIECES = [
    read("h: q1", "g: a1", "h: q2", identity="AAAAAAA_0"),
    read("g: a2", "h: q3", "g: a3", "h: q4", identity="AAAAAAA_3"),
    read("g: a4", identity="AAAAAAA_7"),
    read("h: q5", "g: a5", identity="AAAAAAA_8"),
]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_pieces_are_stitched_in_any_order(order: tuple[int, ...]) -> None:
    pairs, counts = pair_up(*(PIECES[place] for place in order))
    assert sorted(short(pairs)) == [(n, f"q{n}", f"a{n}") for n in range(1, 6)]
    assert {pair.session for pair in pairs} == {"AAAAAAA"}
    assert counts == Counts(conversations=4, pairs=5, stitched=2)


def test_other_conversations_between_the_pieces_do_not_matter() -> None:
    others = [read("h: q", identity=f"other{number}") for number in range(3)]
    strangers = [read("g: x", identity="BBBBBBB_3"), read("h: y", identity="AAAAAAA_4")]
    pairs, counts = pair_up(PIECES[1], *others, *strangers, PIECES[0])
    assert (2, "q2", "a2") in short(pairs)
    assert (counts.stitched, counts.answers_dropped, counts.unanswered) == (1, 1, 5)


def test_halves_that_find_no_other_come_last_or_are_dropped() -> None:
    open_question = read("h: q1", "g: a1", "h: q2", identity="AAAAAAA_0")
    open_answer = read("g: lost", "h: q9", "g: a9", identity="BBBBBBB_15")
    pairs, counts = pair_up(open_question, open_answer)
    assert short(pairs) == [(1, "q1", "a1"), (9, "q9", "a9"), (2, "q2", "")]
    assert counts == Counts(conversations=2, pairs=3, unanswered=1, answers_dropped=1)


def test_several_answers_at_the_start_of_a_piece_are_joined() -> None:
    pairs, counts = pair_up(
        read("g: a", "g: b", "h: q2", "g: c", identity="AAAAAAA_1"), read("h: q1", identity="AAAAAAA_0")
    )
    assert short(pairs) == [(2, "q2", "c"), (1, "q1", "a\n\nb")]
    assert (counts.answers_joined, counts.stitched) == (1, 1)


def test_an_answer_to_a_blank_question_of_the_piece_before_is_dropped() -> None:
    pairs, counts = pair_up(read("h:  ", identity="AAAAAAA_0"), read("g: a", identity="AAAAAAA_1"))
    assert pairs == []
    assert counts == Counts(conversations=2, questions_blank=1, answers_dropped=1)


def test_the_same_piece_twice_waits_twice() -> None:
    question, answer = read("h: q1", identity="AAAAAAA_0"), read("g: a1", identity="AAAAAAA_1")
    pairs, counts = pair_up(question, question, answer, answer, answer)
    assert short(pairs) == [(1, "q1", "a1")] * 2
    assert (counts.stitched, counts.answers_dropped) == (2, 1)


def test_a_conversation_that_is_no_piece_never_waits() -> None:
    pairer = Pairer("gpt4", "ShareGPT")
    one = only(CORPORA["gpt4"], conversation("g: a", "h: q", identity="AAAAAAA_1"))
    assert short(list(pairer.add(one))) == [(1, "q", "")]
    assert list(pairer.finish()) == []


turn_lists = st.lists(
    st.tuples(st.sampled_from("hgs"), st.sampled_from(["", " ", "x", "y z"])).map(": ".join),
    min_size=1,
    max_size=8,
)


@given(st.lists(st.tuples(turn_lists, st.integers(0, 8)), max_size=6))
def test_every_turn_is_accounted_for(pieces: list[tuple[list[str], int]]) -> None:
    conversations = [read(*turns, identity=f"AAAAAAA_{offset}") for turns, offset in pieces]
    pairs, counts = pair_up(*conversations)
    turns = [turn for one in conversations for turn in one.turns]
    assert sum(turn.role == "human" for turn in turns) == counts.pairs + counts.questions_blank
    answered = counts.pairs - counts.unanswered
    kept = answered + counts.answers_joined + counts.answers_dropped + counts.answers_blank
    assert sum(turn.role == "gpt" for turn in turns) == kept
    assert sum(1 for pair in pairs if pair.answer) == answered
    assert all(pair.question.strip() and pair.turn >= 1 for pair in pairs)
