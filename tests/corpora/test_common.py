"""ShareGPT-Chinese-English-90k: rounds of a question and an answer, and a category to tidy."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.sharegpt_90k import tidy_category
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import build_row
from tests.corpora.layouts import only, spoken
from tests.corpora.reading import pair_up, pairs_of, parse, shared, texts

common_en: Any = CORPORA["common_en"]
common_zh: Any = CORPORA["common_zh"]


def record(*rounds: Any, category: Any = "Other") -> dict[str, Any]:
    return {"conversation_id": "abc1234", "category": category, "conversation": list(rounds)}


@given(st.lists(st.tuples(spoken, spoken), min_size=1, max_size=5))
def test_a_conversation_comes_back_from_its_layout(rounds: list[tuple[str, str]]) -> None:
    written = record(*({"human": question, "assistant": answer} for question, answer in rounds))
    read = only(common_en, written)
    assert [(turn.spelling, turn.text) for turn in read.turns] == [
        said for question, answer in rounds for said in (("human", question), ("assistant", answer))
    ]
    assert texts(pairs_of("common_en", written)) == rounds


@pytest.mark.parametrize(
    ("raw", "tidy"),
    [
        ("Category tag: Marketing\n\n", "Marketing"),
        ("Category tag: Health and Medicine\n\n", "Health and Medicine"),
        ("Finance, Business: \n\n", "Finance, Business"),
        ("Natural Science, ", "Natural Science"),
        ("\n\nTags: Law\nand order.", "Law and order"),
        ("类别标签：金融", "金融"),
        ("Categorytheory", "Categorytheory"),
        ("Grammar, category: nouns", "Grammar, category: nouns"),
        ("Computer Science (C++)", "Computer Science (C++)"),
        (": \n", ""),
    ],
)
def test_a_category_loses_what_the_model_wrote_around_it(raw: str, tidy: str) -> None:
    assert tidy_category(raw) == tidy
    (pair,) = pairs_of("common_en", record({"human": "q", "assistant": "a"}, category=raw))
    assert pair.extra == {"category": tidy or None}


@pytest.mark.parametrize("category", [None, 7, ["a"]])
def test_a_category_that_is_no_text_does_not_cost_the_record(category: Any) -> None:
    (pair,) = pairs_of("common_en", record({"human": "q", "assistant": "a"}, category=category))
    assert pair.extra == {"category": category}


@pytest.mark.parametrize(
    ("rounds", "pairs", "counts"),
    [
        ([{"human": "q", "assistant": "a"}, {"human": "q2"}], [("q", "a"), ("q2", "")], {"unanswered": 1}),
        ([{"human": "q", "assistant": None}], [("q", "")], {"unanswered": 1}),
        ([{"human": "q", "assistant": " "}], [("q", "")], {"unanswered": 1, "answers_blank": 1}),
        (
            [{"human": "q", "assistant": "a"}, {"assistant": "lost"}],
            [("q", "a")],
            {"questions_blank": 1, "answers_dropped": 1},
        ),
    ],
)
def test_half_a_round_is_kept_or_counted(rounds: Any, pairs: Any, counts: dict[str, int]) -> None:
    made, counted = pair_up(common_en, [record(*rounds)])
    assert texts(made) == pairs
    assert {key: getattr(counted, key) for key in counts} == counts


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"category": "a"}, '"conversation" is missing'),
        (record(), '"conversation" is empty'),
        (record("text"), "round 1 is text, not an object"),
        (record({"human": "q"}, {}), 'round 2: "human" and "assistant" are missing'),
        (record({"human": 1}), 'round 1: "human" is a number, not text'),
        (record({"human": "q", "assistant": []}), 'round 1: "assistant" is a list, not text'),
    ],
)
def test_what_is_no_conversation_is_rejected(value: object, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        common_en.read(value)
    assert str(caught.value) == reason


def test_the_two_languages_share_sessions_but_not_ids() -> None:
    written = record({"human": "q", "assistant": "a"})
    english, chinese = (pairs_of(name, written)[0] for name in ("common_en", "common_zh"))
    assert english.session == chinese.session == "abc1234"
    assert build_row(english, "20230101 00:00:00")["id"] != build_row(chinese, "20230101 00:00:00")["id"]


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("How are you?", False),
        ("你好", True),
        ("用Python写一个函数 def add_two_numbers(first, second)", True),
        ("The sign 中 stands on a hundred and more of the doors in this town, says the guide", False),
        ("", False),
    ],
)
def test_the_script_tells_the_languages_apart(text: str, chinese: bool) -> None:
    values = [record({"human": text, "assistant": ""})]
    assert common_zh.is_typical(values) is chinese
    assert common_en.is_typical(values) is not chinese


@pytest.mark.parametrize(("language", "expected"), [("en", 15), ("zh", 14)])
def test_the_published_samples_give_every_pair(language: str, expected: int) -> None:
    path = shared("mnbvc_samples", f"common_{language}_sample_230805.json")
    pairs, counts = pair_up(CORPORA[f"common_{language}"], parse(path.read_text("utf-8")))
    assert (len(pairs), counts.unanswered, counts.answers_dropped) == (expected, 0, 0)
    categories = {pair.extra["category"] for pair in pairs}
    assert categories == {"Finance, Business", "Business", "Marketing", "Natural Science", "Health and Medicine"}
