"""Each person's agreement, share of right gold answers and offset in one line, which the Team page shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sharegpt_argilla.project.annotator_progress import gold_progress
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.project_watch import ProjectWatch
from sharegpt_argilla.project.team_progress import team_tables
from sharegpt_argilla.responses.team_agreement import mean_scores


def agreement_scores(watch: ProjectWatch, view: ProjectView) -> dict[str, dict[str, float | None]]:
    """Person -> ``agreement`` and ``offset``: see `responses.team_agreement.mean_scores`."""
    tables = team_tables(watch, view)
    return watch.derived("mean scores", view, lambda _: mean_scores(tables))


def gold_scores(
    watch: ProjectWatch, view: ProjectView, people: Iterable[str], rows: str
) -> dict[str, dict[str, Any]]:
    """Person -> ``gold`` (share of the answers to gold rows that are right, 0 to 1) and ``gold_answers``.

    Args:
        watch: reads the project.
        view: the snapshot of the project.
        people: usernames; who answered no gold row is left out.
        rows: see `annotator_progress.gold_progress`.

    Raises:
        InputError: the file with the answers cannot be read.
    """
    scores: dict[str, dict[str, Any]] = {}
    for person in people:
        questions = gold_progress(watch, view, person, rows)
        if answers := sum(question["answers"] for question in questions):
            right = sum(question["right"] for question in questions)
            scores[person] = {"gold": right / answers, "gold_answers": answers}
    return scores
