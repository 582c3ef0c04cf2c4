"""Whole conversations, reassembled from their turns.

Keys: FastChat and LLaMA-Factory for ``conversations`` (``id``, ``from``, ``value``); OpenAI, TRL and axolotl for
``messages`` (``role``, ``content``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.training.base import JSON_LINES, Example, Group, Scheme, TrainingRow, Unit
from sharegpt_argilla.training.json_files import JsonFormat
from sharegpt_argilla.training.tool_use import answer_messages, sharegpt_definitions, sharegpt_turns

Message = dict[str, Any]
_SHAREGPT_ROLES = {"user": "human", "assistant": "gpt", "system": "system"}
_BETWEEN = "\n\n"
"""Between the system texts of a row that has several."""


@dataclass(frozen=True)
class Conversations(JsonFormat):
    """A layout of conversations.

    Attributes:
        name: its name for ``--format``.
        title: its purpose.
        key: key of the list of turns.
        with_id: whether the id of the conversation is written too.
        suffix: ``.jsonl``.
    """

    name: str
    title: str
    key: str
    with_id: bool = False
    suffix: str = JSON_LINES
    unit: Unit = "conversation"
    needs_history: bool = False
    needs_answer: bool = True
    with_tools: bool = True

    def rows(self, group: Group, scheme: Scheme) -> list[TrainingRow]:
        """One row: the system text, then question and answer in turn; the tools, where the file has some.

        Raises:
            RejectedError: the calls of tools cannot be written.
        """
        first = group.examples[0]
        row: TrainingRow = {"id": first.session} if self.with_id else {}
        messages = role_content(group.examples, first.system, tools=True)
        if self.key == "messages":
            return [row | {"messages": messages} | ({"tools": list(first.tools)} if first.tools else {})]
        called = any(turn.tool_messages for turn in group.examples)
        row[self.key] = sharegpt_turns(messages) if called else from_value(group.examples, first.system)
        return [row | ({"tools": sharegpt_definitions(first.tools)} if scheme.tools else {})]


def prompt_messages(example: Example, history: Sequence[Example]) -> list[Message]:
    """System text, earlier turns and the question, as ``role`` and ``content``."""
    return [*role_content(history, example.system), {"role": "user", "content": example.prompt}]


def answer_message(example: Example) -> list[Message]:
    """The answer, as a list of one message."""
    return [{"role": "assistant", "content": example.answer}]


def from_value(turns: Sequence[Example], system: str = "") -> list[Message]:
    """The turns as ``from`` and ``value``, without tools; missing answers are left out."""
    messages = role_content(turns, system)
    return [{"from": _SHAREGPT_ROLES[message["role"]], "value": message["content"]} for message in messages]


def _added(system: str, before: str) -> str:
    """What a system text adds to the one before it; "" for the same text, or for quite another."""
    if not before:
        return system
    return system.removeprefix(before + _BETWEEN) if system.startswith(before + _BETWEEN) else ""


def role_content(turns: Sequence[Example], system: str = "", *, tools: bool = False) -> list[Message]:
    """The turns as ``role`` and ``content``; missing answers are left out.

    A system text that continues the one before is a system turn in the middle of the dialogue again.

    Args:
        turns: of one conversation, oldest first.
        system: the system text before them.
        tools: write the calls of tools and their results too.

    Raises:
        RejectedError: the calls of tools cannot be written.
    """
    messages: list[Message] = [{"role": "system", "content": system}] if system else []
    for turn in turns:
        if messages and (added := _added(turn.system, system)):
            messages.append({"role": "system", "content": added})
            system = turn.system
        messages.append({"role": "user", "content": turn.prompt})
        if tools:
            messages += answer_messages(turn)
        elif turn.answer:
            messages += answer_message(turn)
    return messages
