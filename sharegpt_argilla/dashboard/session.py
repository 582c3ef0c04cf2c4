"""What a session knows: who signed in, and the project that all sessions share."""

from __future__ import annotations

import streamlit as st

from sharegpt_argilla.errors import SharegptArgillaError
from sharegpt_argilla.project.dashboard_access import Viewer, open_dashboard
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.project_watch import YOUNG, ProjectWatch
from sharegpt_argilla.workflows.dashboard import DashboardOptions, read_options

REFRESH = read_options().refresh
"""Seconds after which an open page looks again."""

_VIEWER = "viewer"


def viewer() -> Viewer | None:
    """Who signed in; None before."""
    found = st.session_state.get(_VIEWER)
    return found if isinstance(found, Viewer) else None


def sign_in_as(person: Viewer) -> None:
    """Remember who signed in for as long as the page is open."""
    st.session_state[_VIEWER] = person


def sign_out() -> None:
    """Forget everything that this session knows."""
    st.session_state.clear()


def options() -> DashboardOptions:
    """What the command was given."""
    return read_options()


@st.cache_resource(show_spinner=False, on_release=lambda watch: watch.close())
def _watch(config: str) -> ProjectWatch:
    return ProjectWatch(config)


def watch() -> ProjectWatch:
    """The project, read once for all sessions."""
    return _watch(options().config)


def current_view(*, warn: bool = True) -> ProjectView:
    """The project as it is now; ends the run with one line where it was never reached.

    ``warn``: say so where the server does not answer.
    """
    try:
        view = watch().view(min(YOUNG, REFRESH / 2))
    except SharegptArgillaError as error:
        st.error(str(error), icon=":material/cloud_off:")
        st.stop()
    if view.problem and warn:
        st.warning(
            f"Argilla does not answer. These numbers are from {view.read_at:%Y-%m-%d %H:%M:%S} UTC; "
            f"the page goes on by itself when it is back.\n\n{view.problem}",
            icon=":material/cloud_off:",
        )
    return view


def as_of(view: ProjectView) -> None:
    """One line that says how old the numbers are."""
    late = "" if view.answers_at >= view.read_at else f" · answers of {view.answers_at:%H:%M:%S}"
    st.caption(f"As of {view.read_at:%Y-%m-%d %H:%M:%S} UTC{late} · refreshes every {REFRESH:g} s · days are UTC")


def signing_in() -> None:
    """Ask for name and password; go on to the pages when Argilla knows them."""
    _, middle, _ = st.columns([1, 1.4, 1])
    with middle:
        st.title("Annotation dashboard")
        st.write("Sign in with your Argilla account.")
        with st.form("sign-in"):
            username = st.text_input("Username", autocomplete="username")
            password = st.text_input("Password", type="password", autocomplete="current-password")
            sent = st.form_submit_button("Sign in", type="primary", width="stretch")
        if not sent:
            return
        if not (username and password):
            st.error("Name and password, please.")
            return
        try:
            sign_in_as(open_dashboard(username, password, options().config))
        except SharegptArgillaError as error:
            st.error(str(error))
            return
    st.rerun()
