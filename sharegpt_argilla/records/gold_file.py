"""Gold rows, whose right answers are known: from a small file, or from the rows' own extension."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sharegpt_argilla.common.contract_keys import GOLD
from sharegpt_argilla.common.jsonl import open_input, read_rows
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.rows import read_extension

Gold = Mapping[str, Mapping[str, Any]]
"""Row id -> question -> the right answer."""


def read_gold(path: Path, questions: Sequence[str]) -> Gold:
    """The right answers in a file of ``{"id": row id, "gold": {question: value}}``, one per line.

    Args:
        path: the file.
        questions: names of the project's questions.

    Raises:
        InputError: the file cannot be read, or a line has another form; the text says which.
    """
    gold: dict[str, Mapping[str, Any]] = {}
    with open_input(path) as file:
        for number, text in enumerate(file, 1):
            if text.strip():
                identifier, answers = _line(text, f"{path}:{number}", questions)
                if identifier in gold:
                    raise InputError(f"{path}:{number}: row {identifier} occurs twice; keep one")
                gold[identifier] = answers
    return gold


def gold_in_rows(path: str | Path) -> Gold:
    """The right answers in the extension of rows; lines that are not valid rows are skipped."""
    gold = {}
    for line in read_rows(path):
        if line.row is not None and f'"{GOLD}"' in line.row["元数据"]["扩展字段"]:
            answers = read_extension(line.row).get(GOLD)
            if isinstance(answers, dict):
                gold[line.row["id"]] = answers
    return gold


def _line(text: str, where: str, questions: Sequence[str]) -> tuple[str, Mapping[str, Any]]:
    try:
        document = json.loads(text)
        identifier, answers = document["id"], document[GOLD]
    except (ValueError, KeyError, TypeError):
        identifier, answers = None, None
    if not isinstance(identifier, str) or not isinstance(answers, dict) or not answers:
        raise InputError(f'{where}: is not {{"id": row id, "gold": {{question: value}}}}; fix the line')
    unknown = [name for name in answers if name not in questions]
    if unknown:
        raise InputError(f'{where}: there is no question "{unknown[0]}"; known: {", ".join(questions)}')
    return identifier, answers
