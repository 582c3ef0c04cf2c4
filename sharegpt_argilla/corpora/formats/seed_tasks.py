"""Self-Instruct's seed tasks: ``{"id", "name", "instruction", "instances": [{"input", "output"}, …]}``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.formats.alpaca import INPUT, INSTRUCTION, OUTPUT, joined
from sharegpt_argilla.corpora.formats.base import Container, Conversation, Turn
from sharegpt_argilla.corpora.formats.fields import (
    kind,
    optional_text,
    other_keys,
    record_object,
    required_list,
    required_text,
    session_id,
)
from sharegpt_argilla.errors import RejectedError

INSTANCES, INSTANCE = "instances", "instance"


@dataclass(frozen=True, slots=True)
class SeedTasks:
    """Tasks with one or several worked instances; every instance is a conversation of its own."""

    name: str = "seed_tasks"
    title: str = "Self-Instruct seed tasks (seed_task_ms.jsonl of MYChatGPT)"
    source: str = "seed_tasks"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a text under ``instruction`` and a list under ``instances``."""
        return (
            isinstance(value, dict)
            and isinstance(value.get(INSTRUCTION), str)
            and isinstance(value.get(INSTANCES), list)
        )

    def read(self, value: object) -> list[Conversation]:
        """One conversation for each instance.

        Where a task has several, their sessions are its id with ``-1``, ``-2`` …, and ``instance`` in the extra
        is the number.

        Raises:
            RejectedError: the task has no instance, or one of them is no input and output.
        """
        record = record_object(value)
        instruction = required_text(record, INSTRUCTION)
        instances = required_list(record, INSTANCES)
        talks = [_turns(instruction, instance, number) for number, instance in enumerate(instances, 1)]
        session = session_id(record, [turn for turns in talks for turn in turns])
        extra = other_keys(record, {"id", INSTRUCTION, INSTANCES})
        if len(talks) == 1:
            return [Conversation(session, talks[0], extra=extra)]
        return [
            Conversation(f"{session}-{number}", turns, extra={**extra, INSTANCE: number})
            for number, turns in enumerate(talks, 1)
        ]


def _turns(instruction: str, instance: Any, number: int) -> list[Turn]:
    if not isinstance(instance, dict):
        raise RejectedError(f"instance {number} is {kind(instance)}, not an object")
    try:
        question = joined(instruction, optional_text(instance, INPUT))
        return [Turn("human", question, INSTRUCTION), Turn("gpt", required_text(instance, OUTPUT), OUTPUT)]
    except RejectedError as error:
        raise RejectedError(f"instance {number}: {error}") from None
