"""Questions and answers in columns, under known names and named ones."""

from typing import Any

import pytest

from sharegpt_argilla.corpora.detection import detect
from sharegpt_argilla.corpora.formats.base import Options
from sharegpt_argilla.corpora.formats.question_answer import QuestionAnswer, likely_columns, parse_columns
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.pairing.pairing import Pairer
from sharegpt_argilla.errors import InputError, RejectedError, UsageError
from sharegpt_argilla.rows import Pair
from tests.corpora.reading import pairs_of


@pytest.mark.parametrize(
    ("record", "question", "answer", "extra"),
    [
        ({"instruction": "q", "context": "", "response": "a", "category": "qa"}, "q", "a", {"category": "qa"}),
        ({"instruction": "q", "context": "c", "response": "a"}, "q\n\nc", "a", {}),
        ({"instruction": "q", "response": "a"}, "q", "a", {}),
        ({"id": "x", "system_prompt": "s", "question": "q", "response": "a"}, "q", "a", {"system": "s"}),
        ({"question": "q", "answer": "a"}, "q", "a", {}),
        ({"query": "q", "response": "a", "history": None}, "q", "a", {}),
        ({"prompt": "q", "answer": "a"}, "q", "a", {}),
        ({"instruction": "q", "text": "", "target": "a"}, "q", "a", {}),
        ({"prompt": "q", "demonstration": "a"}, "q", "a", {}),
        ({"problem": "q", "solution": "a", "level": 3}, "q", "a", {"level": 3}),
        ({"task_id": "Own/0", "prompt": "q", "solution": "a", "test": "t"}, "q", "a", {"test": "t"}),
    ],
)
def test_the_columns_of_known_sets_are_known(
    record: dict[str, Any], question: str, answer: str, extra: dict[str, Any]
) -> None:
    assert detect([record]) == "question_answer"
    (pair,) = pairs_of("question_answer", record)
    assert (pair.question, pair.answer, pair.extra) == (question, answer, extra)


@pytest.mark.parametrize(
    "record",
    [
        {"question": "q", "solution": "a", "answer": "b"},
        {"question": "q", "prompt": "r", "answer": "b"},
        {"prompt": "q", "reply": "a"},
        {"prompt": "q", "labels": ["a"]},
        {"prompt": "q", "verdict": {"text": "a"}},
        {"title": "q"},
        {"task_id": "Own/0", "prompt": "q", "canonical_solution": "a", "test": "t"},
    ],
)
def test_what_leaves_a_choice_is_refused_and_never_read_as_prompts(record: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"no known corpus looks like this \(keys: "):
        detect([record])


@pytest.mark.parametrize("record", [{"prompt": "q"}, {"prompt": "q", "source": "s", "length": 3}])
def test_prompts_alone_are_prompts(record: dict[str, Any]) -> None:
    assert detect([record]) == "kochatgpt_ppo"


def named(columns: str, *records: dict[str, Any]) -> list[Pair]:
    corpus = QuestionAnswer().with_options(Options(columns=parse_columns(columns)))
    assert all(map(corpus.is_record, records))
    pairer = Pairer(corpus.name, corpus.source)
    return [pair for record in records for found in corpus.read(record) for pair in pairer.add(found)]


def test_columns_may_be_named() -> None:
    columns = "question=body, answer=reply,system=role,session=thread,turn=n,context=more"
    rows: list[dict[str, Any]] = [
        {"body": "q", "reply": "a", "role": "Be brief.", "thread": "t1", "n": 1, "more": "", "lang": "en"},
        {"body": "r", "reply": None, "role": "", "thread": "t1", "n": "2", "more": "m"},
    ]
    first, second = named(columns, *rows)
    assert (first.question, first.answer, first.session, first.turn) == ("q", "a", "t1", 1)
    assert first.extra == {"system": "Be brief.", "lang": "en"}
    assert (second.question, second.answer, second.session, second.turn) == ("r\n\nm", "", "t1", 2)
    assert second.extra == {}


def test_numbers_are_answers_too() -> None:
    (pair,) = named("question=q,answer=a", {"q": "2 + 2?", "a": 4})
    assert pair.answer == "4"


@pytest.mark.parametrize("number", [0, -1, True, "x", None, 1.5])
def test_a_turn_that_is_no_number_is_rejected(number: Any) -> None:
    with pytest.raises(RejectedError, match='"n" is no number of a turn, which count from 1'):
        named("question=q,turn=n", {"q": "x", "n": number})


@pytest.mark.parametrize("text", ["", "question", "question=", "answer=a", "asked=q", "question=q,,answer=a"])
def test_columns_of_another_form_are_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="--columns"):
        parse_columns(text)


def test_likely_columns_are_named_in_a_hint() -> None:
    assert likely_columns({"user_question": "q", "final_answer": "a", "n": 1}) == ("user_question", "final_answer")
    assert likely_columns({"a": "q", "b": "a"}) is None
    assert likely_columns({"question_answer": "both"}) is None


def test_it_stands_in_the_table_without_columns() -> None:
    corpus = CORPORA["question_answer"]
    assert isinstance(corpus, QuestionAnswer)
    assert corpus.columns == {}
