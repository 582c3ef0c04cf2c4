"""What the pages show of practice: to a person what was right and why, to the lead who has passed."""

from __future__ import annotations

from typing import Any

from sharegpt_argilla.annotation import Response
from sharegpt_argilla.config import load_project
from sharegpt_argilla.project.annotator_progress import gold_of_view
from sharegpt_argilla.project.gold_answers import known_reasons
from sharegpt_argilla.project.practice_answers import judge_practice, practice_standings
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.project_watch import ProjectWatch
from sharegpt_argilla.project.whole_record import answer_text
from sharegpt_argilla.records.gold_file import Gold
from sharegpt_argilla.records.practice import PlanPractice


def own_practice(watch: ProjectWatch, view: ProjectView, person: str, rows: str) -> dict[str, Any] | None:
    """A person's practice as far as the plan has judged it; None if there is none for them.

    Right answers are only in what is judged, since an answer counts as it was then.

    Args:
        watch: reads the project.
        view: the snapshot of the project.
        person: the username.
        rows: see `annotator_progress.gold_progress`.

    Returns:
        ``state`` and ``why``: see `records.practice.Standing`. ``waiting``: answered rows that are not judged yet.
        ``judged``: for each row ``right`` (whether it is), ``prompt`` (its beginning), ``reason`` ("" if the gold
        file gives none) and ``answers``: ``question``, ``own`` and ``right`` as texts.

    Raises:
        InputError: the file with the answers cannot be read.
    """
    practice = _practice(view)
    if practice is None or person not in view.config.annotators:
        return None
    everybody = practice_standings(view.config, practice, _begun(view, practice))
    standing = next(one for one in everybody if one.person == person)
    verdicts = practice.judged.get(person, {})
    if standing.state == "exempt" and not verdicts:
        return None
    gold = gold_of_view(watch, view, rows)
    reasons = watch.derived("reasons", view, lambda _: known_reasons(load_project(watch.config)))
    own = _responses(view, practice, person)
    prompts = watch.prompts(view, [key for key, _ in own.values()])
    waiting = sum(one.status != "draft" for row, (_, one) in own.items() if row not in verdicts)
    return {
        "state": standing.state,
        "why": standing.why(),
        "waiting": waiting,
        "judged": [
            {
                "right": verdicts[row],
                "prompt": prompts.get(own[row][0], ""),
                "reason": reasons.get(row, ""),
                "answers": _answers(view, own[row][1], row, gold),
            }
            for row in practice.rows
            if row in verdicts and row in own
        ],
    }


def team_practice(watch: ProjectWatch, view: ProjectView, rows: str) -> list[dict[str, Any]]:
    """Everybody's practice as of now; empty for a project without.

    Returns:
        ``annotator``, ``state``, ``why``, ``answered``, ``right``, and ``offered``: whether the person gets their
        other records by the plan in force.

    Raises:
        InputError: the file with the answers cannot be read.
    """
    practice = _practice(view)
    if practice is None:
        return []
    gold = gold_of_view(watch, view, rows)
    records = {record.id: record for record in view.records.values() if record.id is not None}
    known = [row for row in practice.rows if row in gold]
    now = PlanPractice(practice.rows, judge_practice(known, practice.judged, records, gold))
    return [
        {
            "annotator": one.person,
            "state": one.state,
            "why": one.why(),
            "answered": one.answered,
            "right": one.right,
            "offered": one.person not in practice.held,
        }
        for one in practice_standings(view.config, now, _begun(view, practice))
    ]


def _practice(view: ProjectView) -> PlanPractice | None:
    plan = view.work.plan
    if view.config.practice is None or plan is None or not plan.practice.rows:
        return None
    return plan.practice


def _begun(view: ProjectView, practice: PlanPractice) -> set[str]:
    return {
        response.annotator
        for record in view.records.values()
        for response in record.responses
        if record.id is not None and record.id not in practice.rows
    }


def _responses(view: ProjectView, practice: PlanPractice, person: str) -> dict[str, tuple[str, Response]]:
    """Practice row -> Argilla's id of its record, and the person's response."""
    return {
        record.id: (key, response)
        for key, record in view.records.items()
        for response in record.responses
        if record.id is not None and record.id in practice.rows and response.annotator == person
    }


def _answers(view: ProjectView, response: Response, row: str, gold: Gold) -> list[dict[str, str]]:
    right = gold.get(row, {})
    return [
        {
            "question": question.title,
            "own": answer_text(response.values.get(question.name), question),
            "right": answer_text(right[question.name], question),
        }
        for question in view.config.questions
        if question.name in right
    ]
