"""The first page: name and password of the person's own Argilla account."""

from __future__ import annotations

import streamlit as st

from sharegpt_argilla.dashboard.session import options, sign_in_as
from sharegpt_argilla.errors import SharegptArgillaError
from sharegpt_argilla.workflows.dashboard_access import open_dashboard


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
