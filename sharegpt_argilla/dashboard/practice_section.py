"""Practice on the pages: what was right and why for a person, who has passed for the lead."""

from __future__ import annotations

from typing import Any

import streamlit as st

from sharegpt_argilla.dashboard.session import options, watch
from sharegpt_argilla.errors import SharegptArgillaError
from sharegpt_argilla.project.dashboard_access import Viewer
from sharegpt_argilla.project.practice_progress import own_practice, team_practice
from sharegpt_argilla.project.project_view import ProjectView

_SAYS = {
    "passed": "Passed",
    "practising": "Answer the practice records first; the others come when you have passed",
    "failed": "Not passed; who leads the project sees this and decides",
    "exempt": "Your other records are open to you",
}
_SAYS_OF_OTHERS = {
    "passed": "Passed",
    "practising": "Still practising",
    "failed": "Not passed",
    "exempt": "Gets the other records without practice",
}
_OWN: dict[str, Any] = {"own": "answer", "right": "right answer"}
_TEAM: dict[str, Any] = {
    "annotator": "person",
    "state": "practice",
    "offered": st.column_config.CheckboxColumn("gets other records", help="as of the last `plan --apply`"),
}


def own_practice_section(view: ProjectView, person: Viewer, name: str) -> None:
    """Each judged practice record of a person, the wrong ones open; nothing without practice."""
    try:
        practice = own_practice(watch(), view, name, options().rows)
    except SharegptArgillaError as error:
        # Only a lead can fix the file and needs to know where it is.
        if person.lead:
            st.warning(str(error))
        return
    if practice is None:
        return
    st.subheader("Practice")
    mine = person.username == name
    st.markdown(f"{(_SAYS if mine else _SAYS_OF_OTHERS)[practice['state']]} ({practice['why']}).")
    if practice["waiting"]:
        st.caption(f"{practice['waiting']:,} answered and not looked at yet; what is right is shown here soon.")
    for number, record in enumerate(practice["judged"], 1):
        verdict = "right" if record["right"] else "not right"
        icon = ":material/check:" if record["right"] else ":material/close:"
        with st.expander(f"Record {number:,}: {verdict}", icon=icon, expanded=not record["right"]):
            st.code(record["prompt"], language=None, wrap_lines=True)
            st.dataframe(record["answers"], hide_index=True, column_config=_OWN)
            if record["reason"]:
                st.text(record["reason"])
    if practice["judged"]:
        st.caption("An answer counts as it was before the right one was shown here.")


def team_practice_section(view: ProjectView) -> None:
    """Who has passed, who has not, and why; nothing without practice."""
    try:
        people = team_practice(watch(), view, options().rows)
    except SharegptArgillaError as error:
        st.warning(str(error))
        return
    if not people:
        return
    st.subheader("Practice")
    order = ["annotator", "state", "why", "offered"]
    st.dataframe(people, hide_index=True, column_order=order, column_config=_TEAM)
    st.caption(
        "Who passed gets the other records with the next `plan --apply` or `plan --adapt`. Who did not gets none: "
        "name them under `practice.exempt` to let them in, or take them out of `people`, and their part goes to "
        "others."
    )
