"""The gold answers of a project, from its gold file or from the rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sharegpt_argilla.common.jsonl import STANDARD_STREAM
from sharegpt_argilla.config import Project
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.records.gold_file import Gold, gold_in_rows, read_gold, read_reasons


def known_answers(project: Project, rows: str | Path | None) -> Gold:
    """Row id -> question -> the right answer; empty if the project has no gold.

    Args:
        project: the project; a gold file is relative to the project file.
        rows: the rows file, if the answers are in the rows themselves; None to skip those.

    Raises:
        InputError: the gold file is missing, or a line of it is wrong.
        UsageError: the rows are on standard input, and would have to be read twice.
    """
    gold = project.config.gold
    if gold is None:
        return {}
    if gold.file is not None:
        questions = [question.name for question in project.config.questions]
        return read_gold(project.path.parent / gold.file, questions)
    if rows is None:
        return {}
    if str(rows) == STANDARD_STREAM:
        raise UsageError("gold is in the rows themselves, which are read twice; give a file, not standard input")
    return gold_in_rows(rows)


def known_reasons(project: Project) -> Mapping[str, str]:
    """Row id -> why its gold answers are right; empty without a gold file.

    Raises:
        InputError: the gold file is missing, or a line of it is wrong.
    """
    gold = project.config.gold
    if gold is None or gold.file is None:
        return {}
    return read_reasons(project.path.parent / gold.file, [question.name for question in project.config.questions])
