"""Prompts with an answer, as GPT4All and KoChatGPT spell them, and prompts without."""

from typing import Any

import pytest
from hypothesis import given

from sharegpt_argilla.corpora.formats.base import Turn
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import RejectedError
from tests.corpora.layouts import only, spoken, texts

pairs, sft, ppo = CORPORA["prompt_response"], CORPORA["kochatgpt_sft"], CORPORA["kochatgpt_ppo"]


@given(spoken, texts)
def test_prompt_and_answer_are_the_turns(prompt: str, answer: str) -> None:
    for corpus, key in ((pairs, "response"), (pairs, "completion"), (sft, "completion")):
        read = only(corpus, {"prompt": prompt, key: answer})
        assert read.turns == [Turn("human", prompt, "prompt"), Turn("gpt", answer, key)]


def test_other_keys_are_kept_in_every_spelling() -> None:
    assert only(pairs, {"prompt": "q", "response": "a", "source": "s", "statement": "t"}).extra == {
        "source": "s",
        "statement": "t",
    }
    assert only(sft, {"prompt": "q", "completion": "a", "token": 3, "tokens": 4}).extra == {
        "token": 3,
        "tokens": 4,
    }


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({}, "the record is empty: {}"),
        ({"message": "no"}, 'an error message in place of a record: its only key is "message"'),
        ({"prompt": "an answer that slid", "tokens": 516}, '"completion" is missing'),
        ({"prompt": "q", "complation": "a"}, '"completion" is missing; misspelt as "complation"?'),
        ({"prompt": "", "completion": "a"}, '"prompt" is blank'),
        ({"prompt": {"prompt": "q", "completion": "a"}}, '"prompt" contains another record, not text'),
        ({"prompt": "q", "completion": None}, '"completion" is null, not text'),
    ],
)
def test_the_rows_that_went_wrong_are_told_apart(record: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        sft.read(record)
    assert str(caught.value) == reason


def test_both_spellings_of_the_answer_are_named_when_it_is_missing() -> None:
    with pytest.raises(RejectedError, match='"response" and "completion" are missing'):
        pairs.read({"prompt": "q"})


def test_prompts_have_no_answer_unless_one_is_there_after_all() -> None:
    assert [turn.text for turn in only(ppo, {"prompt": "q"}).turns] == ["q"]
    assert [turn.text for turn in only(ppo, {"prompt": "q", "input": "", "output": ""}).turns] == ["q"]
    kept = only(ppo, {"prompt": "q", "input": "i", "completion": "a", "token": 2})
    assert [turn.text for turn in kept.turns] == ["q\n\ni", "a"]
    assert kept.extra == {"token": 2}


def test_a_blank_prompt_is_rejected() -> None:
    with pytest.raises(RejectedError, match='"prompt" is blank'):
        ppo.read({"prompt": " "})


@pytest.mark.parametrize(
    ("record", "names"),
    [
        ({"prompt": "q"}, {"kochatgpt_ppo"}),
        ({"prompt": "q", "response": "a"}, {"prompt_response"}),
        ({"prompt": "q", "completion": "a"}, {"prompt_response"}),
        ({"prompt": "q", "completion": "a", "token": 1}, {"prompt_response", "kochatgpt_sft"}),
        ({"prompt": "q", "completion_0": "a", "completion_1": "b"}, {"kochatgpt_rm"}),
        ({"prompt": "q", "chosen": "a", "rejected": "b"}, {"preference"}),
        ({"prompt": ["q"]}, set()),
    ],
)
def test_the_layouts_with_a_prompt_are_told_apart(record: dict[str, Any], names: set[str]) -> None:
    assert {name for name, corpus in CORPORA.items() if corpus.is_record(record)} == names


def test_the_narrower_layout_stands_first_in_the_table() -> None:
    names = list(CORPORA)
    assert names.index("kochatgpt_sft") < names.index("prompt_response")
