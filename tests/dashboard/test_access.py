"""Who sees the dashboard: as long as the account is what it was, under names of its own, in no frame."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sharegpt_argilla.dashboard.request_guards import HEADERS, METRICS
from sharegpt_argilla.dashboard.session import CHECK_EVERY
from sharegpt_argilla.project.dashboard_access import admitted_again, open_dashboard
from sharegpt_argilla.workflows.dashboard import DashboardOptions, running_dashboard
from tests.dashboard.conftest import Run
from tests.embedded import PATIENCE, EmbeddedArgilla, free_port
from tests.live.rest import PASSWORD, owner_of
from tests.projects import TestProject

pytestmark = [pytest.mark.live]


def test_a_deleted_account_loses_the_dashboard_at_the_next_look(
    run: Run, told: tuple[TestProject, Path], argilla: EmbeddedArgilla
) -> None:
    """An admin who was deleted while the page was open had fresh numbers and the export 45 seconds later."""
    project, _ = told
    with owner_of(argilla) as owner:
        for name in ("leaving-lead", "demoted-lead"):
            owner.user(name, "admin", workspace=project.workspace)
        leaving = open_dashboard("leaving-lead", PASSWORD, project.config, project.home)
        assert (leaving.lead, admitted_again(leaving, project.config, project.home)) == (True, leaving)
        assert leaving.token
        assert leaving.token not in repr(leaving)
        board = run(None, leaving)
        assert "Team" in [title.value for title in board.title]
        key = next(item["id"] for item in owner("GET", "/users")["items"] if item["username"] == "leaving-lead")
        owner("DELETE", f"/users/{key}")
        board.session_state["checked"] -= CHECK_EVERY
        board.run()
        assert [title.value for title in board.title] == ["Annotation dashboard"]
        assert "viewer" not in board.session_state


def test_what_an_account_may_see_is_what_it_may_see_now(
    run: Run, told: tuple[TestProject, Path], argilla: EmbeddedArgilla
) -> None:
    project, _ = told
    with owner_of(argilla) as owner:
        key = owner.user("former-lead", "admin", workspace=project.workspace)
        board = run(None, open_dashboard("former-lead", PASSWORD, project.config, project.home))
        assert "Team" in [title.value for title in board.title]
        owner("PATCH", f"/users/{key}", {"role": "annotator"})
        board.session_state["checked"] -= CHECK_EVERY
        board.run()
        assert not board.session_state["viewer"].lead
        assert "Team" not in [title.value for title in board.title]


@pytest.fixture(scope="module")
def url(told: tuple[TestProject, Path], argilla: EmbeddedArgilla) -> Iterator[str]:
    project, rows = told
    options = DashboardOptions(str(project.config), str(rows))
    with running_dashboard(options, port=free_port(), home=argilla.home) as (url, _):
        yield url


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/nothing", "/_stcore/stream"])
def test_every_answer_has_the_headers_and_other_names_are_refused(url: str, path: str) -> None:
    answer = httpx.get(url + path, timeout=PATIENCE)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    port = httpx.URL(url).port
    for host, refused in (("evil.example", True), ("localhost", False), ("127.0.0.1", False)):
        other = httpx.get(url + path, headers={"Host": f"{host}:{port}"}, timeout=PATIENCE)
        assert (other.status_code == 421) is refused


def test_a_websocket_under_another_name_is_refused(url: str) -> None:
    """One with Host and Origin evil.example was opened (101)."""
    headers = {
        "Host": "evil.example",
        "Origin": "http://evil.example",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    assert httpx.get(f"{url}/_stcore/stream", headers=headers, timeout=PATIENCE).status_code == 403
    own = headers | {"Host": httpx.URL(url).netloc.decode(), "Origin": url}
    with socket.create_connection(
        (httpx.URL(url).host, httpx.URL(url).port or 80), timeout=PATIENCE
    ) as connection:
        lines = "".join(f"{name}: {value}\r\n" for name, value in own.items())
        connection.sendall(f"GET /_stcore/stream HTTP/1.1\r\n{lines}\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 101 ")


def test_streamlit_s_own_figures_are_nobody_s(url: str) -> None:
    assert httpx.get(url + METRICS, timeout=PATIENCE).status_code == 404
