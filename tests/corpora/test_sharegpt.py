"""The ShareGPT layout: ids, roles, texts, and a reason for everything that is refused."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sharegpt_argilla.corpora.formats.roles import ROLES, canonical_role
from sharegpt_argilla.corpora.formats.sharegpt import ShareGPT
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import RejectedError, UnknownNameError
from tests.corpora.layouts import conversation, only
from tests.corpora.reading import pairs_of

vicuna, gpt4 = CORPORA["vicuna"], CORPORA["gpt4"]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ([], "a conversation is an object, found a list"),
        ({"id": "a"}, '"conversations" is missing'),
        ({"id": "a", "conversations": None}, '"conversations" is missing'),
        ({"id": "a", "conversations": []}, '"conversations" is empty'),
        ({"id": "a", "conversations": "text"}, '"conversations" is text, not a list'),
        ({"id": "a", "conversations": ["text"]}, "turn 1 is text, not an object"),
        ({"id": "a", "conversations": [{"value": "x"}]}, 'turn 1: "from" is missing'),
        ({"id": "a", "conversations": [{"from": 1, "value": "x"}]}, 'turn 1: "from" is a number, not text'),
        ({"id": "a", "conversations": [{"from": "human"}]}, 'turn 1: "value" is missing'),
        ({"id": "a", "conversations": [{"from": "human", "value": None}]}, 'turn 1: "value" is null'),
        ({"id": "a", "conversations": [{"from": "tool", "value": "x"}]}, "no turn is by a person or a model"),
        (
            {"id": "a", "conversations": [{"from": "human", "value": True}]},
            'turn 1: "value" is true or false, not',
        ),
        ({"id": "a", "conversations": [{"from": "human", "value": {}}]}, 'turn 1: "value" is an object, not text'),
        ({"id": ["a"], "conversations": [{"from": "human", "value": "x"}]}, '"id" is a list, not text'),
        ({"id": True, "conversations": [{"from": "human", "value": "x"}]}, '"id" is true or false, not text'),
    ],
)
def test_a_record_that_is_no_conversation_is_rejected_in_one_line(record: Any, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        only(vicuna, record)
    assert str(caught.value).startswith(reason)
    assert "\n" not in str(caught.value)


def test_an_unknown_role_is_named_with_the_known_ones() -> None:
    record = conversation("h: a", "g: b")
    record["conversations"][1]["from"] = "robot"
    known = ", ".join(sorted(ROLES))
    with pytest.raises(RejectedError, match=f'^turn 2: unknown role "robot"; known: {known}$'):
        only(vicuna, record)


def test_a_sentence_in_place_of_a_role_is_not_repeated() -> None:
    with pytest.raises(RejectedError) as caught:
        canonical_role("my telephone number\nis 555 0100, call me")
    assert "555 0100" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("spelling", [*ROLES, "Human", "GPT", " ChatGPT "])
def test_roles_are_known_in_any_case_and_keep_their_spelling(spelling: str) -> None:
    read = only(vicuna, {"id": "a", "conversations": [{"from": spelling, "value": "x"}]})
    assert read.turns[0] == (ROLES[spelling.strip().lower()], "x", spelling)


def test_text_may_stand_in_two_other_places() -> None:
    turns = [
        {"from": "human", "text": "q"},
        {"from": "gpt", "markdown": {"answer": "a"}},
        {"from": "gpt", "value": "v", "text": "t"},
    ]
    assert [turn.text for turn in only(vicuna, {"id": "a", "conversations": turns}).turns] == ["q", "a", "v"]


@pytest.mark.parametrize(
    ("identity", "roles", "session", "offset", "piece"),
    [
        ("0AQp27B_1", "g", "0AQp27B", 1, True),
        ("0AQp27B_0", "h", "0AQp27B", 0, True),
        ("0AQp27B_12", "h", "0AQp27B", 12, True),
        ("0AQp27B_3", "hg", "0AQp27B_3", 0, False),
        ("0AQp27B_4", "gh", "0AQp27B_4", 0, False),
        ("0AQp27B_0", "gh", "0AQp27B", 0, True),
        ("0AQp27B_01", "g", "0AQp27B_01", 0, False),
        ("chartQA_1", "hg", "chartQA_1", 0, False),
        ("medical_3", "g", "medical_3", 0, False),
        ("2023041_0", "h", "2023041_0", 0, False),
        ("a_b_3", "g", "a_b_3", 0, False),
        ("chat_0", "h", "chat_0", 0, False),
        ("chat_2", "hgh", "chat_2", 0, False),
        ("chat_3", "hgh", "chat_3", 0, False),
        ("identity_2", "hg", "identity_2", 0, False),
        ("0AQp27B", "h", "0AQp27B", 0, False),
        ("_5", "g", "_5", 0, False),
        ("0AQp27B_x", "g", "0AQp27B_x", 0, False),
    ],
)
def test_the_pieces_of_v3_are_known_by_their_ids(
    identity: str, roles: str, session: str, offset: int, piece: bool
) -> None:
    read = only(vicuna, conversation(*(f"{role}: text" for role in roles), identity=identity))
    assert (read.session, read.offset, read.piece) == (session, offset, piece)


def test_the_other_pieces_of_a_run_may_prove_or_disprove_a_split() -> None:
    assert isinstance(vicuna, ShareGPT)
    known = replace(vicuna, joined=frozenset({"identity_0"}), apart=frozenset({"chartQA"}))
    assert known.locate("identity_0_4", "human") == ("identity_0", 4, True)
    assert known.locate("identity_0_5", "human") == ("identity_0_5", 0, False)
    assert known.locate("chartQA_2", "human") == ("chartQA_2", 0, False)


def test_messages_of_tools_are_left_out_and_counted() -> None:
    turns = [
        {"from": "human", "value": "q"},
        *(
            {"from": role, "value": "{}"}
            for role in ("function_call", "observation", "Tool", "thought", "ipython")
        ),
        {"from": "gpt", "value": "a", "weight": 1, "images": []},
        {"from": "human", "value": [{"type": "text", "value": "How many?"}, {"type": "image", "image": "x.png"}]},
        {"from": "gpt", "value": 4},
    ]
    read = only(vicuna, {"id": "0AQp27B_0", "conversations": turns})
    assert [turn.text for turn in read.turns] == ["q", "a", "How many?", "4"]
    assert read.left_out == {
        "tool calls": 1,
        "tool messages": 3,
        "reasoning parts": 1,
        '"weight" of messages': 1,
        "images": 1,
    }
    assert (read.session, read.piece) == ("0AQp27B_0", False)


def test_other_corpora_in_the_layout_do_not_split() -> None:
    read = only(gpt4, conversation("g: text", identity="0AQp27B_1"))
    assert (read.session, read.offset, read.piece) == ("0AQp27B_1", 0, False)


def test_an_id_that_is_a_number_becomes_text() -> None:
    assert only(vicuna, {**conversation("h: a"), "id": 17}).session == "17"


def test_without_an_id_the_content_gives_one() -> None:
    one, same, other = (conversation(text, identity=None) for text in ("h: a\ud800", "h: a\ud800", "h: b"))
    session = only(vicuna, one).session
    assert len(session) == 16
    assert int(session, 16) >= 0
    assert only(vicuna, {**same, "id": ""}).session == session
    assert only(vicuna, {**other, "id": None}).session != session


def test_other_keys_are_kept_but_never_those_of_the_row_format() -> None:
    record = {
        **conversation("h: a"),
        "lang": "en",
        "标注": {},
        "会话": 1,
        "多轮序号": 9,
        "解析模型": "x",
        "system": 1,
    }
    assert only(vicuna, record).extra == {"lang": "en"}


def test_the_outline_of_a_record_is_an_object_with_conversations() -> None:
    assert vicuna.is_record(json.loads('{"conversations": []}'))
    others: list[Any] = [{}, {"conversations": 1}, [], "conversations", None]
    assert not any(vicuna.is_record(value) for value in others)
    assert not vicuna.is_record({"conversations": [{"role": "user", "content": "q"}]})


def test_an_unknown_corpus_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match='unknown corpus "vicunna"; did you mean "vicuna"'):
        CORPORA["vicunna"]


def test_a_system_text_of_the_record_stands_before_those_of_its_turns() -> None:
    turns = [{"from": "system", "value": "Rhyme."}, *conversation("h: q", "g: a")["conversations"]]
    record = {"id": "a", "system": "Be brief.", "conversations": turns, "tools": "[]"}
    assert [pair.extra for pair in pairs_of("vicuna", record)] == [
        {"tools": "[]", "system": "Be brief.\n\nRhyme."}
    ]
    plain = conversation("h: q", "g: a")
    assert pairs_of("gpt4", {**plain, "system": "Be brief."})[0].extra == {"system": "Be brief."}
    for nothing in (None, " ", 1, ["x"]):
        assert pairs_of("gpt4", {**plain, "system": nothing})[0].extra == {}
