"""The Alpaca layout and the seed tasks of Self-Instruct."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.base import Turn
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import RejectedError
from tests.corpora.layouts import only, spoken, texts

alpaca, seed_tasks = CORPORA["alpaca"], CORPORA["seed_tasks"]


@pytest.mark.parametrize(
    ("instruction", "given_input", "question"),
    [
        ("do", "this", "do\n\nthis"),
        ("do", "", "do"),
        ("do", " \n", "do"),
        ("", "this", "this"),
        ("do", None, "do"),
    ],
)
def test_instruction_and_input_are_joined_with_a_blank_line(
    instruction: str, given_input: str | None, question: str
) -> None:
    read = only(alpaca, {"instruction": instruction, "input": given_input, "output": "done"})
    assert read.turns == [Turn("human", question, "instruction"), Turn("gpt", "done", "output")]


def test_the_input_may_be_missing() -> None:
    assert only(alpaca, {"instruction": "do", "output": "done"}).turns[0].text == "do"


def test_history_comes_first_and_the_system_text_before_it() -> None:
    record = {"instruction": "q3", "output": "a3", "system": "s", "history": [["q1", "a1"], ["q2", "a2"]]}
    read = only(alpaca, record)
    assert [turn.text for turn in read.turns] == ["s", "q1", "a1", "q2", "a2", "q3", "a3"]
    assert [turn.role for turn in read.turns] == ["system", *["human", "gpt"] * 3]
    assert read.extra == {}


def test_the_neighbours_that_a_generator_found_are_left_out_and_its_score_is_kept() -> None:
    record = {
        "instruction": "q",
        "output": "a",
        "most_similar_instructions": {"other": 0.5},
        "avg_similarity_score": 0.25,
    }
    assert only(alpaca, record).extra == {"avg_similarity_score": 0.25}


def test_a_session_is_the_id_or_made_of_the_content() -> None:
    record = {"instruction": "q", "output": "a"}
    assert only(alpaca, {**record, "id": "x7"}).session == "x7"
    assert only(alpaca, record).session == only(alpaca, dict(record)).session
    assert only(alpaca, record).session != only(alpaca, {**record, "output": "b"}).session


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"instruction": "q"}, '"output" is missing'),
        ({"instruction": "q", "ouput": "a"}, '"output" is missing; misspelt as "ouput"?'),
        ({"instruction": "q", "output": None}, '"output" is null, not text'),
        ({"output": "a"}, '"instruction" is missing'),
        ({"instruction": "", "input": " ", "output": "a"}, '"instruction" is blank'),
        ({"instruction": "q", "input": ["x"], "output": "a"}, '"input" is a list, not text'),
        ({"instruction": "q", "output": "a", "history": "x"}, '"history" is text, not a list'),
        ({"instruction": "q", "output": "a", "history": [["x"]]}, '"history" 1 is not a question and an answer'),
        (
            {"instruction": "q", "output": "a", "history": [["x", 1]]},
            '"history" 1 is not a question and an answer',
        ),
    ],
)
def test_what_is_no_record_is_rejected_with_its_reason(record: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        alpaca.read(record)
    assert str(caught.value).startswith(reason)


@given(st.lists(st.tuples(texts, texts), max_size=3), spoken, texts)
def test_what_is_written_in_the_layout_is_read_back(
    history: list[tuple[str, str]], asked: str, answer: str
) -> None:
    read = only(
        alpaca, {"instruction": asked, "input": "", "output": answer, "history": [list(p) for p in history]}
    )
    found = [turn.text for turn in read.turns]
    assert list(zip(found[::2], found[1::2], strict=True)) == [*history, (asked, answer)]


def test_a_task_with_one_instance_keeps_its_id() -> None:
    record = {"id": "t1", "name": "n", "instruction": "do", "instances": [{"input": "i", "output": "o"}]}
    read = only(seed_tasks, {**record, "is_classification": False})
    assert (read.session, read.turns[0].text, read.turns[1].text) == ("t1", "do\n\ni", "o")
    assert read.extra == {"name": "n", "is_classification": False}


def test_each_instance_of_a_task_is_a_conversation_of_its_own() -> None:
    instances = [{"input": "i", "output": "o"}, {"input": "", "output": "p"}]
    found = seed_tasks.read({"id": "t1", "instruction": "do", "instances": instances})
    assert [(talk.session, talk.extra["instance"]) for talk in found] == [("t1-1", 1), ("t1-2", 2)]
    assert [talk.turns[0].text for talk in found] == ["do\n\ni", "do"]


@pytest.mark.parametrize(
    ("instances", "reason"),
    [
        (None, '"instances" is null, not a list'),
        ([], '"instances" is empty'),
        (["x"], "instance 1 is text, not an object"),
        ([{"input": "x"}], 'instance 1: "output" is missing'),
        (
            [{"input": "x", "output": "y"}, {"input": 1, "output": "y"}],
            'instance 2: "input" is a number, not text',
        ),
    ],
)
def test_an_instance_that_is_none_rejects_the_task(instances: Any, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        seed_tasks.read({"instruction": "do", "instances": instances})
    assert str(caught.value) == reason


def test_the_two_layouts_are_told_apart() -> None:
    row = {"instruction": "q", "input": "", "output": "a"}
    task = {"instruction": "q", "instances": [{"input": "", "output": "a"}]}
    assert (alpaca.is_record(row), alpaca.is_record(task)) == (True, False)
    assert (seed_tasks.is_record(row), seed_tasks.is_record(task)) == (False, True)
