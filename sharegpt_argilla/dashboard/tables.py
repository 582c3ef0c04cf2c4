"""Tables of records and numbers with links into Argilla, and tiles with one number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

LINK = st.column_config.LinkColumn("Argilla", display_text="open")

COLUMNS: dict[str, Any] = {
    "prompt": st.column_config.TextColumn("prompt", width="large"),
    "annotator": "person",
    "submitted_at": "submitted (UTC)",
    "disagreement": st.column_config.NumberColumn("distance", format="%.2f", help="0: all the same, 1: far apart"),
    "given": st.column_config.TextColumn("answers", width="medium"),
    "seconds": st.column_config.NumberColumn("seconds", format="%.1f"),
    "how": "timing",
    "url": LINK,
    "responses": st.column_config.NumberColumn("responses", format="localized"),
    "share": st.column_config.NumberColumn("share", format="percent", help="of the responses"),
    "status": st.column_config.TextColumn("record", help="completed: it has all the answers that are wanted"),
    "title": "what it asks",
}


SEARCH_NOTE = (
    "A link searches for the first words of the prompt. A completed record has none: Argilla shows it only to "
    "those who answered it."
)


def record_table(records: Sequence[Mapping[str, Any]], columns: Sequence[str], says: str = SEARCH_NOTE) -> None:
    """Records, or numbers about them, as a table: link, named columns, and a caption below."""
    if not records:
        st.caption("None.")
        return
    order = ["url", *columns] if any(one.get("url") for one in records) else list(columns)
    # A short table is shown whole; Streamlit would cut it after ten lines.
    st.dataframe(
        whole_percents(records, "share"),
        hide_index=True,
        column_order=order,
        column_config=COLUMNS,
        height="content" if len(records) <= SHOWN_WHOLE else "auto",
    )
    st.caption(says)


def whole_percents(rows: Sequence[Mapping[str, Any]], *names: str) -> list[dict[str, Any]]:
    """Rows whose shares (0 to 1, or None) under these names read as whole percents in a column of percents.

    Shares that would read as none or all, and are not, keep two decimals.
    """
    return [{**row, **{name: _whole(row[name]) for name in names if row.get(name) is not None}} for row in rows]


def _whole(share: float) -> float:
    rounded = round(share, 2)
    return round(share, 4) if rounded in {0, 1} else rounded


SHOWN_WHOLE = 20
"""The most lines of a table without a scroll bar of its own."""


MANY = 3
"""The most links below a number."""


LONG = 8
"""Characters of a number that fit into a tile; longer ones are smaller and wrap, instead of being cut."""


def tile(label: str, value: str, links: Sequence[tuple[str, str]] = (), where: str = "") -> None:
    """One number, with links below it to its records. Two tiles fit side by side on a phone.

    Args:
        label: what is counted.
        value: the number.
        links: label of each dataset and its address; more than `MANY` are not shown.
        where: text of a single link; precedes the labels of several.
    """
    key = f"long-{label}" if len(value) > LONG else None
    with st.container(width=164, gap="xsmall", key=key):
        st.metric(label, value, border=True)
        if len(links) == 1:
            st.caption(f"[{where}]({links[0][1]})")
        elif 1 < len(links) <= MANY:
            st.caption(f"{where}: " + " · ".join(f"[{name}]({url})" for name, url in links))
