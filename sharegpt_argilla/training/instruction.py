"""One question with its answer: layouts for supervised fine-tuning, and plain prompts for PPO.

Keys: Stanford Alpaca and LLaMA-Factory's ``data/README.md`` (``system``, ``history``); TRL, "Dataset formats",
prompt-completion, standard and conversational; xTuring, ``InstructionDataset``; KoChatGPT's notebook for its SFT
and PPO steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sharegpt_argilla.training.base import JSON_LINES, Example, Flat, Group, Scheme, TrainingRow, Unit
from sharegpt_argilla.training.conversation import answer_message, prompt_messages
from sharegpt_argilla.training.json_files import JsonFormat


@dataclass(frozen=True)
class Instruction(JsonFormat):
    """A format that is defined by a function of a row.

    Attributes:
        name: its name for ``--format``.
        title: its purpose.
        build: the training row of an annotated row and its history.
        suffix: ``.jsonl``, or ``.json`` for a trainer that reads an array.
        needs_history: whether ``build`` writes the earlier turns.
        needs_answer: whether it writes the answer.
        flat: what it cannot write of a conversation; None if it writes all.
    """

    name: str
    title: str
    build: Callable[[Example, Group], TrainingRow]
    suffix: str = JSON_LINES
    needs_history: bool = False
    needs_answer: bool = True
    flat: Flat | None = None
    unit: Unit = "row"

    def rows(self, group: Group, scheme: Scheme) -> list[TrainingRow]:
        """One row."""
        return [self.build(group.examples[0], group)]


def alpaca(example: Example, group: Group) -> TrainingRow:
    """``instruction``, ``input`` (empty), ``output``, ``system``, ``history``; the last two may be empty."""
    return {
        "instruction": example.prompt,
        "input": "",
        "output": example.answer,
        "system": example.system,
        "history": [[turn.prompt, turn.answer] for turn in group.history],
    }


def prompt_completion(example: Example, _group: Group) -> TrainingRow:
    """``prompt``, ``completion``."""
    return {"prompt": example.prompt, "completion": example.answer}


def prompt_completion_messages(example: Example, group: Group) -> TrainingRow:
    """``prompt``, everything up to the question, and ``completion``, the answer, as lists of messages."""
    return {"prompt": prompt_messages(example, group.history), "completion": answer_message(example)}


def xturing(example: Example, _group: Group) -> TrainingRow:
    """``instruction``, ``text`` (empty), ``target``."""
    return {"instruction": example.prompt, "text": "", "target": example.answer}


def prompt_only(example: Example, _group: Group) -> TrainingRow:
    """``prompt``."""
    return {"prompt": example.prompt}
