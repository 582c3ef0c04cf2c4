"""The part of the Team page about people's abilities, confused labels and unclear guidelines; for leads alone."""

from __future__ import annotations

from typing import Any

import streamlit as st

from sharegpt_argilla.dashboard.session import watch
from sharegpt_argilla.dashboard.tables import record_table, whole_percents
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.team_reliability import team_reliability

_ABILITY: dict[str, Any] = {
    "annotator": "person",
    "ability": st.column_config.NumberColumn("right, probably", format="percent"),
    "interval": "95 % interval",
    "answers": st.column_config.NumberColumn("answers", format="localized"),
}


def reliability_section(view: ProjectView) -> None:
    """Show it; nothing while no two people answered the same record."""
    reliability = team_reliability(watch(), view)
    if not reliability["abilities"]:
        return
    st.subheader("The guidelines may be unclear here")
    record_table(
        reliability["unclear"],
        ["prompt", "question", "many", "able", "status"],
        "The able disagree with the many: weighed by how able people are, another answer than the most frequent "
        "one has the most weight.",
    )
    with st.expander("People and labels: who is how often right, and what is confused"):
        order = ["question", "annotator", "ability", "interval", "answers"]
        abilities = whole_percents(reliability["abilities"], "ability")
        st.dataframe(abilities, hide_index=True, column_order=order, column_config=_ABILITY)
        if reliability["confused"]:
            st.dataframe(reliability["confused"], hide_index=True)
        st.caption(
            "By a model of everybody's answers, without gold; docs/confidence.md says how far to believe it. "
            "People see nothing of this, neither of themselves nor of others."
        )
