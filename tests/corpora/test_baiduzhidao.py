"""baiduzhidao: one question with its answer, and no id."""

import pytest
from hypothesis import given

from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import RejectedError
from tests.corpora.layouts import only, spoken
from tests.corpora.reading import pair_up, pairs_of, parse, shared, texts

baiduzhidao = CORPORA["baiduzhidao"]


@given(spoken, spoken)
def test_a_pair_comes_back_from_its_layout(question: str, answer: str) -> None:
    assert texts(pairs_of("baiduzhidao", {"input": question, "output": answer})) == [(question, answer)]


@pytest.mark.parametrize("record", [{"input": "q"}, {"input": "q", "output": None}, {"input": "q", "output": ""}])
def test_a_question_without_an_answer_is_kept(record: object) -> None:
    (pair,) = pairs_of("baiduzhidao", record)
    assert (pair.question, pair.answer, pair.answer_role) == ("q", "", "")


def test_the_session_comes_from_the_text_and_nothing_else() -> None:
    conversation, same, other = (
        only(baiduzhidao, record)
        for record in (
            {"input": "q", "output": "a"},
            {"output": "a", "input": "q", "kind": "x"},
            {"input": "q", "output": "b"},
        )
    )
    assert len(conversation.session) == 16
    assert conversation.session == same.session != other.session
    assert same.extra == {"kind": "x"}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"output": "a"}, '"input" is missing'),
        ({"input": "", "output": " "}, '"input" and "output" are blank'),
        ({"input": "q", "output": 1}, '"output" is a number, not text'),
    ],
)
def test_what_is_no_pair_is_rejected(value: object, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        baiduzhidao.read(value)
    assert str(caught.value) == reason


def test_a_record_with_an_instruction_is_of_another_layout() -> None:
    assert not baiduzhidao.is_record({"instruction": "i", "input": "q", "output": "a"})


def test_the_published_sample_gives_every_pair() -> None:
    path = shared("mnbvc_samples", "baiduzhidao-train-sample.jsonl")
    pairs, counts = pair_up(baiduzhidao, parse(path.read_text("utf-8")))
    assert (counts.pairs, counts.unanswered, counts.conversations) == (28, 0, 28)
    assert {pair.source for pair in pairs} == {"baiduzhidao"}
    assert len({pair.session for pair in pairs}) == 28
