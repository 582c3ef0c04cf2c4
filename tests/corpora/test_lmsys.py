"""LMSYS-Chat-1M: one conversation a row."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import RejectedError
from tests.corpora.layouts import only
from tests.corpora.layouts import texts as some_text

lmsys = CORPORA["lmsys"]


def record(*turns: tuple[str, Any], **others: Any) -> dict[str, Any]:
    return {
        "conversation_id": "c" * 32,
        "model": "vicuna-13b",
        "conversation": [{"content": text, "role": role} for role, text in turns],
        "turn": 1,
        "language": "English",
        "openai_moderation": [{"flagged": False, "categories": {"hate": False}, "category_scores": {"hate": 0.1}}],
        "redacted": False,
        **others,
    }


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), some_text), min_size=1, max_size=6))
def test_a_conversation_comes_back_from_its_layout(turns: list[tuple[str, str]]) -> None:
    read = only(lmsys, record(*turns))
    assert [(turn.spelling, turn.text) for turn in read.turns] == turns
    assert read.session == "c" * 32


def test_columns_become_extra_keys() -> None:
    assert only(lmsys, record(("user", "q"))).extra == {
        "model": "vicuna-13b",
        "language": "English",
        "redacted": False,
        "openai_moderation": {"flagged": False, "categories": [], "scores": {"hate": 0.1}},
    }


@pytest.mark.parametrize("key", ["conversation_hash", "timestamp"])
def test_a_row_with_a_hash_or_a_time_is_of_wildchat(key: str) -> None:
    assert lmsys.is_record(record(("user", "q")))
    assert not lmsys.is_record(record(("user", "q"), **{key: "x"}))


def test_a_message_without_a_known_role_is_rejected() -> None:
    with pytest.raises(RejectedError, match=r'^message 2: unknown role "narrator"'):
        lmsys.read(record(("user", "q"), ("narrator", "a")))
