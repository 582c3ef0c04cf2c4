"""Records that repeat the rounds before their question: each round is a row once."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.corpora.test_sessions import Told, told

Rounds = tuple[tuple[str, str], ...]


def alpaca(rounds: Rounds, **more: Any) -> dict[str, Any]:
    *before, (asked, said) = rounds
    history = {"history": [list(pair) for pair in before]} if before else {}
    return {"instruction": asked, "input": "", "output": said, **history, **more}


def swift(rounds: Rounds, **more: Any) -> dict[str, Any]:
    *before, (asked, said) = rounds
    return {"query": asked, "response": said, "history": [list(pair) for pair in before], **more}


LAYOUTS = {"alpaca": alpaca, "question_answer": swift}
TALK: Rounds = (("q1", "a1"), ("q2", "a2"), ("q3", "a3"))


def sessions(rows: list[Told]) -> list[list[tuple[int, str, str]]]:
    """Turn, question and answer of the rows of each session."""
    grouped: dict[str, list[tuple[int, str, str]]] = {}
    for session, turn, question, answer in rows:
        grouped.setdefault(session, []).append((turn, question, answer))
    return [sorted(rows) for rows in grouped.values()]


def whole(rounds: Rounds) -> list[tuple[int, str, str]]:
    return [(number, *pair) for number, pair in enumerate(rounds, 1)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 1, 3), (3,), (1, 3), (1, 2, 3, 2, 1)])
def test_a_conversation_is_there_once_in_whatever_order_its_records_come(
    layout: str, order: tuple[int, ...], tmp_path: Path
) -> None:
    records = [LAYOUTS[layout](TALK[:length]) for length in order]
    rows, summary = told(tmp_path, records)
    assert sessions(rows) == [whole(TALK)]
    assert set(summary.corpora.values()) == {layout}
    counted = summary.counts.left_out["records whose rounds another record has"]
    assert counted == sum(length <= max(order[:place], default=0) for place, length in enumerate(order))


@pytest.mark.parametrize("options", [{}, {"shard_size": 1}, {"shard_size": 1, "workers": 2}])
def test_ids_that_come_again_do_not_mix_conversations(options: dict[str, Any], tmp_path: Path) -> None:
    other: Rounds = (("r1", "b1"), ("r2", "b2"))
    first = [alpaca(TALK[:1], id=1), alpaca(other[:1], id=1), alpaca(other, id=1), alpaca(TALK[:2], id=1)]
    second = [{"id": 1, "conversations": [{"from": "human", "value": "h"}, {"from": "gpt", "value": "g"}]}]
    rows, _ = told(tmp_path, second, first, **options)
    assert sessions(rows) == [[(1, "h", "g")], whole(TALK[:2]), whole(other)]


def test_conversations_that_part_are_two(tmp_path: Path) -> None:
    parted = (*TALK[:1], ("q2", "other"))
    rows, _ = told(tmp_path, [alpaca(TALK[:1]), alpaca(TALK[:2]), alpaca(parted)])
    assert sessions(rows) == [whole(TALK[:2]), whole(parted)]


def test_files_without_a_history_keep_every_record(tmp_path: Path) -> None:
    rows, summary = told(tmp_path, [alpaca(TALK[:1]), alpaca(TALK[:1])])
    assert [row[2:] for row in rows] == [TALK[0], TALK[0]]
    assert not summary.counts.left_out


def test_a_history_is_found_beyond_the_first_records(tmp_path: Path) -> None:
    records = [alpaca(((f"q{number}", "a"),)) for number in range(50)]
    rows, _ = told(tmp_path, [*records, alpaca((("q49", "a"), ("r", "b")))])
    assert len(rows) == 51
    assert sessions(rows)[-1] == [(1, "q49", "a"), (2, "r", "b")]


words = st.text("ab", min_size=1, max_size=2)
talks = st.lists(
    st.lists(st.tuples(words, words), min_size=1, max_size=3).map(tuple), min_size=1, max_size=4, unique=True
)


@given(conversations=talks, layout=st.sampled_from(list(LAYOUTS)), chance=st.randoms(), ids=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_conversations_come_back(
    conversations: list[Rounds], layout: str, chance: Any, ids: bool, tmp_path: Path
) -> None:
    records = [
        LAYOUTS[layout](rounds[:length], **({"id": chance.choice(["1", "2"])} if ids else {}))
        for rounds in conversations
        for length in range(1, len(rounds) + 1)
    ]
    chance.shuffle(records)
    if not any(record.get("history") for record in records):
        return
    rows, _ = told(tmp_path, records)
    beginnings = {rounds[:length] for rounds in conversations for length in range(1, len(rounds) + 1)}
    wholes = [
        one for one in set(conversations) if not any(one == other[: len(one)] for other in beginnings - {one})
    ]
    assert sorted(json.dumps(session) for session in sessions(rows)) == sorted(
        json.dumps(whole(rounds)) for rounds in wholes
    )
