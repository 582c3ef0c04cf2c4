"""The part of the Team page about a plan that adapts: what is settled, and what that has saved."""

from __future__ import annotations

from typing import Any

import streamlit as st

from sharegpt_argilla.dashboard.session import watch
from sharegpt_argilla.dashboard.tables import tile
from sharegpt_argilla.project.adaptive_plan import adaptive_progress
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.team_progress import team_tally

_COLUMNS: dict[str, Any] = {
    "overlap": "fixed overlap",
    "answers": st.column_config.NumberColumn("answers saved", format="localized"),
    "hours": st.column_config.NumberColumn("hours saved", format="%.1f"),
}


def adaptive_section(view: ProjectView) -> None:
    """Show it; nothing for a plan that does not adapt."""
    progress = adaptive_progress(view, team_tally(watch(), view))
    if progress is None:
        return
    st.subheader("Asking until it is settled")
    left = "–" if progress["hours_open"] is None else f"{progress['hours_open']:g}"
    tiles = [
        ("Settled", f"{progress['settled']:,}"),
        ("Open", f"{progress['open']:,}"),
        (f"Given up at {progress['most']}", f"{progress['given_up']:,}"),
        ("Hours so far", f"{progress['hours']:g}"),
        ("Hours planned", left),
    ]
    with st.container(horizontal=True):
        for label, value in tiles:
            tile(label, value)
    st.dataframe(progress["fixed"], hide_index=True, column_config=_COLUMNS)
    st.caption(
        f"As of the last `plan --adapt`: settled records are at least {progress['until']:.0%} sure. Saved are the "
        "answers that the settled and given up records took less than that many people for each of them would "
        "have given; a negative number is more. Records for calibration and gold are left out."
    )
