"""Calls of tools in conversations: OpenAI's ``tool_calls``, and the turns that LLaMA-Factory reads.

OpenAI, "Function calling", for the messages; LLaMA-Factory's ``data/README.md`` and its converter for ShareGPT:
people and results (``observation``) speak in turn with answers and calls (``function_call``), and ``tools`` is the
JSON text of a list of functions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.training.base import Example

Message = dict[str, Any]
CHANGED = "with tool messages of another answer"
"""The reason where the answer of a row is no longer the one that its tool messages lead to."""
TOO_RICH = "with tool calls that only messages can write"
"""The reason where calls come several at once or next to a text, for which ShareGPT's layout has no place."""
_BETWEEN = "\n\n"
_TURNS = {"user": "human", "assistant": "gpt", "system": "system", "tool": "observation"}


def answer_messages(turn: Example) -> list[Message]:
    """The answer as messages, with the calls of tools and their results.

    Raises:
        RejectedError: the row's answer is not what its tool messages say.
    """
    if not turn.tool_messages:
        return [{"role": "assistant", "content": turn.answer}] if turn.answer else []
    said = [str(message.get("content")) for message in turn.tool_messages if message.get("role") == "assistant"]
    if _BETWEEN.join(filter(None, said)) != turn.answer:
        raise RejectedError(CHANGED)
    return [dict(message) for message in turn.tool_messages]


def sharegpt_turns(messages: Sequence[Message]) -> list[Message]:
    """Messages as ``from`` and ``value``.

    Raises:
        RejectedError: there are calls that the layout cannot write.
    """
    turns = [_turn(message) for message in messages]
    spoken = [turn["from"] in {"human", "observation"} for turn in turns if turn["from"] != "system"]
    if spoken != [number % 2 == 0 for number in range(len(spoken))]:
        raise RejectedError(TOO_RICH)
    return turns


def _turn(message: Message) -> Message:
    calls = message.get("tool_calls")
    if not calls:
        return {"from": _TURNS[message["role"]], "value": message["content"]}
    if message["content"] or len(calls) > 1:
        raise RejectedError(TOO_RICH)
    function = calls[0]["function"]
    call = {"name": function["name"], "arguments": _parsed(function["arguments"])}
    return {"from": "function_call", "value": json.dumps(call, ensure_ascii=False)}


def sharegpt_definitions(definitions: Sequence[Mapping[str, Any]]) -> str:
    """The definitions as JSON text of a list of functions; ``""`` where there are none."""
    functions = [definition.get("function", definition) for definition in definitions]
    return json.dumps(functions, ensure_ascii=False) if functions else ""


def _parsed(arguments: str) -> Any:
    """The arguments as the object that they are the text of; the text itself where they are none."""
    try:
        return json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
