"""The parts of the Team page about people: what each has done and how well, and how far the reviewers are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from sharegpt_argilla.dashboard.session import options, viewer, watch
from sharegpt_argilla.dashboard.tables import tile, whole_percents
from sharegpt_argilla.errors import SharegptArgillaError
from sharegpt_argilla.project.people_scores import agreement_scores, gold_scores
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.review_progress import review_progress

_number, _text = st.column_config.NumberColumn, st.column_config.TextColumn

_COLUMNS: dict[str, Any] = {
    "url": st.column_config.LinkColumn("Argilla", display_text="open", width=60),
    "annotator": _text("person"),
    "assigned": _number("assigned", format="localized", width=75),
    "open": _number("open", format="localized", width=55),
    "done": _number("done", format="percent", width=55, help="share of the assigned records"),
    "finish": _text("own finish", width=90, help="at the own pace of the last 14 full days"),
    "submitted": _number("submitted", format="localized", width=80),
    "today": _number("today", format="localized", width=55),
    "draft": _number("drafts", format="localized", width=55),
    "discarded": _number("discarded", format="localized", width=80),
    "pace": _text("median time", width=95, help="~ estimated from the times between submissions"),
    "active": _text("active time", width=90, help="~ estimated; sum over submitted responses"),
    "agreement": _number(
        "agreement",
        format="percent",
        width=85,
        help="share of the others who gave the same answer, mean of the questions",
    ),
    "gold": _number(
        "gold",
        format="percent",
        width=55,
        help="share of the answers to records with a known answer that are right",
    ),
    "gold_answers": _number("of", format="localized", width=45, help="answers to records with a known answer"),
    "offset": _number(
        "offset",
        format="%+.2f",
        width=60,
        help="ratings above the others' mean of the same records, in steps of the scale",
    ),
    "last": _text("last response (UTC)", width=130),
}
"""Widths in pixels, so that all columns fit next to each other on a page of 1440."""

_PLAN = ("assigned", "open", "done", "finish")
_COUNTS = ("submitted", "today", "draft", "discarded", "pace", "active")
_SCORES = ("agreement", "offset", "gold", "gold_answers")


def people_section(view: ProjectView, people: Sequence[Mapping[str, Any]]) -> None:
    """A line for everybody who has answered or has records to answer; columns without any number are left out."""
    st.subheader("Each person")
    scores, gold = agreement_scores(watch(), view), _gold(view, people)
    lines = [
        {**_planned(person), **scores.get(person["annotator"], {}), **gold.get(person["annotator"], {})}
        for person in people
    ]
    columns = [*_PLAN, *_COUNTS, *_SCORES]
    optional = {*_PLAN, *_SCORES}
    kept = [name for name in columns if name not in optional or any(line.get(name) is not None for line in lines)]
    shown = whole_percents(lines, "done", "agreement", "gold")
    order = ["url", "annotator", *kept, "last"]
    st.dataframe(shown, hide_index=True, column_order=order, column_config=_COLUMNS, placeholder="–")
    st.caption(
        "A link shows what is pending and assigned to the person, where there is a plan, else all that is "
        "pending: Argilla shows people's responses to themselves alone. Agreement, offset and gold have their "
        "intervals on the Annotator page; of a few records they say little."
    )


def _planned(person: Mapping[str, Any]) -> dict[str, Any]:
    """A person of the plan without an estimate has a dash, as for the other numbers that are unknown."""
    return {**person, "finish": person["finish"] or "–"} if person["assigned"] is not None else {**person}


def _gold(view: ProjectView, people: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    try:
        return gold_scores(watch(), view, [person["annotator"] for person in people], options().rows)
    except SharegptArgillaError as error:
        st.warning(str(error))
        return {}


def adjudication_section(view: ProjectView) -> None:
    """What the reviewers have decided; nothing for a project without reviewers."""
    progress = review_progress(watch(), view)
    if progress is None:
        return
    person = viewer()
    reachable = person is not None and person.enters_reviews
    st.subheader("Adjudication")
    tiles = [("Given", "given"), ("Decided", "decided"), ("Open", "open")]
    with st.container(horizontal=True):
        for label, key in tiles:
            link = [("queue", progress["url"])] if key == "open" and progress["url"] and reachable else ()
            tile(label, f"{progress[key]:,}", link, "in Argilla: the queue")
    st.dataframe(progress["reviewers"], hide_index=True, column_config={"draft": "drafts"})
    note = "" if reachable else " You are not in the reviewers' workspace, so Argilla does not open it for you."
    st.caption(f"Disputed records that `adjudicate` gave to the reviewers; each is decided by one of them.{note}")
