"""The parts of the Team page about agents, people's abilities, confused labels and unclear guidelines.

For leads alone.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from sharegpt_argilla.common import charts
from sharegpt_argilla.dashboard.session import watch
from sharegpt_argilla.dashboard.show_chart import show
from sharegpt_argilla.dashboard.tables import record_table, whole_percents
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.team_reliability import agents_agreement, team_reliability

_ABILITY: dict[str, Any] = {
    "annotator": "person",
    "ability": st.column_config.NumberColumn("right, probably", format="percent"),
    "interval": "95 % interval",
    "answers": st.column_config.NumberColumn("answers", format="localized"),
}


_AGENTS: dict[str, Any] = {
    "share": st.column_config.NumberColumn("answers that equal it", format="percent"),
    "value": st.column_config.NumberColumn("kappa with people", format="%.2f"),
    "interval": "95 % interval",
    "items": st.column_config.NumberColumn("records", format="localized"),
    "answers": st.column_config.NumberColumn("answers", format="localized"),
}
_KAPPA = ("name", "value", "low", "high", "items")
_CONFUSED: dict[str, Any] = {
    "suggested": "the agent says",
    "answered": "people say",
    "times": st.column_config.NumberColumn("times", format="localized"),
}
_COSTS: dict[str, Any] = {
    "rows": st.column_config.NumberColumn("records", format="localized"),
    "uncounted": st.column_config.NumberColumn("not counted", format="localized"),
    "tokens_in": st.column_config.NumberColumn("tokens in", format="localized"),
    "tokens_out": st.column_config.NumberColumn("tokens out", format="localized"),
    "cost": st.column_config.NumberColumn("cost", format="%.4f"),
    "answers": st.column_config.NumberColumn("answers", format="localized"),
    "agreed": st.column_config.NumberColumn("agree with people", format="localized"),
    "tokens_per_agreed": st.column_config.NumberColumn("tokens for each that agrees", format="%.0f"),
    "cost_per_agreed": st.column_config.NumberColumn("cost of each that agrees", format="%.6f"),
}


def agents_section(view: ProjectView) -> None:
    """Show how far agents agree with people; nothing where no suggestion was answered."""
    numbers = agents_agreement(watch(), view)
    if not numbers["agents"]:
        return
    st.subheader("Agents and people")
    kappas = [{key: agent[key] for key in _KAPPA} for agent in numbers["agents"]]
    show(charts.intervals(kappas, "name", "", "kappa with people"), "kappa of each agent with people")
    order = ["question", "agent", "value", "interval", "items", "share", "answers"]
    st.dataframe(
        whole_percents(numbers["agents"], "share"), hide_index=True, column_order=order, column_config=_AGENTS
    )
    st.caption(
        "Cohen's kappa of the suggestions with all people together: 1 is perfect agreement, 0 what chance gives. "
        "The name of a language model ends in a hash of its prompt, so each version has its own line. People saw "
        "the suggestions: a high number may mean a good agent, or people who accept what they see."
    )
    if numbers["costs"]:
        st.dataframe(numbers["costs"], hide_index=True, column_config=_COSTS)
        st.caption(
            "Tokens as the endpoint counted them when load-records asked from this machine, at the prices of the "
            "project file. An answer agrees if more than half of the people who answered the question gave it; "
            "each of these bears the cost of all records that people answered."
        )
    with st.expander("What agents say and people answer"):
        st.dataframe(numbers["confusion"], hide_index=True, column_config=_CONFUSED)
        st.caption("Of several labels each counts by itself; - where a side lacks it.")


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
