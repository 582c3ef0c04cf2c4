"""The Streamlit script: sign-in, then the pages that the person may see."""

from __future__ import annotations

import streamlit as st

from sharegpt_argilla.dashboard import annotator_page, corpus_page, export_page, review_page, team_page
from sharegpt_argilla.dashboard.session import sign_out, signing_in, viewer


def main() -> None:
    """Show the page that the address names."""
    st.set_page_config("sharegpt-argilla", page_icon=_ICON, layout="wide", initial_sidebar_state="collapsed")
    st.html(_STYLE)
    person = viewer()
    if person is None:
        st.navigation([st.Page(signing_in, title="Sign in", url_path="sign-in")], position="hidden").run()
        return
    own = st.Page(annotator_page.page, title="Annotator", icon=":material/person:", url_path="annotator")
    pages = [own] if person.annotates else []
    if person.lead:
        pages = [
            st.Page(team_page.page, title="Team", icon=":material/groups:", url_path="team", default=True),
            own,
            st.Page(corpus_page.page, title="Corpus", icon=":material/article:", url_path="corpus"),
            st.Page(export_page.page, title="Export", icon=":material/download:", url_path="export"),
        ]
    if person.reviews:
        pages.append(st.Page(review_page.page, title="Reviews", icon=":material/gavel:", url_path="reviews"))
    chosen = st.navigation(pages, position="top")
    with (
        st.container(horizontal=True, horizontal_alignment="right", key="who"),
        st.popover(person.username, icon=":material/account_circle:", type="tertiary"),
    ):
        st.caption("Sees the whole project." if person.lead else "Sees the own numbers.")
        st.button("Sign out", on_click=sign_out, icon=":material/logout:")
    chosen.run()


# Not the name of an icon, which Streamlit would fetch from a font server.
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="#0072B2">'
    '<rect x="1" y="8" width="4" height="7"/><rect x="6" y="4" width="4" height="11"/>'
    '<rect x="11" y="1" width="4" height="14"/></svg>'
)

_STYLE = """<style>
.block-container{padding-top:4.2rem;max-width:82rem}
@media (min-width:48rem){.block-container{padding-left:1.5rem;padding-right:1.5rem}}
.st-key-who{margin-bottom:-3.4rem;z-index:1}
.st-key-guidelines-text h1{font-size:1.5rem}
.st-key-guidelines-text h2{font-size:1.25rem}
.st-key-guidelines-text h3{font-size:1.1rem}
[data-testid="stMetricValue"]{font-size:1.7rem}
[class*="st-key-long-"] [data-testid="stMetricValue"]{font-size:1.15rem;line-height:2.2rem}
[class*="st-key-long-"] [data-testid="stMetricValue"] *{white-space:normal;overflow:visible}
</style>"""

main()
