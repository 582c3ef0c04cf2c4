"""Tools that are kept: calls, results and definitions of every layout become messages in OpenAI's form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sharegpt_argilla.corpora.formats.base import Configurable, Options
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.pairing.extra_limits import LONGEST_VALUE
from sharegpt_argilla.rows import Pair
from tests.corpora.reading import pair_up

ARGUMENTS = {"city": "Bath"}
FUNCTION = {"name": "weather", "description": "of a city", "parameters": {"type": "object", "properties": {}}}
DEFINITION = {"type": "function", "function": FUNCTION}
ANSWER = "It rains."


def extracted(name: str, record: dict[str, Any]) -> tuple[list[Pair], dict[str, int]]:
    corpus = CORPORA[name]
    assert isinstance(corpus, Configurable)
    pairs, counts = pair_up(corpus.with_options(Options(keep_tools=True)), [record])
    return pairs, dict(counts.left_out)


def steps(call_id: str, arguments: str = json.dumps(ARGUMENTS), said: str = "") -> list[dict[str, Any]]:
    function = {"name": "weather", "arguments": arguments}
    return [
        {
            "role": "assistant",
            "content": said,
            "tool_calls": [{"id": call_id, "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": call_id, "content": "rain"},
        {"role": "assistant", "content": ANSWER},
    ]


QUESTION = {"role": "user", "content": "Weather?"}
OPENAI = {"tools": [DEFINITION], "messages": [QUESTION, *steps("c1")]}
LEGACY = {
    "functions": [FUNCTION],
    "messages": [
        QUESTION,
        {
            "role": "assistant",
            "content": None,
            "function_call": {"name": "weather", "arguments": json.dumps(ARGUMENTS)},
        },
        {"role": "function", "name": "weather", "content": "rain"},
        {"role": "assistant", "content": ANSWER},
    ],
}
RESPONSES = {
    "tools": [{"type": "function", **FUNCTION}],
    "messages": [
        QUESTION,
        {
            "type": "function_call",
            "id": "fc",
            "call_id": "c1",
            "name": "weather",
            "arguments": json.dumps(ARGUMENTS),
        },
        {"type": "function_call_output", "call_id": "c1", "output": "rain"},
        {"role": "assistant", "content": ANSWER},
    ],
}
ANTHROPIC = {
    "tools": [
        {**{key: FUNCTION[key] for key in ("name", "description")}, "input_schema": FUNCTION["parameters"]},
    ],
    "messages": [
        QUESTION,
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "c1", "name": "weather", "input": ARGUMENTS}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "rain"}]},
        {"role": "assistant", "content": ANSWER},
    ],
}
GEMINI = {
    "tools": [{"functionDeclarations": [FUNCTION]}],
    "contents": [
        {"role": "user", "parts": [{"text": "Weather?"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "weather", "args": ARGUMENTS}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": "rain"}}]},
        {"role": "model", "parts": [{"text": ANSWER}]},
    ],
}
SHAREGPT = {
    "id": "x",
    "tools": json.dumps([FUNCTION]),
    "conversations": [
        {"from": "human", "value": "Weather?"},
        {"from": "function_call", "value": json.dumps({"name": "weather", "arguments": ARGUMENTS})},
        {"from": "observation", "value": "rain"},
        {"from": "gpt", "value": ANSWER},
    ],
}


@pytest.mark.parametrize(
    ("name", "record", "call_id"),
    [
        ("messages", OPENAI, "c1"),
        ("messages", LEGACY, "call_1"),
        ("messages", RESPONSES, "c1"),
        ("messages", ANTHROPIC, "c1"),
        ("messages", GEMINI, "call_1"),
        ("vicuna", SHAREGPT, "call_1"),
    ],
    ids=["openai", "legacy", "responses", "anthropic", "gemini", "sharegpt"],
)
def test_every_layout_becomes_the_same_messages(name: str, record: dict[str, Any], call_id: str) -> None:
    (pair,), left_out = extracted(name, record)
    assert (pair.question, pair.answer) == ("Weather?", ANSWER)
    assert pair.extra == {"tools": [DEFINITION], "tool_messages": steps(call_id)}
    assert not left_out
    (plain,), counts = pair_up(CORPORA[name], [record])
    assert "tool_messages" not in plain.extra
    assert counts.left_out["tool calls"] == counts.left_out["tool messages"] == 1


def test_each_question_has_the_messages_of_its_own_answer() -> None:
    more = [{"role": "user", "content": "Thanks."}, {"role": "assistant", "content": "Welcome."}]
    said = steps("c1", said="Let me look.")
    pairs, _ = extracted("messages", {"messages": [QUESTION, *said, *more, QUESTION, *steps("c2")]})
    assert [pair.extra["tool_messages"] for pair in pairs] == [said, [], steps("c2")]
    assert pairs[0].answer == f"Let me look.\n\n{ANSWER}"


def test_calls_at_once_are_one_message() -> None:
    calls = [{"type": "function_call", "call_id": call, "name": "weather", "arguments": "{}"} for call in "ab"]
    results = [{"type": "function_call_output", "call_id": call, "output": "rain"} for call in "ab"]
    answer = {"role": "assistant", "content": ANSWER}
    (pair,), _ = extracted("messages", {"messages": [QUESTION, *calls, *results, answer]})
    asked, *_ = pair.extra["tool_messages"]
    assert [call["id"] for call in asked["tool_calls"]] == ["a", "b"]


CALL, RESULT, SPOKEN = steps("c1")
HOSTED = {"role": "assistant", "content": [{"type": "server_tool_use", "id": "s", "name": "web_search"}]}


@pytest.mark.parametrize(
    "messages",
    [
        [CALL, QUESTION, RESULT, SPOKEN],
        [QUESTION, CALL, SPOKEN],
        [QUESTION, RESULT, SPOKEN],
        [QUESTION, CALL, {**RESULT, "tool_call_id": "other"}, SPOKEN],
        [QUESTION, CALL, {**RESULT, "content": [{"type": "image_url", "image_url": {"url": "x"}}]}, SPOKEN],
        [QUESTION, {**HOSTED, "content": [*HOSTED["content"], {"type": "web_search_tool_result"}]}, SPOKEN],
    ],
    ids=["before a question", "no result", "no call", "another id", "picture", "of the provider"],
)
def test_what_is_not_understood_whole_is_left_out_and_counted(messages: list[dict[str, Any]]) -> None:
    record = {"messages": messages, "tools": [DEFINITION]}
    (pair,), left_out = extracted("messages", record)
    assert not pair.extra
    assert left_out == dict(pair_up(CORPORA["messages"], [record])[1].left_out)


@pytest.mark.parametrize("value", ["weather(Bath)", json.dumps([1])])
def test_a_call_in_words_is_left_out(value: str) -> None:
    turns = [
        SHAREGPT["conversations"][0],
        {"from": "function_call", "value": value},
        *SHAREGPT["conversations"][2:],
    ]
    (pair,), left_out = extracted("vicuna", {**SHAREGPT, "conversations": turns})
    assert pair.extra == {"tools": SHAREGPT["tools"]}
    assert left_out == {"tool calls": 1, "tool messages": 1}


def test_definitions_are_kept_whole_where_no_tool_was_called() -> None:
    long = {**DEFINITION, "function": {**FUNCTION, "description": "d" * LONGEST_VALUE}}
    (pair,), left_out = extracted("messages", {"tools": [long], "messages": [QUESTION, SPOKEN]})
    assert pair.extra == {"tools": [long], "tool_messages": []}
    assert not left_out
