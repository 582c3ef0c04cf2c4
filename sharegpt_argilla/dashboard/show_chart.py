"""Charts on a page of the dashboard, in the colours of its theme."""

from __future__ import annotations

import streamlit as st

from sharegpt_argilla.common.charts import DARK, LIGHT, Chart


def show(chart: Chart, says: str) -> None:
    """Draw a chart; ``says`` is its alternative text."""
    colours = DARK if st.context.theme.type == "dark" else LIGHT
    st.altair_chart(chart.configure(**colours), width="stretch", alt=says)
