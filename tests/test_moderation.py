"""Moderation columns: three spellings, one object a conversation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.moderation import CATEGORIES, category, detoxify_moderation, openai_moderation

SPELLINGS = [
    (name, spelling)
    for name in CATEGORIES
    for spelling in sorted({name, name.replace("/", "_"), name.replace("/", "_").replace("-", "_"), name.upper()})
]


@pytest.mark.parametrize(("name", "spelling"), SPELLINGS)
def test_every_spelling_is_one_category(name: str, spelling: str) -> None:
    assert category(spelling) == name


def test_an_unknown_category_keeps_its_spelling() -> None:
    assert category("Self_Praise") == "Self_Praise"


def test_the_highest_of_all_messages_and_spellings_counts() -> None:
    column = [
        {
            "flagged": False,
            "categories": {"self-harm/intent": False, "self_harm_intent": None, "hate": None},
            "category_scores": {"self-harm/intent": 0.12344, "self_harm_intent": None, "hate": 0.00001},
        },
        {
            "flagged": True,
            "categories": {"self_harm_intent": True, "hate": False},
            "category_scores": {"self_harm_intent": 0.98765, "hate": 0.5},
        },
    ]
    assert openai_moderation(column) == {
        "flagged": True,
        "categories": ["self-harm/intent"],
        "scores": {"hate": 0.5, "self-harm/intent": 0.9877},
    }
    assert openai_moderation(column[0]) == {
        "flagged": False,
        "categories": [],
        "scores": {"hate": 0.0, "self-harm/intent": 0.1234},
    }


@pytest.mark.parametrize(
    "column",
    [None, [], {}, [{}], [None], "x", {"flagged": None, "categories": None, "category_scores": {"hate": None}}],
)
def test_a_column_that_says_nothing_is_none(column: object) -> None:
    assert openai_moderation(column) is None
    assert detoxify_moderation(column) is None


def test_detoxify_keeps_the_highest_score_of_each_name() -> None:
    column = [{"toxicity": 0.1, "insult": 0.3}, {"toxicity": 0.25, "insult": None}, {}]
    assert detoxify_moderation(column) == {"insult": 0.3, "toxicity": 0.25}


@pytest.mark.parametrize("score", [True, "0.5", -0.1, 1.5, float("nan"), float("inf"), 10**400])
def test_what_is_no_score_is_passed_over(score: object) -> None:
    assert detoxify_moderation([{"toxicity": 0.5}, {"toxicity": score}]) == {"toxicity": 0.5}


@given(st.lists(st.floats(0, 1), min_size=1))
def test_the_score_of_a_conversation_is_that_of_its_worst_message(scores: list[float]) -> None:
    found = detoxify_moderation([{"toxicity": score} for score in scores])
    assert found is not None
    assert found["toxicity"] == pytest.approx(max(scores), abs=0.00005)
