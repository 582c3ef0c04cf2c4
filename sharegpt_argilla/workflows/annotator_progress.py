"""How one person is doing, as plain data: what the Annotator page shows."""

from __future__ import annotations

from typing import Any

from sharegpt_argilla.responses.progress import PersonTally, person_numbers
from sharegpt_argilla.responses.team_agreement import own_agreement
from sharegpt_argilla.workflows.guidelines_history import GuidelinesVersion, guidelines_versions
from sharegpt_argilla.workflows.project_watch import ProjectView, ProjectWatch
from sharegpt_argilla.workflows.record_links import queue_link
from sharegpt_argilla.workflows.team_progress import people_numbers, team_tables, team_tally, today_utc
from sharegpt_argilla.workflows.team_shapes import every_day, with_texts


def annotator_progress(watch: ProjectWatch, view: ProjectView, person: str) -> dict[str, Any]:
    """One person's own numbers; nobody else's is in them.

    Returns:
        ``numbers``: see `responses.progress.person_numbers`. ``links``: the person's tabs of the annotation page.
        ``days``: day -> responses submitted. ``agreement``: with the others on each question. ``open``: records
        that are not complete and that the person has not answered.
    """
    tally, today = team_tally(watch, view), today_utc().isoformat()
    own = tally.people.get(person, PersonTally())
    tables = team_tables(watch, view)
    return {
        "numbers": with_texts(person_numbers(person, own, today)),
        "links": {
            status: queue_link(view.url, view.dataset_id, status)
            for status in ("pending", "draft", "discarded", "submitted")
        },
        "days": [{"day": day, "responses": count} for day, count in sorted(own.days.items())],
        "every_day": every_day(own.days, today_utc()),
        "agreement": _shaped(watch.derived(f"agreement {person}", view, lambda _: own_agreement(tables, person))),
        "open": view.progress.pending - _answered_pending(view, person),
    }


def leaderboard(watch: ProjectWatch, view: ProjectView) -> list[dict[str, Any]]:
    """Everybody's submitted responses, by name; empty unless the project file says ``leaderboard: true``."""
    if not view.config.dashboard.leaderboard:
        return []
    people = people_numbers(team_tally(watch, view))
    return [{key: one[key] for key in ("annotator", "submitted", "today")} for one in people]


def guidelines(watch: ProjectWatch, view: ProjectView) -> list[GuidelinesVersion]:
    """Every version of the guidelines that was seen, the one in force last."""
    return guidelines_versions(watch.home, view.dataset_id, view.guidelines)


def _shaped(found: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Points for each kind of number; questions without any record to compare on are left out."""
    with_others = [one for one in found if one["agreement"]["items"]]
    return {
        kind: [{"question": one["question"], **one[kind]} for one in with_others if one[kind]]
        for kind in ("kappa", "agreement", "difference")
    }


def _answered_pending(view: ProjectView, person: str) -> int:
    return sum(
        record.status == "pending" and any(one.annotator == person for one in record.responses)
        for record in view.records.values()
    )
