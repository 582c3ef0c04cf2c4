"""How far the reviewers are with the disputed records, which the Team page shows."""

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
