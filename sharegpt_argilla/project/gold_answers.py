"""The answers that the lead of a project knows."""

from __future__ import annotations

from pathlib import Path

from sharegpt_argilla.common.jsonl import STANDARD_STREAM
from sharegpt_argilla.config import Project
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.records.gold_file import Gold, gold_in_rows, read_gold


def known_answers(project: Project, rows: str | Path | None) -> Gold:
    """Row id -> question -> the right answer; empty where the project has no gold.

    Args:
        project: the project; its gold file, where it names one, is beside it.
        rows: where the answers stand in the rows themselves, the file of those; None to leave them there.

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
        raise UsageError(
            "gold stands in the rows themselves, which are read twice; give a file, not standard input"
        )
    return gold_in_rows(rows)
