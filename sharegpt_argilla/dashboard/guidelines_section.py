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
        found = "1 section contains" if len(sections) == 1 else f"{len(sections):,} sections contain"
        st.caption(f"{found} “{words}”.")
    with st.container(border=True, height=420, key="guidelines-text"):
        for section in sections:
            st.markdown(shown(section))
    if len(versions) == 1:
        st.caption(f"Unchanged since {versions[0].seen.replace('T', ' ')} UTC, when they were first seen here.")
        return
    changed = f"{len(versions) - 1:,} change{'' if len(versions) == 2 else 's'}"
    with st.expander(f"What changed ({changed})", icon=":material/history:"):
        for before, after in reversed(list(pairwise(versions))):
            st.markdown(f"**{after.seen.replace('T', ' ')} UTC** (`{before.hash}` → `{after.hash}`)")
            st.code(
                "\n".join(f"{sign} {line}" for sign, line in changes(before.text, after.text)), language="diff"
            )
