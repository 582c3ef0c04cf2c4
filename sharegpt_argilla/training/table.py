"""The table of training formats: the values of ``--format``."""

from __future__ import annotations

from sharegpt_argilla.registry import Registry
from sharegpt_argilla.training.answer_formats import Answers, classification, demonstrations, kto
from sharegpt_argilla.training.base import JSON_ARRAY, TrainingFormat
from sharegpt_argilla.training.conversation import Conversations
from sharegpt_argilla.training.data_frames import Table
from sharegpt_argilla.training.instruction import Instruction, alpaca, prompt_completion, prompt_only, xturing
from sharegpt_argilla.training.preference import (
    KoChatGPTRanking,
    PreferenceFormat,
    dpo,
    dpo_axolotl,
    dpo_llamafactory,
    reward,
)

_MEMBERS: tuple[TrainingFormat, ...] = (
    Instruction("alpaca", "supervised: instruction, input, output", alpaca, JSON_ARRAY, needs_history=True),
    Instruction("prompt_completion", "supervised, TRL: prompt, completion", prompt_completion),
    Conversations("sharegpt", "whole conversations: from, value", "conversations", with_id=True),
    Conversations("messages", "whole conversations: role, content", "messages"),
    Instruction("xturing", "supervised, xTuring: instruction, text, target", xturing),
    Instruction("kochatgpt_sft", "supervised, KoChatGPT: an array", prompt_completion, JSON_ARRAY),
    KoChatGPTRanking("kochatgpt_rm", "reward model, KoChatGPT: three answers and their order"),
    Instruction("kochatgpt_ppo", "prompts, KoChatGPT: an array", prompt_only, JSON_ARRAY, needs_answer=False),
    PreferenceFormat("dpo", "pairs, TRL: prompt, chosen, rejected", dpo),
    PreferenceFormat(
        "dpo_llamafactory", "pairs, LLaMA-Factory, ShareGPT layout", dpo_llamafactory, needs_history=True
    ),
    PreferenceFormat("dpo_axolotl", "pairs, axolotl's chatml.argilla", dpo_axolotl),
    Answers("kto", "single verdicts, TRL: prompt, completion, label", kto, needs_answer=True),
    PreferenceFormat(
        "reward", "pairs, TRL's reward trainer: chosen, rejected as messages", reward, needs_history=True
    ),
    Answers("demonstrations", "what annotators wrote: prompt, demonstration", demonstrations),
    Answers("classification", "a row for each question: question, text, labels", classification),
    Table("datasets", "every column, a DatasetDict folder with a dataset card", "", "hub_dataset"),
    Table("parquet", "every column, Parquet", ".parquet", "parquet_file"),
    Table("csv", "every column, CSV that spreadsheets may open", ".csv", "csv_file"),
)

FORMATS: Registry[TrainingFormat] = Registry(
    "training format",
    {member.name: member for member in _MEMBERS},
    group="sharegpt_argilla.formats",
    needs=("name", "title", "suffix", "unit", "needs_history", "needs_answer", "rows", "write"),
)
"""Every training format by name."""
