"""The Annotator page: a person's queues, numbers and agreement, and the guidelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from sharegpt_argilla.common import charts
from sharegpt_argilla.dashboard.guidelines_section import guidelines_section
from sharegpt_argilla.dashboard.practice_section import own_practice_section
from sharegpt_argilla.dashboard.session import REFRESH, as_of, current_view, options, viewer, watch
from sharegpt_argilla.dashboard.show_chart import show
from sharegpt_argilla.dashboard.tables import tile
from sharegpt_argilla.errors import SharegptArgillaError
from sharegpt_argilla.project.annotator_progress import annotator_progress, gold_progress, leaderboard
from sharegpt_argilla.project.dashboard_access import Viewer
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.team_progress import people_numbers, team_tally

Numbers = Mapping[str, Any]


def page() -> None:
    """The page."""
    person = viewer()
    if person is None:
        return
    st.title("Annotator" if person.lead else "My annotations")
    _body()
    guidelines_section()


@st.fragment(run_every=REFRESH)
def _body() -> None:
    person, view = viewer(), current_view()
    name = _chosen(person, view) if person else None
    if person is None or name is None:
        return
    own = annotator_progress(watch(), view, name)
    as_of(view)
    _counts(own, mine=not person.lead)
    own_practice_section(view, person, name)
    left, right = st.columns(2)
    with left:
        st.subheader("Each day")
        if own["days"]:
            chart = charts.days(own["days"], own["every_day"], None, "responses submitted")
            show(chart, "responses submitted each day")
        else:
            st.caption("Nothing is submitted yet.")
        _gold(view, person, name)
    with right:
        st.subheader("Agreement with others")
        _agreement(own["agreement"], bool(own["days"]))
    if board := leaderboard(watch(), view):
        st.subheader("Leaderboard")
        st.dataframe(board, hide_index=True, column_config={"annotator": "person"})


def _chosen(person: Viewer, view: ProjectView) -> str | None:
    """The person whose page is shown: leads choose anybody, others see only their own."""
    if not person.lead:
        return person.username
    names = [row["annotator"] for row in people_numbers(team_tally(watch(), view))]
    chosen: str | None = st.selectbox("Person", names, key="annotator", placeholder="nobody answered yet")
    return chosen


def _counts(own: Numbers, *, mine: bool) -> None:
    numbers, links = own["numbers"], own["links"]
    if mine:
        _annotate_buttons(own["queues"])
    counts = [
        ("Submitted today", f"{numbers['today']:,}", "submitted"),
        ("Submitted in all", f"{numbers['submitted']:,}", "submitted"),
        ("Drafts", f"{numbers['draft']:,}", "draft"),
        ("Discarded", f"{numbers['discarded']:,}", "discarded"),
    ]
    times = [
        ("Median time", numbers["pace"]),
        ("Active today", numbers["active_today"]),
        ("Active in all", numbers["active"]),
    ]
    with st.container(horizontal=True):
        for label, value, status in counts:
            tile(label, value, links[status] if mine else (), "in Argilla")
    with st.container(horizontal=True):
        for label, value in times:
            tile(label, value)
    if numbers["estimated"] and numbers["timed"]:
        st.caption(
            "~ Times are estimated from those between two submissions; pauses are left out: those over five "
            "minutes and over five times the median."
        )


def _annotate_buttons(queues: Sequence[Numbers]) -> None:
    """A button for each of the person's queues that has open records: any other leads to an empty page."""
    if not queues:
        st.success("No records are open for you now.", icon=":material/check_circle:")
        return
    with st.container(horizontal=True):
        for number, queue in enumerate(queues):
            what = f"Annotate {queue['label']}" if number else "Continue annotating"
            label = f"{what} ({queue['open']:,} record{'' if queue['open'] == 1 else 's'} open)"
            kind: Any = "secondary" if number else "primary"
            st.link_button(label, queue["url"], type=kind, icon=":material/edit_note:")


def _agreement(agreement: Numbers, submitted: bool) -> None:
    if not agreement["kappa"]:
        if submitted:
            st.caption("Nobody else has answered the same records yet.")
        else:
            st.caption("Shown once there are submitted answers to records that others answered too.")
        return
    show(
        charts.intervals(agreement["agreement"], "question", "question", "share of the others who said the same"),
        "share of equal answers",
    )
    show(charts.intervals(agreement["kappa"], "question", "question", "Cohen's kappa"), "kappa with the others")
    for estimate in agreement["difference"]:
        if estimate["value"] is not None:
            count = f"{estimate['items']:,} record{'' if estimate['items'] == 1 else 's'}"
            mean = f"{estimate['value']:+.2f} from the others' mean"
            st.caption(f"{estimate['question']}: ratings are on average {mean} of the same {count}.")
    st.caption(
        "n is the number of records that others answered too; bars are 95 % intervals, none if n is too small. "
        "Cohen's kappa takes out what chance gives: 1 is always equal, 0 as often as by chance. "
        "Others' answers are not the truth: a low number is a reason to talk, not a mistake."
    )


def _gold(view: ProjectView, person: Viewer, name: str) -> None:
    try:
        progress = gold_progress(watch(), view, name, options().rows)
    except SharegptArgillaError as error:
        # Only a lead can fix the file and needs to know where it is.
        if person.lead:
            st.warning(str(error))
        return
    if not progress:
        return
    st.subheader("Agreement with gold")
    right, answers = sum(counts["right"] for counts in progress), sum(counts["answers"] for counts in progress)
    st.markdown(
        f"**{right:,} of {answers:,}** answers to records whose answer is known are right ({right / answers:.0%})."
    )
    points = [{"question": counts["question"], **counts["share"]} for counts in progress]
    show(charts.intervals(points, "question", "question", "share of right answers"), "share of right answers")
