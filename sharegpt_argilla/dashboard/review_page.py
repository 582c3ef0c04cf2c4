"""The page of a reviewer: the own queue of disputed records, what was decided, and the guidelines."""

from __future__ import annotations

import streamlit as st

from sharegpt_argilla.dashboard.guidelines_section import guidelines_section
from sharegpt_argilla.dashboard.session import REFRESH, as_of, current_view, viewer, watch
from sharegpt_argilla.dashboard.tables import tile
from sharegpt_argilla.project.review_progress import own_reviews


def page() -> None:
    """The page."""
    person = viewer()
    if person is None or not person.reviews:
        return
    st.title("My reviews")
    _body()
    guidelines_section()


@st.fragment(run_every=REFRESH)
def _body() -> None:
    person, view = viewer(), current_view()
    own = own_reviews(watch(), view, person.username) if person else None
    as_of(view)
    if own is None:
        st.info("No disputed records were given to the reviewers yet.", icon=":material/info:")
        return
    if own["open"]:
        many = "" if own["open"] == 1 else "s"
        label = f"Continue reviewing ({own['open']:,} disputed record{many} open)"
        st.link_button(label, own["links"]["open"], type="primary", icon=":material/gavel:")
    else:
        st.success("No disputed records are open for you now.", icon=":material/check_circle:")
    tiles = [("Decided by me", "decided"), ("Drafts", "draft"), ("Discarded", "discarded")]
    with st.container(horizontal=True):
        for label, key in tiles:
            link = [("reviews", own["links"][key])] if own["links"][key] else ()
            tile(label, f"{own[key]:,}", link, "in Argilla")
