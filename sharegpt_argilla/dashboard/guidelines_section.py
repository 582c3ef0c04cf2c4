"""The guidelines on a person's page, with a search and what changed in them."""

from __future__ import annotations

from itertools import pairwise

import streamlit as st

from sharegpt_argilla.dashboard.safe_markdown import shown
from sharegpt_argilla.dashboard.session import current_view, watch
from sharegpt_argilla.project.annotator_progress import guidelines
from sharegpt_argilla.project.guidelines_history import changes, sections_with


def guidelines_section() -> None:
    """Show the guidelines; the search is by words."""
    st.subheader("Guidelines")
    versions = guidelines(watch(), current_view(warn=False))
    words = st.text_input("Search in the guidelines", key="guidelines", placeholder="words")
    sections = sections_with(versions[-1].text, words)
    if words:
        st.caption(f"{len(sections):,} sections contain “{words}”.")
    with st.container(border=True, height=420, key="guidelines-text"):
        for section in sections:
            st.markdown(shown(section))
    with st.expander(f"What changed ({len(versions) - 1:,} changes)", icon=":material/history:"):
        if len(versions) == 1:
            st.caption(f"Nothing since {versions[0].seen.replace('T', ' ')} UTC, when they were first seen here.")
        for before, after in reversed(list(pairwise(versions))):
            st.markdown(f"**{after.seen.replace('T', ' ')} UTC** (`{before.hash}` → `{after.hash}`)")
            st.code(
                "\n".join(f"{sign} {line}" for sign, line in changes(before.text, after.text)), language="diff"
            )
