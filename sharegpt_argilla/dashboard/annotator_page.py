"""Annotator: a person's own queue, numbers and agreement, and the guidelines."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import streamlit as st

from sharegpt_argilla.dashboard import charts
from sharegpt_argilla.dashboard.markdown import shown
from sharegpt_argilla.dashboard.session import REFRESH, as_of, current_view, viewer, watch
from sharegpt_argilla.dashboard.tables import tile
from sharegpt_argilla.workflows.annotator_progress import annotator_progress, guidelines, leaderboard
from sharegpt_argilla.workflows.dashboard_access import Viewer
from sharegpt_argilla.workflows.guidelines_history import changes, sections_with
from sharegpt_argilla.workflows.project_watch import ProjectView
from sharegpt_argilla.workflows.team_progress import people_numbers, team_tally

Numbers = Mapping[str, Any]


def page() -> None:
    """The page."""
    person = viewer()
    if person is None:
        return
    st.title("Annotator" if person.lead else "My annotations")
    _body()
    _guidelines()


@st.fragment(run_every=REFRESH)
def _body() -> None:
    person, view = viewer(), current_view()
    name = _chosen(person, view) if person else None
    if person is None or name is None:
        return
    own = annotator_progress(watch(), view, name)
    as_of(view)
    _counts(own, mine=not person.lead)
    left, right = st.columns(2)
    with left:
        st.subheader("Each day")
        chart = charts.days(own["days"], own["every_day"], None, "responses submitted")
        charts.show(chart, "responses submitted each day")
    with right:
        st.subheader("Agreement with others")
        _agreement(own["agreement"])
    if board := leaderboard(watch(), view):
        st.subheader("Leaderboard")
        st.dataframe(board, hide_index=True, column_config={"annotator": "person"})


def _chosen(person: Viewer, view: ProjectView) -> str | None:
    """Whose page it is: a lead chooses among all, everybody else has the own page only."""
    if not person.lead:
        return person.username
    names = [one["annotator"] for one in people_numbers(team_tally(watch(), view))]
    chosen: str | None = st.selectbox("Person", names, key="annotator", placeholder="nobody answered yet")
    return chosen


def _counts(own: Numbers, *, mine: bool) -> None:
    numbers, links = own["numbers"], own["links"]
    if mine:
        st.link_button(
            f"Go on annotating ({own['open']:,} records open)",
            links["pending"],
            type="primary",
            icon=":material/edit_note:",
        )
    tiles = [
        ("Submitted today", f"{numbers['today']:,}", "submitted"),
        ("Submitted in all", f"{numbers['submitted']:,}", "submitted"),
        ("Drafts", f"{numbers['draft']:,}", "draft"),
        ("Discarded", f"{numbers['discarded']:,}", "discarded"),
        ("Median time", numbers["pace"], None),
        ("Active today", numbers["active_today"], None),
        ("Active in all", numbers["active"], None),
    ]
    with st.container(horizontal=True):
        for label, value, status in tiles:
            tile(label, value, links[status] if status and mine else "", "in Argilla")
    if numbers["estimated"] and numbers["timed"]:
        st.caption(
            "~ Times are estimated from those between two submissions; pauses over five minutes are left out."
        )


def _agreement(agreement: Numbers) -> None:
    if not agreement["kappa"]:
        st.caption("Nobody else has answered the same records yet.")
        return
    charts.show(
        charts.intervals(agreement["agreement"], "question", "question", "share of the others who said the same"),
        "share of equal answers",
    )
    charts.show(
        charts.intervals(agreement["kappa"], "question", "question", "Cohen's kappa"), "kappa with the others"
    )
    for one in agreement["difference"]:
        if one["value"] is not None:
            st.caption(
                f"{one['question']}: {one['value']:+.2f} from the others' mean (n={one['items']:,} records)."
            )


def _guidelines() -> None:
    st.subheader("Guidelines")
    versions = guidelines(watch(), current_view(warn=False))
    words = st.text_input("Search in the guidelines", key="guidelines", placeholder="words")
    found = sections_with(versions[-1].text, words)
    if words:
        st.caption(f"{len(found):,} sections hold “{words}”.")
    with st.container(border=True, height=420):
        for section in found:
            st.markdown(shown(section))
    with st.expander(f"What changed ({len(versions) - 1:,} changes)", icon=":material/history:"):
        if len(versions) == 1:
            st.caption(f"Nothing since {versions[0].seen.replace('T', ' ')} UTC, when they were first seen here.")
        for before, after in reversed(list(pairwise(versions))):
            st.markdown(f"**{after.seen.replace('T', ' ')} UTC** (`{before.hash}` → `{after.hash}`)")
            st.code(
                "\n".join(f"{sign} {line}" for sign, line in changes(before.text, after.text)), language="diff"
            )
