"""A table of records that opens the record of a chosen line below it, with everybody's answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from sharegpt_argilla.dashboard.session import watch
from sharegpt_argilla.dashboard.tables import COLUMNS, SEARCH_NOTE
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.whole_record import whole_record


def record_drawer(
    view: ProjectView, records: Sequence[Mapping[str, Any]], columns: Sequence[str], key: str
) -> None:
    """Show the table; whoever chooses a line reads the whole record below.

    Args:
        view: the present state of the project.
        records: lines with ``record`` (Argilla's id), ``url`` and the columns.
        columns: what is shown of each.
        key: name of the table on the page.
    """
    if not records:
        st.caption("None.")
        return
    chosen = st.dataframe(
        list(records),
        hide_index=True,
        column_order=["url", *columns] if any(one.get("url") for one in records) else list(columns),
        column_config=COLUMNS,
        on_select="rerun",
        selection_mode="single-row",
        key=key,
    )
    st.caption(f"Choose a line by its box on the left to read the record and all answers. {SEARCH_NOTE}")
    lines = chosen["selection"]["rows"]
    if lines and lines[0] < len(records):
        with st.container(border=True):
            show_record(view, str(records[lines[0]]["record"]))


def show_record(view: ProjectView, key: str) -> None:
    """The whole record, texts as they were typed, and everybody's answers side by side."""
    record = whole_record(watch(), view, key)
    texts, answers = st.columns([3, 2])
    with texts:
        for title, text in record["fields"]:
            st.caption(title)
            st.code(text, language=None, wrap_lines=True)
        if not record["fields"]:
            st.caption("The texts cannot be read while Argilla does not answer.")
    with answers:
        st.caption(f"Answers · {record['status']}" + (f" · row `{record['row']}`" if record["row"] else ""))
        st.dataframe(record["answers"], hide_index=True)
