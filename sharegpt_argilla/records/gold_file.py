"""Gold rows, whose right answers are known: from a small file, or from the rows' own extension."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
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

    A line may have a ``reason`` too: why the answers are right, see `read_reasons`.

    Args:
        path: the file.
        questions: names of the project's questions.

    Raises:
        InputError: the file cannot be read, or a line has another form; the text says which.
    """
    return {identifier: answers for identifier, answers, _ in _lines(path, questions)}


def read_reasons(path: Path, questions: Sequence[str]) -> Mapping[str, str]:
    """Row id -> why its answers are right, of the lines of a gold file that say so.

    Raises:
        InputError: as for `read_gold`.
    """
    return {identifier: reason for identifier, _, reason in _lines(path, questions) if reason}


def _lines(path: Path, questions: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    seen: set[str] = set()
    with open_input(path) as file:
        for number, text in enumerate(file, 1):
            if text.strip():
                line = _line(text, f"{path}:{number}", questions)
                if line[0] in seen:
                    raise InputError(f"{path}:{number}: row {line[0]} occurs twice; keep one")
                seen.add(line[0])
                yield line


def gold_in_rows(path: str | Path) -> Gold:
    """The right answers in the extension of rows; lines that are not valid rows are skipped."""
    gold = {}
    for line in read_rows(path):
        if line.row is not None and f'"{GOLD}"' in line.row["元数据"]["扩展字段"]:
            answers = read_extension(line.row).get(GOLD)
            if isinstance(answers, dict):
                gold[line.row["id"]] = answers
    return gold


def _line(text: str, where: str, questions: Sequence[str]) -> tuple[str, Mapping[str, Any], str]:
    try:
        document = json.loads(text)
        identifier, answers, reason = document["id"], document[GOLD], document.get("reason", "")
    except (ValueError, KeyError, TypeError):
        identifier, answers, reason = None, None, ""
    if not isinstance(identifier, str) or not isinstance(answers, dict) or not answers:
        raise InputError(f'{where}: is not {{"id": row id, "gold": {{question: value}}}}; fix the line')
    unknown = [name for name in answers if name not in questions]
    if unknown:
        raise InputError(f'{where}: there is no question "{unknown[0]}"; known: {", ".join(questions)}')
    if not isinstance(reason, str):
        raise InputError(f"{where}: the reason is no text; write it in quotes, or leave it out")
    return identifier, answers, reason.strip()
