"""The parts of the Team page about people: what each has done and how well, and how far the reviewers are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from sharegpt_argilla.dashboard.session import options, watch
from sharegpt_argilla.dashboard.tables import LINK, tile, whole_percents
from sharegpt_argilla.errors import SharegptArgillaError
from sharegpt_argilla.project.people_scores import agreement_scores, gold_scores
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.review_progress import review_progress

_COLUMNS: dict[str, Any] = {
    "url": LINK,
    "annotator": "person",
    "done": st.column_config.NumberColumn("done", format="percent", help="share of the assigned records"),
    "finish": st.column_config.TextColumn("own finish", help="at the own pace of the last 14 full days"),
    "submitted": st.column_config.NumberColumn("submitted", format="localized"),
    "draft": "drafts",
    "pace": st.column_config.TextColumn("median time", help="~ estimated from the times between submissions"),
    "active": st.column_config.TextColumn("active time", help="~ estimated; sum over submitted responses"),
    "agreement": st.column_config.NumberColumn(
        "agreement", format="percent", help="share of the others who gave the same answer, mean of the questions"
    ),
    "gold": st.column_config.NumberColumn(
        "gold", format="percent", help="share of the answers to records with a known answer that are right"
    ),
    "gold_answers": st.column_config.NumberColumn("gold answers", format="localized"),
    "offset": st.column_config.NumberColumn(
        "offset", format="%+.2f", help="ratings above the others' mean of the same records, in steps of the scale"
    ),
    "last": "last response (UTC)",
}

_PLAN = ("assigned", "open", "done", "finish")
_COUNTS = ("submitted", "today", "draft", "discarded", "pace", "active")
_SCORES = ("agreement", "offset", "gold", "gold_answers")


def people_section(view: ProjectView, people: Sequence[Mapping[str, Any]]) -> None:
    """A line for everybody who has answered or has planned records; columns without any number are left out."""
    st.subheader("Each person")
    scores, gold = agreement_scores(watch(), view), _gold(view, people)
    lines = [
        {**person, **scores.get(person["annotator"], {}), **gold.get(person["annotator"], {})} for person in people
    ]
    columns = [*_PLAN, *_COUNTS, *_SCORES]
    optional = {*_PLAN, *_SCORES}
    kept = [name for name in columns if name not in optional or any(line.get(name) is not None for line in lines)]
    shown = whole_percents(lines, "done", "agreement", "gold")
    st.dataframe(shown, hide_index=True, column_order=["url", "annotator", *kept, "last"], column_config=_COLUMNS)
    st.caption(
        "A link shows what is pending and assigned to the person, where there is a plan, else all that is "
        "pending: Argilla shows people's responses to themselves alone. Agreement, offset and gold have their "
        "intervals on the Annotator page; of a few records they say little."
    )


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
    st.subheader("Adjudication")
    tiles = [("Given", "given"), ("Decided", "decided"), ("Open", "open")]
    with st.container(horizontal=True):
        for label, key in tiles:
            link = [("queue", progress["url"])] if key == "open" and progress["url"] else ()
            tile(label, f"{progress[key]:,}", link, "in Argilla: the queue")
    st.dataframe(progress["reviewers"], hide_index=True, column_config={"draft": "drafts"})
    st.caption("Disputed records that `adjudicate` gave to the reviewers; each is decided by one of them.")
