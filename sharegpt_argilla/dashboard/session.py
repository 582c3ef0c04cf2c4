"""A session of the dashboard: who is signed in, and the project that all sessions share."""

from __future__ import annotations

import time

import streamlit as st

from sharegpt_argilla.config import load_project
from sharegpt_argilla.errors import CredentialsError, SharegptArgillaError
from sharegpt_argilla.project.dashboard_access import Viewer, admitted_again, open_dashboard
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.project_watch import YOUNG, ProjectWatch
from sharegpt_argilla.workflows.dashboard import DashboardOptions, read_options

REFRESH = read_options().refresh
"""Seconds between two refreshes of an open page."""

CHECK_EVERY = 5.0
"""Seconds after which Argilla is asked again what the person may see."""

_VIEWER, _CHECKED = "viewer", "checked"


def viewer() -> Viewer | None:
    """The person who is signed in; None before sign-in, and once the account is gone."""
    person = st.session_state.get(_VIEWER)
    if not isinstance(person, Viewer) or time.monotonic() < st.session_state.get(_CHECKED, 0.0) + CHECK_EVERY:
        return person if isinstance(person, Viewer) else None
    try:
        st.session_state[_VIEWER] = person = admitted_again(person, options().config)
    except CredentialsError:
        sign_out()
        return None
    except SharegptArgillaError:
        return person  # the page says that Argilla does not answer
    st.session_state[_CHECKED] = time.monotonic()
    return person


def sign_in_as(person: Viewer) -> None:
    """Remember the person while the page is open."""
    st.session_state[_VIEWER] = person
    st.session_state[_CHECKED] = time.monotonic()


def sign_out() -> None:
    """Clear the session."""
    st.session_state.clear()


def options() -> DashboardOptions:
    """The options of the command."""
    return read_options()


@st.cache_resource(show_spinner=False, on_release=lambda watch: watch.close())
def _watch(config: str) -> ProjectWatch:
    return ProjectWatch(config)


def watch() -> ProjectWatch:
    """The project, read once for all sessions."""
    return _watch(options().config)


def current_view(*, warn: bool = True) -> ProjectView:
    """The present state of the project; stops the run with one line if the server was never reached.

    ``warn``: show a warning if the server does not answer.
    """
    before = st.session_state.get(_VIEWER)
    if before is not None and viewer() != before:
        st.rerun()  # other pages, or the sign-in
    try:
        view = watch().view(min(YOUNG, REFRESH / 2))
    except SharegptArgillaError as error:
        st.error(str(error), icon=":material/cloud_off:")
        st.stop()
    if view.problem and warn:
        st.warning(
            f"Argilla does not answer. These numbers are from {view.read_at:%Y-%m-%d %H:%M:%S} UTC; "
            f"the page resumes by itself when it is back.\n\n{view.problem}",
            icon=":material/cloud_off:",
        )
    return view


def as_of(view: ProjectView) -> None:
    """Show in one line how old the numbers are."""
    late = "" if view.answers_at >= view.read_at else f" · answers of {view.answers_at:%H:%M:%S}"
    names = view.config
    st.caption(f"Dataset **{names.dataset}** in workspace **{names.workspace}** at {view.url}")
    st.caption(f"As of {view.read_at:%Y-%m-%d %H:%M:%S} UTC{late} · refreshes every {REFRESH:g} s · days are UTC")


def signing_in() -> None:
    """Ask for name and password; show the pages once Argilla accepts them."""
    _, middle, _ = st.columns([1, 1.4, 1])
    with middle:
        st.title("Annotation dashboard")
        names = load_project(options().config).config
        st.write(f"Sign in with your Argilla account for **{names.dataset}** in workspace **{names.workspace}**.")
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
