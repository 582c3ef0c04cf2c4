"""Calls of tools and their results, as messages in OpenAI's form, whichever way a corpus writes them.

Read are OpenAI's ``tool_calls``, ``function_call`` and items of Responses, Anthropic's ``tool_use`` and
``tool_result``, Gemini's ``functionCall`` and ``functionResponse``, and the turns ``function_call`` and
``observation`` of LLaMA-Factory's ShareGPT layout. What is not all understood is not kept at all.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sharegpt_argilla.corpora.formats.base import BETWEEN_TURNS, ToolMessage, Turn
from sharegpt_argilla.corpora.formats.message_content import CALLS, TOOL_MESSAGES, part_kind, text_of_content
from sharegpt_argilla.corpora.formats.roles import other_role
from sharegpt_argilla.errors import RejectedError

Step = dict[str, Any]
DEFINITIONS = "tool definitions"
"""Name of the count."""
_ARGUMENTS = ("arguments", "input", "args", "parameters")
_CALL_IDS = ("call_id", "tool_call_id", "tool_use_id", "id")
_FUNCTION = ("function", "functionCall", "function_call", "functionResponse", "function_response")
_RESULT = ("output", "content", "response", "value")
_CONTENT = ("content", "parts")


class _Call(NamedTuple):
    id: str
    name: str
    arguments: str


class _Result(NamedTuple):
    id: str
    name: str
    text: str


class ToolLog:
    """The tool messages of one conversation, in its order.

    Attributes:
        sound: whether all was understood so far: each call has its result before somebody speaks again, and each
            result its call. A conversation may end with calls.
    """

    def __init__(self) -> None:
        self.sound = True
        self._messages: list[ToolMessage] = []
        self._open: dict[str, str] = {}
        self._asked = False
        self._calls = 0

    def add(self, message: Mapping[str, Any], before: int, turns: Sequence[Turn]) -> tuple[int, int]:
        """Take a message of the corpus.

        Args:
            message: as the corpus has it.
            before: number of turns before it.
            turns: the turns up to it, what it says among them.

        Returns:
            How many calls and results in it were understood.
        """
        results, calls = list(_results(message)), list(_calls(message))
        for result in results:
            self._add_result(result, before)
        if len(turns) > before:
            self.sound = self.sound and not self._open
            self._asked = self._asked or any(turn.role == "human" for turn in turns[before:])
        if calls:
            self._add_calls(calls, len(turns))
        return len(calls), len(results)

    def kept(self, left_out: Counter[str], definitions: Sequence[Step] | None) -> list[ToolMessage] | None:
        """The messages, which are then no longer counted as left out; None where they cannot be kept.

        Args:
            left_out: the counts of the conversation.
            definitions: of the tools that it has; None where they were not understood.
        """
        if not self.sound or definitions is None or not (definitions or self._messages):
            return None
        for name in (CALLS, TOOL_MESSAGES, DEFINITIONS):
            del left_out[name]
        return self._messages

    def _add_calls(self, calls: Sequence[_Call], place: int) -> None:
        answered = bool(self._messages) and self._messages[-1].message["role"] == "tool"
        if not self._asked or (answered and self._open):
            self.sound = False
        made = []
        for call in calls:
            self._calls += 1
            call_id = call.id or f"call_{self._calls}"
            self.sound = self.sound and call_id not in self._open
            self._open[call_id] = call.name
            function = {"name": call.name, "arguments": call.arguments}
            made.append({"id": call_id, "type": "function", "function": function})
        self._messages.append(ToolMessage(place, {"role": "assistant", "content": "", "tool_calls": made}))

    def _add_result(self, result: _Result, place: int) -> None:
        named = [key for key, name in self._open.items() if result.name in ("", name)]
        key = result.id or next(iter(named), "")
        if key not in self._open:
            self.sound = False
            return
        del self._open[key]
        message = {"role": "tool", "tool_call_id": key, "content": result.text}
        self._messages.append(ToolMessage(place, message))


def answer_steps(turns: Sequence[Turn], tool_messages: Sequence[ToolMessage]) -> Iterator[list[Step]]:
    """For each question the messages up to the next one; an empty list where no tool was called."""
    by_place: dict[int, list[Step]] = defaultdict(list)
    for place, message in tool_messages:
        by_place[place].append(message)
    steps: list[Step] | None = None
    for place, turn in enumerate([*turns, None]):
        for message in by_place[place]:
            _append(steps, message)
        if turn is None or turn.role == "human":
            if steps is not None:
                yield steps if any("tool_calls" in step for step in steps) else []
            steps = []
        elif turn.role == "gpt" and not turn.blank:
            _append(steps, {"role": "assistant", "content": turn.text})


def _append(steps: list[Step] | None, message: Step) -> None:
    """Add a message; neighbours by the model become one, as their texts do in the answer of the row."""
    if steps is None:
        return
    last = steps[-1] if steps else {}
    calls = message.get("tool_calls")
    if message["role"] != "assistant" or last.get("role") != "assistant" or ("tool_calls" in last and not calls):
        steps.append({**message})
    elif calls:
        steps[-1] = {**last, "tool_calls": [*last.get("tool_calls", ()), *calls]}
    else:
        last["content"] = BETWEEN_TURNS.join([last["content"], message["content"]])


def tool_definitions(*values: Any) -> list[Step] | None:
    """Definitions in OpenAI's form: of its own, of Anthropic's and Gemini's; None where one is something else.

    Args:
        values: lists of definitions, or their JSON text; None and empty ones are skipped.
    """
    definitions: list[Step] = []
    for value in values:
        if value in (None, "", [], {}):
            continue
        tools = _parsed(value) if isinstance(value, str) else value
        for tool in tools if isinstance(tools, list) else [tools]:
            if (made := _definitions(tool)) is None:
                return None
            definitions += made
    return definitions


def _definitions(tool: Any) -> list[Step] | None:
    if not isinstance(tool, dict):
        return None
    declared = tool.get("functionDeclarations", tool.get("function_declarations"))
    if isinstance(declared, list):
        return tool_definitions(declared)
    function = tool.get("function") if isinstance(tool.get("function"), dict) else tool
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return None
    schema = function.get("parameters", function.get("input_schema"))
    described = {key: function[key] for key in ("description", "strict") if function.get(key) is not None}
    parameters = {} if schema is None else {"parameters": schema}
    return [{"type": "function", "function": {"name": function["name"], **described, **parameters}}]


def _calls(message: Mapping[str, Any]) -> Iterator[_Call]:
    """The calls that a message makes, those that are understood."""
    own = message.get("tool_calls")
    single = message.get("function_call")
    values = [*(own if isinstance(own, list) else [own]), single]
    for value in [*values, *_parts(message, CALLS)]:
        if isinstance(value, dict) and (call := _call(value)) is not None:
            yield call


def _call(value: Mapping[str, Any]) -> _Call | None:
    function = _inner(value)
    name = function.get("name")
    arguments: Any = next((function[key] for key in _ARGUMENTS if function.get(key) is not None), {})
    if not isinstance(name, str) or not name:
        return None
    return _Call(_id(value), name, arguments if isinstance(arguments, str) else _dumped(arguments))


def _results(message: Mapping[str, Any]) -> Iterator[_Result]:
    """The results of tools that a message has, those that are understood."""
    speaker = message.get("role", message.get("from"))
    by_tool = isinstance(speaker, str) and other_role(speaker) == TOOL_MESSAGES
    for value in [message] if by_tool else _parts(message, TOOL_MESSAGES):
        function = _inner(value)
        name = function.get("name")
        content: Any = next((function[key] for key in _RESULT if function.get(key) is not None), "")
        if (text := _text(content)) is not None:
            yield _Result(_id(value), name if isinstance(name, str) else "", text)


def _parts(message: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The parts of a message that are counted under a name; the message itself if it is an item without a role."""
    if "role" not in message and isinstance(message.get("type"), str):
        return [message] if part_kind(message) == name else []
    content: list[Any] = next((message[key] for key in _CONTENT if isinstance(message.get(key), list)), [])
    return [part for part in content if isinstance(part, dict) and part_kind(part) == name]


def _inner(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where name and arguments are: in an object of its own, or here."""
    return next((value[key] for key in _FUNCTION if isinstance(value.get(key), dict)), value)


def _id(value: Mapping[str, Any]) -> str:
    return next((value[key] for key in _CALL_IDS if isinstance(value.get(key), str)), "")


def _text(content: Any) -> str | None:
    """A result as text; None for one that is more than text."""
    if isinstance(content, str):
        return content
    left_out: Counter[str] = Counter()
    try:
        text = text_of_content(content, "content", left_out) if isinstance(content, list) else _dumped(content)
    except RejectedError:
        return None
    return None if left_out else text


def calls_of_text(text: object) -> list[Any]:
    """The calls in the text of a ``function_call`` turn: a JSON object, or a list of them; none for other text."""
    calls = _parsed(text) if isinstance(text, str) else text
    return calls if isinstance(calls, list) else [calls]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _dumped(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return ""
