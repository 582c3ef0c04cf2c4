"""How far the reviewers are with the disputed records: all of them on the Team page, each on the own page."""

from __future__ import annotations

from typing import Any

from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.project_watch import ProjectWatch
from sharegpt_argilla.project.record_links import queue_link


def review_progress(watch: ProjectWatch, view: ProjectView) -> dict[str, Any] | None:
    """The counts of the reviewers' dataset.

    Returns:
        ``given`` (records), ``decided``, ``open``, ``url`` of the queue ("" if none is open), and ``reviewers``:
        ``reviewer``, ``decided`` (submitted), ``draft`` and ``discarded`` of each, those without any included.
        None if the project has no reviewers, or `adjudicate` never ran.
    """
    section, reviewed = view.config.adjudication, watch.reviewed()
    if section is None or reviewed is None:
        return None
    dataset_id, progress = reviewed
    none = {"submitted": 0, "draft": 0, "discarded": 0}
    people = {**dict.fromkeys(section.reviewers, none), **progress.people}
    return {
        "given": progress.total,
        "decided": progress.completed,
        "open": progress.pending,
        "url": queue_link(view.url, dataset_id) if progress.pending else "",
        "reviewers": [
            {
                "reviewer": name,
                "decided": counts["submitted"],
                "draft": counts["draft"],
                "discarded": counts["discarded"],
            }
            for name, counts in people.items()
        ],
    }


def own_reviews(watch: ProjectWatch, view: ProjectView, person: str) -> dict[str, Any] | None:
    """One reviewer's own numbers in the reviewers' dataset.

    Returns:
        ``decided`` (submitted), ``draft``, ``discarded``; ``open``: undecided records that the person has not
        answered in any way; ``links``: each of these -> link, "" where it would lead to an empty page.
        None if the project has no reviewers, or `adjudicate` never ran.
    """
    reviewed = watch.reviewed()
    if view.config.adjudication is None or reviewed is None:
        return None
    dataset_id, progress = reviewed
    own = progress.people.get(person, {})
    counts = {
        "open": max(0, progress.pending - progress.on_pending.get(person, 0)),
        "decided": own.get("submitted", 0),
        "draft": own.get("draft", 0),
        "discarded": own.get("discarded", 0),
    }
    tabs = {"open": "pending", "decided": "submitted", "draft": "draft", "discarded": "discarded"}
    links = {key: queue_link(view.url, dataset_id, tabs[key]) if count else "" for key, count in counts.items()}
    return {**counts, "links": links}
