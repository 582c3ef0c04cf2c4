"""What a trainer needs to be told about a file, written next to it.

LLaMA-Factory finds data sets in ``dataset_info.json`` of its ``dataset_dir`` (its ``data/README.md``); axolotl
wants a stanza of YAML under ``datasets`` (its "Dataset Formats"; ``prompt_strategies/dpo/chatml.py`` for pairs).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from sharegpt_argilla.common.atomic_files import write_text
from sharegpt_argilla.training.base import split_path

DATASET_INFO = "dataset_info.json"
_SOURCES = frozenset({"file_name", "hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name"})
"""Keys of which each entry of LLaMA-Factory's file has one; `datasets` has another file of this name."""
_ROLE_CONTENT = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}
_FROM_VALUE = {
    "role_tag": "from",
    "content_tag": "value",
    "user_tag": "human",
    "assistant_tag": "gpt",
    "system_tag": "system",
}
"""All tags: LLaMA-Factory has no default for one that is missing among others."""

LLAMA_FACTORY: Mapping[str, Mapping[str, Any]] = {
    "alpaca": {
        "columns": {
            "prompt": "instruction",
            "query": "input",
            "response": "output",
            "system": "system",
            "history": "history",
        }
    },
    "sharegpt": {
        "formatting": "sharegpt",
        "columns": {"messages": "conversations"},
        "tags": _FROM_VALUE,
    },
    "messages": {"formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": _ROLE_CONTENT},
    "dpo_llamafactory": {
        "formatting": "sharegpt",
        "ranking": True,
        "columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected", "system": "system"},
    },
    "kto_swift": {
        "formatting": "sharegpt",
        "columns": {"messages": "messages", "kto_tag": "label"},
        "tags": _ROLE_CONTENT,
    },
}
"""Format -> its entry in ``dataset_info.json``, apart from the file's name."""
WITH_TOOLS: Mapping[str, Mapping[str, Any]] = {
    "sharegpt": {
        "columns": {"messages": "conversations", "tools": "tools"},
        "tags": {**_FROM_VALUE, "function_tag": "function_call", "observation_tag": "observation"},
    }
}
"""Format -> what its entry says instead where the file has tools."""

AXOLOTL: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "sharegpt": (
        {},
        {
            "type": "chat_template",
            "field_messages": "conversations",
            "message_property_mappings": {"role": "from", "content": "value"},
        },
    ),
    "messages": ({}, {"type": "chat_template", "field_messages": "messages"}),
    "dpo_axolotl": ({"rl": "dpo"}, {"type": "chatml"}),
    "stepwise": ({"process_reward_model": True}, {"type": "stepwise_supervised"}),
}
"""Format -> what else a configuration says, and how it describes the file."""
_FOR_EVALUATION = frozenset({"test", "dev", "eval", "valid", "validation"})


def write_trainer_configs(name: str, target: Path, splits: Sequence[str], *, tools: bool = False) -> list[Path]:
    """Describe the files of a format to the trainers that want it.

    Args:
        name: the format.
        target: the name given with ``-o``.
        splits: names of the splits; ``""`` if nothing is split.
        tools: whether the rows have tools. LLaMA-Factory reads these from ``sharegpt``, not from ``messages``.

    Returns:
        The files written: ``dataset_info.json``, to which entries are added, and ``OUT.axolotl.yml``.

    Raises:
        InputError: a file cannot be written.
    """
    written = []
    if name in LLAMA_FACTORY and not (tools and name not in WITH_TOOLS):
        entry = {**LLAMA_FACTORY[name], **(WITH_TOOLS[name] if tools else {})}
        written.append(_add_dataset_info(target, splits, entry))
    if name in AXOLOTL:
        written.append(target.with_name(f"{target.stem}.axolotl.yml"))
        write_text(written[-1], _stanza(target, splits, *AXOLOTL[name]))
    return written


def _add_dataset_info(target: Path, splits: Sequence[str], entry: Mapping[str, Any]) -> Path:
    paths = [split_path(target, split) for split in splits]
    entries = {path.stem: {"file_name": path.name, **entry} for path in paths}
    file = target.with_name(DATASET_INFO)
    there = _dataset_info(file)
    if there is None:
        file, there = target.with_name(f"{target.stem}.{DATASET_INFO}"), {}
    write_text(file, json.dumps({**there, **entries}, ensure_ascii=False, indent=2) + "\n")
    return file


def _dataset_info(file: Path) -> dict[str, Any] | None:
    """The entries that are there already; None if the file is not LLaMA-Factory's."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return None
    entries = list(content.values()) if isinstance(content, dict) else [None]
    return content if all(isinstance(entry, dict) and _SOURCES & set(entry) for entry in entries) else None


def _stanza(target: Path, splits: Sequence[str], top: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    lists: dict[str, list[dict[str, Any]]] = {}
    for split in splits:
        key = "test_datasets" if split in _FOR_EVALUATION and len(splits) > 1 else "datasets"
        path = split_path(target, split).as_posix()
        lists.setdefault(key, []).append({"path": path, "ds_type": "json", "split": "train", **entry})
    return yaml.safe_dump({**top, **lists}, sort_keys=False, allow_unicode=True)
