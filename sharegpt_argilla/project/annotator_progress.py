"""The progress of one person as plain data, which the Annotator page shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharegpt_argilla.argilla_client.server_counts import STATUSES
from sharegpt_argilla.config import load_project
from sharegpt_argilla.project.gold_answers import known_answers
from sharegpt_argilla.project.guidelines_history import GuidelinesVersion, guidelines_versions
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.project_watch import ProjectWatch
from sharegpt_argilla.project.record_links import own_links, personal_link
from sharegpt_argilla.project.team_progress import (
    every_day,
    people_numbers,
    team_tables,
    team_tally,
    today_utc,
    with_texts,
)
from sharegpt_argilla.records.gold_file import Gold
from sharegpt_argilla.responses.answer_counts import PersonTally, person_numbers
from sharegpt_argilla.responses.team_agreement import own_agreement, own_gold


def annotator_progress(watch: ProjectWatch, view: ProjectView, person: str) -> dict[str, Any]:
    """One person's own numbers, without anybody else's.

    Returns:
        ``numbers``: see `responses.answer_counts.person_numbers`. ``links``: status -> label and link of each of
        the person's datasets with own responses of that status. ``days``: day -> responses submitted.
        ``agreement``: with the others on each question. ``queues``: ``label``, ``url`` and ``open`` (incomplete
        records that the person is to answer and has not answered) of each dataset with open records.
    """
    tally, today = team_tally(watch, view), today_utc().isoformat()
    own = tally.people.get(person, PersonTally())
    tables = team_tables(watch, view)
    return {
        "numbers": with_texts(person_numbers(person, own, today)),
        "links": {status: own_links(view, person, status) for status in STATUSES},
        "days": [{"day": day, "responses": count} for day, count in sorted(own.days.items())],
        "every_day": every_day(own.days, today_utc()),
        "agreement": _shaped(watch.derived(f"agreement {person}", view, lambda _: own_agreement(tables, person))),
        "queues": _queues(
            view, person, watch.derived(f"planned {person}", view, lambda one: _planned(one, person))
        ),
    }


def gold_progress(watch: ProjectWatch, view: ProjectView, person: str, rows: str) -> list[dict[str, Any]]:
    """One person's agreement with the gold answers: see `responses.team_agreement.own_gold`.

    Args:
        watch: reads the project.
        view: the snapshot of the project.
        person: the username.
        rows: the loaded rows, which contain the gold answers unless the project has a gold file; "" for none.

    Returns:
        Empty if the project has no gold.

    Raises:
        InputError: the file with the answers cannot be read.
    """
    if view.config.gold is None:
        return []
    gold = gold_of_view(watch, view, rows)
    questions = view.config.questions
    return watch.derived(f"gold {person}", view, lambda one: own_gold(one.records, gold, questions, person))


def gold_of_view(watch: ProjectWatch, view: ProjectView, rows: str) -> Gold:
    """Row id -> question -> the right answer; see `gold_progress` for arguments and errors."""
    return watch.derived("gold", view, lambda _: known_answers(load_project(watch.config), rows or None))


def leaderboard(watch: ProjectWatch, view: ProjectView) -> list[dict[str, Any]]:
    """Everybody's submitted responses, by name; empty unless the project file says ``leaderboard: true``."""
    if not view.config.dashboard.leaderboard:
        return []
    people = people_numbers(team_tally(watch, view))
    return [{key: one[key] for key in ("annotator", "submitted", "today")} for one in people]


def guidelines(watch: ProjectWatch, view: ProjectView) -> list[GuidelinesVersion]:
    """Every version of the guidelines that was seen, the current one last."""
    return guidelines_versions(watch.home, view.dataset_id, view.guidelines)


def _shaped(questions: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Points for each kind of number; questions without records to compare are left out."""
    with_others = [one for one in questions if one["agreement"]["items"]]
    return {
        kind: [{"question": one["question"], **one[kind]} for one in with_others if one[kind]]
        for kind in ("kappa", "agreement", "difference")
    }


def _planned(view: ProjectView, person: str) -> dict[str, int | None]:
    """Argilla's dataset id -> planned records that wait for the person's answer; None if there is no plan."""
    done = {
        record.id
        for record in view.records.values()
        if record.status == "completed" or any(one.annotator == person for one in record.responses)
    }
    own = {one.id: view.work.own(person, one.calibration) for one in view.datasets_of(person)}
    return {key: None if rows is None else len(rows - done) for key, rows in own.items()}


def _queues(view: ProjectView, person: str, planned: Mapping[str, int | None]) -> list[dict[str, Any]]:
    filtered = view.config.assignment.mode == "links"
    queues = []
    for dataset in view.datasets_of(person):
        progress, own = dataset.progress, planned.get(dataset.id)
        waiting = max(0, progress.pending - progress.on_pending.get(person, 0))
        # A planned record may not be loaded yet.
        count = waiting if own is None else min(own, waiting)
        if count:
            url = personal_link(view.url, dataset.id, person, filtered=filtered)
            queues.append({"label": dataset.label, "url": url, "open": count})
    return queues
