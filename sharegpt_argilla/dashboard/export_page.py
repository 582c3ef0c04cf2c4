"""The Export page: the last export, what a new one would change, and files to download."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from sharegpt_argilla.dashboard.export_overview import (
    LastExport,
    NewExport,
    download_formats,
    last_export,
    new_export,
    training_file,
)
from sharegpt_argilla.dashboard.session import options
from sharegpt_argilla.dashboard.tables import tile
from sharegpt_argilla.errors import SharegptArgillaError

_NEW = "new export"


def page() -> None:
    """The page."""
    st.title("Export")
    settings = options()
    try:
        _last(settings.annotated)
        if not settings.rows:
            st.info("Start the dashboard with `--rows rows.jsonl` to make an export here.")
            return
        _compare()
        export = st.session_state.get(_NEW)
        if isinstance(export, NewExport):
            _changes(export)
            _downloads(export)
    except SharegptArgillaError as error:
        st.error(str(error))


@st.cache_data(max_entries=2, show_spinner="Reading the last export …")
def _read(path: str, _changed: int) -> LastExport | None:
    return last_export(path)


def _last(annotated: str) -> None:
    st.subheader("Last export")
    path = Path(annotated)
    export = _read(annotated, path.stat().st_mtime_ns) if annotated and path.is_file() else None
    if export is None:
        st.caption(
            "None yet."
            if annotated
            else "Start the dashboard with `--annotated annotated.jsonl` to see the last one."
        )
        return
    st.caption(f"`{export.path}`, {export.size:,} bytes, written {export.written:%Y-%m-%d %H:%M} UTC")
    _tiles({"Rows": export.rows, "Annotated rows": export.annotated, "Responses": export.responses})


def _compare() -> None:
    st.subheader("A new export")
    st.write("Reads the answers as they are now and compares. Your files stay as they are.")
    if st.button("See what a new export would change", type="primary", icon=":material/difference:"):
        settings = options()
        with st.spinner("Exporting to a temporary folder …"):
            st.session_state[_NEW] = new_export(settings.rows, settings.annotated, settings.config)


def _changes(export: NewExport) -> None:
    summary = export.summary
    _tiles(
        {
            "Newly annotated": export.added,
            "Changed": export.changed,
            "Withdrawn": export.withdrawn,
            "Unchanged": export.same,
            "Responses": summary.responses,
        }
    )
    st.caption(
        f"{summary.annotated:,} of {summary.rows:,} rows annotated, as of {export.made:%Y-%m-%d %H:%M:%S} UTC."
        + (f" Answered records that have no row in the file: {summary.orphans:,}." if summary.orphans else "")
    )


def _downloads(export: NewExport) -> None:
    st.subheader("Download")
    st.download_button(
        "Annotated rows (JSONL)",
        export.path.read_bytes,
        "annotated.jsonl",
        "application/jsonl",
        icon=":material/download:",
        on_click="ignore",
    )
    formats = download_formats()
    chosen = st.selectbox(
        "Training format", list(formats), format_func=lambda name: f"{name} · {formats[name]}", key="format"
    )
    if chosen is None or not st.button("Make the training file", icon=":material/build:"):
        return
    with st.spinner("Writing …"):
        path, summary = training_file(export, chosen, options().config)
    left_out = ", ".join(f"{count:,} {why}" for why, count in summary.left_out.items())
    st.caption(
        f"{sum(summary.written.values()):,} training rows" + (f"; left out: {left_out}" if left_out else "")
    )
    if not summary.outputs:
        return
    st.download_button(
        f"Download {path.name}", path.read_bytes, path.name, icon=":material/download:", on_click="ignore"
    )


def _tiles(counts: dict[str, Any]) -> None:
    with st.container(horizontal=True):
        for label, count in counts.items():
            tile(label, f"{count:,}")
