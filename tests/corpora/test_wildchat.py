"""WildChat: columns to extra keys, times to dates, and an origin that stays away unless it is wanted."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.base import Configurable, Options
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.formats.wildchat import ORIGIN, moment
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import build_row, dump_row
from tests.corpora.layouts import only
from tests.corpora.layouts import texts as some_text
from tests.corpora.reading import check_every_turn_is_counted, conversations, pair_up, pairs_of, shared, texts

wildchat = CORPORA["wildchat"]
HEADER = {"accept-language": "en", "user-agent": "Browser"}


def message(role: str, content: Any, **others: Any) -> dict[str, Any]:
    return {"role": role, "content": content, "timestamp": None, "hashed_ip": None, **others}


def record(*messages: Any, **others: Any) -> dict[str, Any]:
    columns = {"conversation_hash": "f" * 32, "model": "gpt-4", "timestamp": None, "language": "English"}
    origin = {"country": "Ruritania", "state": None, "hashed_ip": "abc", "header": HEADER}
    return {**columns, "toxic": False, "redacted": True, **origin, "conversation": list(messages), **others}


ASKED = (message("user", "q"), message("assistant", "a"))


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), some_text), min_size=1, max_size=6))
def test_a_conversation_comes_back_from_its_layout(turns: list[tuple[str, str]]) -> None:
    read = only(wildchat, record(*(message(role, text) for role, text in turns)))
    assert [(turn.spelling, turn.text) for turn in read.turns] == turns


def test_the_columns_of_the_conversation_become_extra_keys() -> None:
    read = only(wildchat, record(*ASKED, detoxify_moderation=[{"toxicity": 0.2}, {"toxicity": 0.3}]))
    assert read.session == "f" * 32
    assert read.extra == {
        "model": "gpt-4",
        "language": "English",
        "toxic": False,
        "redacted": True,
        "detoxify_moderation": {"toxicity": 0.3},
    }


def test_the_origin_is_kept_on_request_only() -> None:
    assert isinstance(wildchat, Configurable)
    asked = wildchat.with_options(Options(keep_origin=True))
    value = record(message("user", "q", state="Strelsau", country="Elsewhere"), message("assistant", "a"))
    assert set(ORIGIN).isdisjoint(only(wildchat, value).extra)
    kept = {key: only(asked, value).extra[key] for key in ORIGIN}
    assert kept == {"country": "Ruritania", "state": "Strelsau", "hashed_ip": "abc", "header": HEADER}
    assert set(ORIGIN).isdisjoint(only(asked, record(*ASKED, **dict.fromkeys(ORIGIN))).extra)
    line = dump_row(build_row(pairs_of("wildchat", value)[0], "20230101 00:00:00"))
    assert not any(word in line for word in ("Ruritania", "Strelsau", "Elsewhere", "abc", "Browser"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2023, 7, 2, 18, 20, 5, 123, UTC), "20230702 18:20:05"),
        (datetime(2023, 7, 2, 18, 20, 5), "20230702 18:20:05"),
        (datetime(2023, 7, 2, 20, 20, 5, tzinfo=timezone(timedelta(hours=2))), "20230702 18:20:05"),
        ("2023-07-02T18:20:05Z", "20230702 18:20:05"),
        ("2023-07-02 18:20:05+00:00", "20230702 18:20:05"),
        (1688322005, "20230702 18:20:05"),
        (1688322005000, "20230702 18:20:05"),
        (1688322005.25, "20230702 18:20:05"),
        (None, None),
        ("soon", None),
        (10**400, None),
        (float("inf"), None),
    ],
)
def test_times_in_every_form(value: Any, expected: str | None) -> None:
    assert moment(value) == expected
    assert only(wildchat, record(*ASKED, timestamp=value)).created == expected


def test_the_time_is_that_of_the_first_answer() -> None:
    later = "2023-07-02T19:00:00Z"
    answers = [message("assistant", "a", timestamp=time) for time in ("2023-07-02T18:30:00Z", later)]
    read = only(
        wildchat, record(message("user", "q"), answers[0], message("user", "q2"), answers[1], timestamp=later)
    )
    assert read.created == "20230702 18:30:00"


def test_an_empty_content_is_a_blank_message() -> None:
    pairs, counts = pair_up(wildchat, [record(message("user", None), message("assistant", "a"), *ASKED)])
    assert texts(pairs) == [("q", "a")]
    assert (counts.questions_blank, counts.answers_dropped) == (1, 1)


def test_the_first_release_has_another_id() -> None:
    value = record(*ASKED)
    value["conversation_id"] = value.pop("conversation_hash")
    assert wildchat.is_record(value)
    assert only(wildchat, value).session == "f" * 32


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (record(), '"conversation" is empty'),
        (record("text"), "message 1: it is text, not an object"),
        (record(message("user", 1)), 'message 1: "content" is a number'),
        (record(*ASKED, message("robot", "x")), 'message 3: unknown role "robot"'),
        (record(*ASKED, conversation_hash=["x"]), '"conversation_hash" is a list, not text'),
    ],
)
def test_what_is_no_conversation_is_rejected(value: object, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        wildchat.read(value)
    assert str(caught.value).startswith(reason)


def test_real_rows_are_read_to_the_last_turn() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = parquet.read_table(shared("wildchat", "wildchat1m_layout_part.parquet")).to_pylist()
    assert all(wildchat.is_record(row) for row in rows)
    read = conversations(wildchat, rows)
    assert sum(len(conversation.turns) for conversation in read) == sum(len(row["conversation"]) for row in rows)
    pairs, counts = pair_up(wildchat, rows)
    assert (counts.conversations, counts.pairs, counts.answers_dropped, counts.answers_joined) == (160, 628, 4, 2)
    check_every_turn_is_counted(read, counts)
    assert all("model" in pair.extra and set(ORIGIN).isdisjoint(pair.extra) for pair in pairs)
    timed = [row["conversation_hash"] for row in rows if row["timestamp"] is not None]
    assert {pair.session for pair in pairs if pair.created} == set(timed)
