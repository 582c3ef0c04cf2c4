"""Tables, those of records with links into Argilla, and tiles with one number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

_COLUMNS: dict[str, Any] = {
    "prompt": st.column_config.TextColumn("prompt", width="large"),
    "annotator": "person",
    "submitted_at": "submitted (UTC)",
    "disagreement": st.column_config.NumberColumn("distance", format="%.2f", help="0: all the same, 1: far apart"),
    "given": st.column_config.TextColumn("answers", width="medium"),
    "seconds": st.column_config.NumberColumn("seconds", format="%.1f"),
    "how": "timing",
    "url": st.column_config.LinkColumn("Argilla", display_text="open"),
}


def record_table(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Records as a table: the link first, then the named columns."""
    if not records:
        st.caption("None.")
        return
    st.dataframe(list(records), hide_index=True, column_order=["url", *columns], column_config=_COLUMNS)
    st.caption(
        "A link searches for the first words of the prompt. Argilla shows a completed record only to those who "
        "answered it."
    )


def plain_table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Any]) -> None:
    """A table of numbers; says so where there are none."""
    if rows:
        st.dataframe(list(rows), hide_index=True, column_config=dict(columns))
    else:
        st.caption("None.")


def tile(label: str, value: str, link: str = "", where: str = "") -> None:
    """One number, with a link below it to what stands behind it. Two stand side by side on a phone."""
    with st.container(width=164, gap="xsmall"):
        st.metric(label, value, border=True)
        if link:
            st.caption(f"[{where}]({link})")
