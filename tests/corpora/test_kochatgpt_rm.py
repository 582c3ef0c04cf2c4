"""Ranked completions: what the ranking means, and what becomes of one that cannot be used."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.base import Configurable, Conversation, Options
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import RejectedError
from tests.corpora.layouts import spoken

order = CORPORA["kochatgpt_rm"]
assert isinstance(order, Configurable)
rank = order.with_options(Options(ranking="rank"))


def record(*completions: str, **more: Any) -> dict[str, Any]:
    return {"prompt": "q", **{f"completion_{number}": text for number, text in enumerate(completions)}, **more}


def ranks(found: Sequence[Conversation]) -> dict[str, int | None]:
    return {talk.turns[1].text: talk.extra["rank"] for talk in found}


def test_the_default_reads_the_numbers_from_best_to_worst() -> None:
    assert ranks(order.read(record("a", "b", "c", ranking=[1, 2, 0]))) == {"b": 0, "c": 1, "a": 2}


def test_the_other_reading_is_the_rank_of_each() -> None:
    assert ranks(rank.read(record("a", "b", "c", ranking=[1, 2, 0]))) == {"a": 1, "b": 2, "c": 0}
    assert ranks(order.read(record("a", "b", "c", ranking=[1, 2, 0])))["b"] == 0, "the member itself is unchanged"


@given(st.permutations(range(5)))
def test_the_two_readings_are_each_others_inverse(ranking: list[int]) -> None:
    texts = [f"answer {number}" for number in range(5)]
    assert ranks(order.read(record(*texts, ranking=ranking))) == {
        texts[number]: place for place, number in enumerate(ranking)
    }
    inverse = [ranking.index(number) for number in range(5)]
    assert ranks(order.read(record(*texts, ranking=ranking))) == ranks(rank.read(record(*texts, ranking=inverse)))


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ({}, "rankings missing"),
        ({"ranking": None}, "rankings missing"),
        ({"ranking": []}, "rankings that are no permutation"),
        ({"ranking": [1, 2, 0, 3]}, "rankings that are no permutation"),
        ({"ranking": [0, 0, 1]}, "rankings that are no permutation"),
        ({"ranking": [1, 2, 3]}, "rankings that are no permutation"),
        ({"ranking": [True, 0, 2]}, "rankings that are no permutation"),
        ({"ranking": "0, 1, 2"}, "rankings that are no permutation"),
    ],
)
@pytest.mark.parametrize("corpus", [order, rank], ids=["order", "rank"])
def test_without_a_usable_ranking_there_are_rows_without_a_rank(corpus: Any, more: Any, count: str) -> None:
    found = corpus.read(record("a", "b", "c", **more))
    assert ranks(found) == {"a": None, "b": None, "c": None}
    assert found[0].left_out == {count: 1}
    assert all(not talk.left_out for talk in found[1:])


def test_all_completions_of_a_record_share_a_session_and_know_their_number() -> None:
    conversations = order.read(record("a", "a", ranking=[0, 1], source="s"))
    assert len({talk.session for talk in conversations}) == 1
    assert [talk.extra for talk in conversations] == [
        {"source": "s", "completion": 0, "rank": 0},
        {"source": "s", "completion": 1, "rank": 1},
    ]
    assert [talk.turns[1].spelling for talk in conversations] == ["completion_0", "completion_1"]


def test_blank_completions_give_no_row_and_leave_the_other_ranks_alone() -> None:
    found = order.read(record("a", " ", "c", ranking=[2, 1, 0]))
    assert ranks(found) == {"a": 2, "c": 0}
    assert found[0].left_out == {"blank completions": 1}


def test_a_record_without_any_answer_is_one_question() -> None:
    (found,) = order.read(record("", "", ranking=[0, 1]))
    assert [turn.text for turn in found.turns] == ["q"]
    assert found.left_out == {"blank completions": 2}


def test_a_completion_without_a_number_is_counted() -> None:
    found = order.read(record("a", "b", ranking=[1, 0], completion="z"))
    assert ranks(found) == {"a": 1, "b": 0}
    assert found[0].left_out == {"completions without a number": 1}


def test_numbers_may_have_a_gap() -> None:
    ranking = {"prompt": "q", "completion_0": "a", "completion_2": "c", "ranking": [2, 0]}
    assert ranks(order.read(ranking)) == {"a": 1, "c": 0}
    assert ranks(rank.read({**ranking, "ranking": [1, 0]})) == {"a": 1, "c": 0}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"prompt": "q", "completion": "a"}, '"completion_0" is missing; "completion" makes this a record of'),
        ({"prompt": "q", "ranking": [0]}, '"completion_0" is missing'),
        ({"prompt": "", "completion_0": "a"}, '"prompt" is blank'),
        ({"prompt": "q", "completion_0": "a", "completion_1": None}, '"completion_1" is null, not text'),
    ],
)
def test_what_is_no_record_is_rejected_with_its_reason(value: Any, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        order.read(value)
    assert str(caught.value).startswith(reason)


@given(spoken, st.lists(spoken, min_size=1, max_size=4))
def test_what_is_written_in_the_layout_is_read_back(prompt: str, completions: list[str]) -> None:
    found = order.read({**record(*completions), "prompt": prompt})
    assert [tuple(turn.text for turn in talk.turns) for talk in found] == [(prompt, text) for text in completions]
