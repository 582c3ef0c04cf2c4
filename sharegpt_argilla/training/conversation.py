"""Whole conversations, reassembled from their turns.

Keys: FastChat and LLaMA-Factory for ``conversations`` (``id``, ``from``, ``value``); OpenAI, TRL and axolotl for
``messages`` (``role``, ``content``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sharegpt_argilla.training.base import JSON_LINES, Example, Group, Scheme, TrainingRow, Unit
from sharegpt_argilla.training.json_files import JsonFormat

Message = dict[str, str]
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

    def rows(self, group: Group, scheme: Scheme) -> list[TrainingRow]:
        """One row: the system text, then question and answer in turn."""
        layout = from_value if self.key == "conversations" else role_content
        row: TrainingRow = {"id": group.examples[0].session} if self.with_id else {}
        row[self.key] = layout(group.examples, group.examples[0].system)
        return [row]


def prompt_messages(example: Example, history: Sequence[Example]) -> list[Message]:
    """System text, earlier turns and the question, as ``role`` and ``content``."""
    return [*role_content(history, example.system), {"role": "user", "content": example.prompt}]


def answer_message(example: Example) -> list[Message]:
    """The answer, as a list of one message."""
    return [{"role": "assistant", "content": example.answer}]


def from_value(turns: Sequence[Example], system: str = "") -> list[Message]:
    """The turns as ``from`` and ``value``; missing answers are left out.

    A system text that continues the one before is a system turn in the middle of the dialogue again.
    """
    messages = [{"from": "system", "value": system}] if system else []
    for turn in turns:
        if messages and (added := _added(turn.system, system)):
            messages.append({"from": "system", "value": added})
            system = turn.system
        messages.append({"from": "human", "value": turn.prompt})
        if turn.answer:
            messages.append({"from": "gpt", "value": turn.answer})
    return messages


def _added(system: str, before: str) -> str:
    """What a system text adds to the one before it; "" for the same text, or for quite another."""
    if not before:
        return system
    return system.removeprefix(before + _BETWEEN) if system.startswith(before + _BETWEEN) else ""


def role_content(turns: Sequence[Example], system: str = "") -> list[Message]:
    """The turns as ``role`` and ``content``; missing answers are left out."""
    roles = {"human": "user", "gpt": "assistant", "system": "system"}
    return [{"role": roles[m["from"]], "content": m["value"]} for m in from_value(turns, system)]
