"""Prompts with what a reward is computed from: layouts for GRPO, PPO and other reinforcement learning.

Keys: TRL, "GRPO Trainer" (``prompt`` as messages; every other column goes to the reward functions); OpenRLHF,
``--input_key prompt --label_key ground_truth --apply_chat_template``; verl, "Prepare Data for Post-Training"
(``data_source``, ``prompt``, ``ability``, ``reward_model``, ``extra_info``, as Parquet).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.training.answer_formats import labels_of, written_texts
from sharegpt_argilla.training.base import About, Example, Group, Scheme, TrainingRow, Unit
from sharegpt_argilla.training.conversation import prompt_messages

NO_TRUTH = "without a demonstration or an answer"
RULE = "rule"
"""verl's name for a reward that a function computes from the ground truth, not a model."""
ABILITY = "intent"
"""The question whose labels say what a prompt asks for."""


def grpo(group: Group, scheme: Scheme) -> list[TrainingRow]:
    """``prompt`` as messages, ``ground_truth``, ``id``.

    Raises:
        RejectedError: the row has no text that is right.
    """
    (example,) = group.examples
    truth = ground_truth(example, scheme)
    return [{"prompt": prompt_messages(example, group.history), "ground_truth": truth, "id": example.id}]


def verl(group: Group, scheme: Scheme) -> list[TrainingRow]:
    """``data_source``, ``prompt``, ``ability``, ``reward_model``, ``extra_info``.

    Raises:
        RejectedError: as ``grpo``.
    """
    (example,) = group.examples
    truth = ground_truth(example, scheme)
    row: TrainingRow = {"data_source": example.source, "prompt": prompt_messages(example, group.history)}
    row["ability"] = _ability(example, scheme)
    row["reward_model"] = {"style": RULE, "ground_truth": truth}
    row["extra_info"] = {"id": example.id, "session": example.session, "turn": example.turn}
    return [row]


def ground_truth(example: Example, scheme: Scheme) -> str:
    """The first demonstration that an annotator wrote, else the answer of the row.

    Raises:
        RejectedError: there is neither.
    """
    texts = [*written_texts(example, scheme), example.answer]
    truth = next((text for text in texts if text), "")
    if not truth:
        raise RejectedError(NO_TRUTH)
    return truth


def _ability(example: Example, scheme: Scheme) -> str:
    """The labels of the question ``intent``, joined by commas; ``""`` if there are none."""
    question, value = scheme.question(ABILITY), example.annotation.get(ABILITY)
    return ",".join(labels_of(question, value)) if question and value is not None else ""


@dataclass(frozen=True)
class ParquetPrompts:
    """A layout of prompts as Parquet; the column types are those of ``parquet_file.VERL``.

    Attributes:
        name: its name for ``--format``.
        title: its purpose.
        build: the training rows of an annotated row and its history.
    """

    name: str
    title: str
    build: Callable[[Group, Scheme], list[TrainingRow]]
    suffix: str = ".parquet"
    unit: Unit = "row"
    needs_history: bool = True
    needs_answer: bool = False

    def rows(self, group: Group, scheme: Scheme) -> list[TrainingRow]:
        """The rows of one annotated row.

        Raises:
            RejectedError: the row has none.
        """
        return self.build(group, scheme)

    def write(
        self, target: Path, splits: Mapping[str, Iterable[TrainingRow]], _scheme: Scheme, _about: About
    ) -> list[Path]:
        """Write every split, whole or not at all.

        Raises:
            InputError: a file cannot be written.
        """
        # pyarrow takes a second to import.
        writer = import_module("sharegpt_argilla.training.parquet_file")
        paths: list[Path] = writer.write_prompts(target, splits)
        return paths
