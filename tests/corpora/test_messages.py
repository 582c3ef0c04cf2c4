"""OpenAI's chat messages: parts, tools, weights."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.messages import read_messages
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.pairing.pairing import Pairer
from sharegpt_argilla.errors import RejectedError
from tests.corpora.layouts import only, texts
from tests.corpora.reading import pairs_of

chat = CORPORA["messages"]
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant", "system", "developer"]), texts), min_size=1))
def test_what_is_written_in_the_layout_is_read_back(turns: list[tuple[str, str]]) -> None:
    read = only(chat, {"messages": [{"role": role, "content": text} for role, text in turns]})
    assert [(turn.spelling, turn.text) for turn in read.turns] == turns
    roles = {"user": "human", "assistant": "gpt", "system": "system", "developer": "system"}
    assert [turn.role for turn in read.turns] == [roles[role] for role, _ in turns]
    assert not read.left_out


def test_parts_with_a_text_are_joined_and_the_others_counted() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.org/x.png"}}
    read = only(
        chat, {"messages": [user([{"type": "text", "text": "a"}, image, {"type": "text", "text": "b"}, "c"])]}
    )
    assert [turn.text for turn in read.turns] == ["a\n\nb\n\nc"]
    assert read.left_out == {"images": 1}


@pytest.mark.parametrize(
    ("part", "count"),
    [
        ({"type": "input_image", "image_url": "x"}, "images"),
        ({"type": "input_audio", "input_audio": {}}, "audio parts"),
        ({"type": "video", "video": "x"}, "videos"),
        ({"type": "file", "file": {}}, "documents"),
        ({"type": "document", "source": {"type": "text", "data": "x"}}, "documents"),
        ({"type": "thinking", "thinking": "hm", "signature": "x"}, "reasoning parts"),
        ({"type": "redacted_thinking", "data": "x"}, "reasoning parts"),
        ({"type": "reasoning", "value": "hm"}, "reasoning parts"),
        ({"thought": True, "text": "hm"}, "reasoning parts"),
        ({"type": "tool_use", "id": "t", "name": "f", "input": {}}, "tool calls"),
        ({"functionCall": {"name": "f", "args": {}}}, "tool calls"),
        ({"executableCode": {"code": "1"}}, "tool calls"),
        ({"type": "web_search_tool_result", "content": []}, "tool messages"),
        ({"functionResponse": {"name": "f", "response": {}}}, "tool messages"),
        ({"inlineData": {"mimeType": "image/png", "data": "x"}}, "images"),
        ({"file_data": {"mime_type": "application/pdf", "file_uri": "x"}}, "documents"),
        ({"type": "unheard_of"}, "parts that are no text"),
        (7, "parts that are no text"),
    ],
)
def test_each_part_is_counted_under_what_it_is(part: Any, count: str) -> None:
    read = only(chat, {"messages": [user("q"), assistant([part, {"type": "text", "text": "a"}])]})
    assert [turn.text for turn in read.turns] == ["q", "a"]
    assert read.left_out == {count: 1}


@pytest.mark.parametrize("key", ["text", "value", "content"])
def test_a_part_may_have_its_text_under_another_key(key: str) -> None:
    assert only(chat, {"messages": [user([{"type": "text", key: "q"}])]}).turns[0].text == "q"


def test_results_of_tools_in_the_name_of_the_user_are_no_question() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "12"}]}
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    messages = [
        user([{"type": "text", "text": "q"}]),
        assistant([{"type": "text", "text": "Let me look."}, call]),
        user([result, result]),
        assistant([{"type": "text", "text": "a"}]),
    ]
    (pair,) = pairs_of("messages", {"system": [{"type": "text", "text": "Be brief."}], "messages": messages})
    assert (pair.question, pair.answer, pair.extra) == ("q", "Let me look.\n\na", {"system": "Be brief."})
    assert only(chat, {"messages": messages}).left_out == {"tool calls": 1, "tool messages": 2}


def test_a_cited_sentence_of_anthropic_is_one_text() -> None:
    cited = {"type": "text", "text": "the lamp is lit", "citations": [{"cited_text": "lit"}]}
    parts = [{"type": "text", "text": "They say "}, cited, {"type": "text", "text": "."}]
    apart = [{"type": "text", "text": "a", "citations": []}, {"type": "text", "text": "b"}]
    read = only(chat, {"messages": [user("q"), assistant(parts), assistant(apart)]})
    assert [turn.text for turn in read.turns[1:]] == ["They say the lamp is lit.", "a\n\nb"]


def test_contents_of_gemini_are_messages() -> None:
    contents = [
        {"role": "user", "parts": [{"text": "q"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]},
        {"role": "model", "parts": [{"text": "hm", "thought": True}, {"text": "a"}]},
    ]
    read = only(chat, {"systemInstruction": {"parts": [{"text": "Be brief."}]}, "contents": contents})
    assert [(turn.role, turn.text, turn.spelling) for turn in read.turns] == [
        ("human", "q", "user"),
        ("gpt", "a", "model"),
    ]
    assert read.left_out == {"tool calls": 1, "tool messages": 1, "reasoning parts": 1}
    assert read.extra == {"system": "Be brief."}


def test_items_of_the_responses_interface_without_a_role_are_counted() -> None:
    items = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "q"}]},
        {"type": "reasoning", "id": "r", "summary": []},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "{}"},
        {"type": "web_search_call", "id": "w"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]},
    ]
    read = only(chat, {"messages": items})
    assert [turn.text for turn in read.turns] == ["q", "a"]
    assert read.left_out == {"reasoning parts": 1, "tool calls": 2, "tool messages": 1}


@pytest.mark.parametrize("key", ["conversations", "conversation", "contents", "chat"])
def test_the_list_may_have_another_name(key: str) -> None:
    record = {"id": "a1", key: [user("q"), assistant("a")]}
    assert chat.is_record(record)
    assert [turn.text for turn in only(chat, record).turns] == ["q", "a"]
    assert only(chat, record).extra == {}


def test_reasoning_and_the_keys_of_messages_are_counted() -> None:
    messages = [
        {**user("q"), "name": "ana", "loss_weight": 0.0},
        assistant("a", reasoning_content="hm", thinking=""),
        {**user("r"), "name": None},
        assistant(None, reasoning="hm"),
    ]
    read = only(chat, {"messages": messages, "tools": '[{"name": "f"}, {"name": "g"}]'})
    assert [turn.text for turn in read.turns] == ["q", "a", "r", ""]
    assert read.left_out == {
        "reasoning parts": 2,
        '"name" of messages': 1,
        '"loss_weight" of messages': 1,
        "tool definitions": 2,
    }
    assert read_messages(messages).left_out == {"reasoning parts": 2}


@pytest.mark.parametrize("role", ["function_call", "observation", "ipython", "environment", "tool_response"])
def test_roles_of_tools_are_counted(role: str) -> None:
    read = only(chat, {"messages": [user("q"), {"role": role, "content": "x"}, assistant("a")]})
    assert [turn.text for turn in read.turns] == ["q", "a"]
    assert sum(read.left_out.values()) == 1


def test_a_question_in_pictures_does_not_give_its_answer_to_the_one_before() -> None:
    image = {"type": "input_audio", "input_audio": {}}
    messages = [user("q1"), assistant("a1"), user([image]), assistant("a2"), user("q3"), assistant("a3")]
    pairer = Pairer("messages", "messages")
    pairs = list(pairer.add(only(chat, {"messages": messages})))
    assert [(pair.question, pair.answer) for pair in pairs] == [("q1", "a1"), ("q3", "a3")]
    assert (pairer.counts.questions_blank, pairer.counts.answers_dropped) == (1, 1)


def test_tools_are_passed_over_and_counted() -> None:
    messages = [
        user("q"),
        assistant(None, tool_calls=[CALL, CALL]),
        {"role": "tool", "tool_call_id": "c1", "content": "result"},
        {"role": "function", "name": "f", "content": "result"},
        assistant("", function_call={"name": "f", "arguments": ""}),
        assistant("let me see", tool_calls=[CALL]),
        assistant("a"),
    ]
    read = only(chat, {"messages": messages, "tools": [{}, {}], "functions": [{}], "parallel_tool_calls": False})
    assert [turn.text for turn in read.turns] == ["q", "let me see", "a"]
    assert read.left_out == {"tool calls": 4, "tool messages": 2, "tool definitions": 3}
    assert read.extra == {}


def test_a_refusal_is_an_answer() -> None:
    assert [turn.text for turn in only(chat, {"messages": [assistant(None, refusal="no")]}).turns] == ["no"]


def test_the_weights_of_the_answers_stand_in_the_order_of_the_questions() -> None:
    messages = [
        assistant("lead", weight=1),
        user("q1"),
        assistant("a1", weight=0),
        user(""),
        assistant("dropped", weight=1),
        user("q2"),
        user("q3"),
        assistant("a3", weight=1),
        assistant("joined", weight=0),
    ]
    assert only(chat, {"messages": messages}).extra == {"weights": [0, None, 1]}
    assert only(chat, {"messages": [user("q"), assistant("a")], "weights": "theirs"}).extra == {}
    assert only(chat, {"messages": [user("q"), assistant("a", weight=True)]}).extra == {}


def test_other_keys_and_both_kinds_of_id_are_known() -> None:
    record = {"messages": [user("q")], "lang": "en", "会话": "taken", "system": 7}
    assert only(chat, record).extra == {"lang": "en"}
    assert only(chat, {**record, "id": 3}).session == "3"
    assert only(chat, {**record, "conversation_id": "c"}).session == "c"
    assert only(chat, record).session == only(chat, {**record, "lang": "de"}).session


def test_a_system_text_next_to_the_messages_is_kept_before_those_among_them() -> None:
    turns = [{"role": "system", "content": "Rhyme."}, user("q"), assistant("a")]
    (pair,) = pairs_of("messages", {"messages": turns, "system": "Be brief."})
    assert pair.extra["system"] == "Be brief.\n\nRhyme."
    (pair,) = pairs_of("messages", {"messages": turns[1:], "system": "Be brief."})
    assert pair.extra["system"] == "Be brief."
    assert "system" not in pairs_of("messages", {"messages": turns[1:], "system": " "})[0].extra


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        (None, '"messages" is null, not a list'),
        ([], '"messages" is empty'),
        ([1], "message 1: it is a number, not an object"),
        ([{"content": "x"}], 'message 1: "role" is missing'),
        ([{"rol": "user", "content": "x"}], 'message 1: "role" is missing; misspelt as "rol"?'),
        ([user("x"), {"role": "robot", "content": "x"}], 'message 2: unknown role "robot"; known: '),
        ([{"role": 1, "content": "x"}], 'message 1: "role" is a number, not text'),
        ([{"role": "user"}], 'message 1: "content" is missing'),
        ([user(None)], 'message 1: "content" is null, neither text nor a list of parts'),
        ([user({})], 'message 1: "content" is an object, neither text nor a list of parts'),
        ([{"role": "tool", "content": "x"}], "no message has a text"),
    ],
)
def test_what_is_no_conversation_is_rejected_with_its_reason(messages: Any, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        chat.read({"messages": messages})
    assert str(caught.value).startswith(reason)


def test_turns_and_weights_go_together() -> None:
    found = read_messages([user("q"), assistant(None, tool_calls=[CALL]), assistant("a", weight=0.5)])
    assert [(turn.text, weight) for turn, weight in zip(found.turns, found.weights, strict=True)] == [
        ("q", None),
        ("a", 0.5),
    ]


def test_a_call_out_of_a_request_log_is_told_apart() -> None:
    call = {"timestamp": "2026-03-01T09:30:00Z", "model": "m", "messages": [user("q")]}
    assert {name for name, corpus in CORPORA.items() if corpus.is_record(call)} == {"turn_log"}
    assert {name for name, corpus in CORPORA.items() if corpus.is_record({"messages": []})} == {"messages"}
    chatted = {**call, "messages": [user("q"), assistant("a")]}
    assert {name for name, corpus in CORPORA.items() if corpus.is_record(chatted)} == {"messages"}
    logged = {**chatted, "response": "b"}
    assert {name for name, corpus in CORPORA.items() if corpus.is_record(logged)} == {"turn_log"}


@pytest.mark.parametrize(
    "answer",
    [
        {"completion": "a"},
        {"completion": [assistant("a")]},
        {"response": assistant("a")},
        {"answer": "a"},
        {"ground_truth": "a"},
        {"reward_model": {"style": "rule", "ground_truth": "a"}},
        {"output": [{"type": "reasoning", "summary": []}, assistant([{"type": "output_text", "text": "a"}])]},
        {"choices": [{"index": 0, "message": assistant("a")}]},
        {"response": {"id": "r", "choices": [{"index": 0, "message": assistant("a")}]}},
    ],
)
@pytest.mark.parametrize("key", ["messages", "prompt", "input"])
def test_an_answer_next_to_the_messages_is_their_answer(key: str, answer: dict[str, Any]) -> None:
    record = {key: [user("q")], **answer, "source": "s"}
    assert chat.is_record(record)
    read = only(chat, record)
    assert [(turn.role, turn.text) for turn in read.turns] == [("human", "q"), ("gpt", "a")]
    assert read.extra == {"source": "s"}


def test_an_answer_next_to_messages_that_have_one_is_kept_as_it_is() -> None:
    read = only(chat, {"messages": [user("q"), assistant("a")], "answer": "b"})
    assert [turn.text for turn in read.turns] == ["q", "a"]
    assert read.extra == {"answer": "b"}


@pytest.mark.parametrize("key", ["prompt", "input"])
def test_messages_of_a_prompt_without_a_known_answer_are_no_record(key: str) -> None:
    assert not chat.is_record({key: [user("q")], "reward_model": {"style": "rule"}, "note": "a"})


def test_a_content_of_gemini_without_a_role_is_by_the_user() -> None:
    read = only(chat, {"contents": [{"parts": [{"text": "q"}]}, {"role": "model", "parts": [{"text": "a"}]}]})
    assert [(turn.role, turn.text) for turn in read.turns] == [("human", "q"), ("gpt", "a")]


def test_a_text_of_an_assistant_of_openai_has_its_value() -> None:
    part = {"type": "text", "text": {"value": "a", "annotations": []}}
    assert [turn.text for turn in only(chat, {"messages": [user("q"), assistant([part])]}).turns] == ["q", "a"]


def test_a_spoken_answer_is_its_transcript() -> None:
    spoken = assistant(None, audio={"id": "x", "transcript": "a"})
    read = only(chat, {"messages": [user("q"), spoken]})
    assert [turn.text for turn in read.turns] == ["q", "a"]
    assert not read.left_out
