"""The table of training formats: the values of ``--format``."""

from __future__ import annotations

from sharegpt_argilla.registry import Registry
from sharegpt_argilla.training.answer_formats import (
    Answers,
    classification,
    demonstrations,
    kto,
    kto_messages,
    kto_swift,
)
from sharegpt_argilla.training.base import JSON_ARRAY, Flat, TrainingFormat
from sharegpt_argilla.training.conversation import Conversations
from sharegpt_argilla.training.data_frames import Table
from sharegpt_argilla.training.instruction import (
    Instruction,
    alpaca,
    prompt_completion,
    prompt_completion_messages,
    prompt_only,
    xturing,
)
from sharegpt_argilla.training.preference import (
    KoChatGPTRanking,
    PreferenceFormat,
    dpo,
    dpo_axolotl,
    dpo_llamafactory,
    dpo_messages,
    dpo_openai,
    dpo_swift,
    reward,
)
from sharegpt_argilla.training.reinforcement import ParquetPrompts, grpo, verl
from sharegpt_argilla.training.stepwise import stepwise

_MEMBERS: tuple[TrainingFormat, ...] = (
    Instruction("alpaca", "supervised: instruction, input, output", alpaca, JSON_ARRAY, needs_history=True),
    Instruction(
        "prompt_completion",
        "supervised, TRL: prompt, completion",
        prompt_completion,
        flat=Flat("prompt_completion_messages"),
    ),
    Instruction(
        "prompt_completion_messages",
        "supervised, TRL: prompt, completion as messages",
        prompt_completion_messages,
        needs_history=True,
    ),
    Conversations("sharegpt", "whole conversations: from, value", "conversations", with_id=True),
    Conversations("messages", "whole conversations: role, content", "messages"),
    Instruction("xturing", "supervised, xTuring: instruction, text, target", xturing, flat=Flat("alpaca")),
    Instruction(
        "kochatgpt_sft",
        "supervised, KoChatGPT: an array",
        prompt_completion,
        JSON_ARRAY,
        flat=Flat("prompt_completion_messages"),
    ),
    KoChatGPTRanking("kochatgpt_rm", "reward model, KoChatGPT: three answers and their order"),
    Instruction(
        "kochatgpt_ppo",
        "prompts, KoChatGPT: an array",
        prompt_only,
        JSON_ARRAY,
        needs_answer=False,
        flat=Flat("grpo"),
    ),
    Answers("grpo", "prompts as messages with a ground truth: TRL's GRPO, OpenRLHF", grpo, needs_history=True),
    ParquetPrompts("verl", "prompts as messages with a ground truth, verl: Parquet", verl),
    PreferenceFormat("dpo", "pairs, TRL: prompt, chosen, rejected", dpo, flat=Flat("dpo_messages")),
    PreferenceFormat(
        "dpo_messages", "pairs, TRL: prompt, chosen, rejected as messages", dpo_messages, needs_history=True
    ),
    PreferenceFormat("dpo_openai", "pairs, OpenAI: input, preferred_output", dpo_openai, needs_history=True),
    PreferenceFormat("dpo_swift", "pairs, ms-swift: messages, rejected_response", dpo_swift, needs_history=True),
    PreferenceFormat(
        "dpo_llamafactory", "pairs, LLaMA-Factory, ShareGPT layout", dpo_llamafactory, needs_history=True
    ),
    PreferenceFormat(
        "dpo_axolotl", "pairs, axolotl's chatml", dpo_axolotl, flat=Flat("dpo_messages", system=False)
    ),
    Answers(
        "kto",
        "single verdicts, TRL: prompt, completion, label",
        kto,
        needs_answer=True,
        flat=Flat("kto_messages"),
    ),
    Answers(
        "kto_messages",
        "single verdicts, TRL: prompt, completion as messages, label",
        kto_messages,
        needs_answer=True,
        needs_history=True,
    ),
    Answers(
        "kto_swift",
        "single verdicts, ms-swift, LLaMA-Factory: messages, label",
        kto_swift,
        needs_answer=True,
        needs_history=True,
    ),
    PreferenceFormat(
        "reward", "pairs, TRL's reward trainer: chosen, rejected as messages", reward, needs_history=True
    ),
    Answers(
        "stepwise",
        "answers in judged steps, TRL, axolotl: prompt, completions, labels",
        stepwise,
        needs_answer=True,
        flat=Flat("messages"),
    ),
    Answers("demonstrations", "what annotators wrote: prompt, demonstration", demonstrations, flat=Flat("grpo")),
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
