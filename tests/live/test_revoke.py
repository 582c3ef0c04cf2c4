"""Revoked credentials of a person cease to work at once, and nothing else of theirs changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from sharegpt_argilla.argilla_client.accounts import revoke_credentials
from sharegpt_argilla.argilla_client.connection import connect
from sharegpt_argilla.argilla_plugin.revoked_credentials import fingerprint
from sharegpt_argilla.cli.main import main
from sharegpt_argilla.errors import CredentialsError, ServerRefusedError, UsageError
from sharegpt_argilla.project.dashboard_access import admitted_again, open_dashboard
from sharegpt_argilla.settings import Connection, Home, find_password
from sharegpt_argilla.workflows.load_records import load_records
from sharegpt_argilla.workflows.people import people
from sharegpt_argilla.workflows.setup_dataset import setup_dataset
from tests.embedded import PATIENCE, EmbeddedArgilla
from tests.live.rest import PASSWORD, owner_of, signed_in
from tests.projects import ANSWER, TestProject, some_rows, write_rows

pytestmark = pytest.mark.live


def _sign_in(argilla: EmbeddedArgilla, username: str, password: str) -> httpx.Response:
    form = {"username": username, "password": password}
    return httpx.post(f"{argilla.api_url}/api/v1/token", data=form, timeout=PATIENCE)


def _me(argilla: EmbeddedArgilla, headers: Mapping[str, str]) -> int:
    """The status of asking who one is."""
    return httpx.get(f"{argilla.api_url}/api/v1/me", headers=headers, timeout=PATIENCE).status_code


def _keys(argilla: EmbeddedArgilla) -> dict[str, dict[str, str]]:
    """Username -> the header with their API key."""
    with owner_of(argilla) as owner:
        users = owner("GET", "/users")["items"]
    return {user["username"]: {"X-Argilla-Api-Key": user["api_key"]} for user in users}


def test_key_password_and_sessions_end_at_once(
    project: TestProject, argilla: EmbeddedArgilla, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(project.home.path))
    options: dict[str, Any] = {"connection": project.connection, "home": project.home}
    setup_dataset(project.config, **options)
    rows = write_rows(tmp_path / "rows.jsonl", some_rows(2))
    load_records(rows, project.config, connection=project.connection)
    ana, ben = project.people[:2]
    sessions = [project.annotator(ana), project.annotator(ana)]
    record = sessions[0].pending()[0]["id"]
    sessions[0].answer(record, values=ANSWER)
    viewer = open_dashboard(ana, sessions[0].password, project.config, project.home)
    colleague = project.annotator(ben)
    keys = _keys(argilla)
    assert _me(argilla, keys[ana]) == 200

    tried = people(project.config, revoke=[ana], dry_run=True, **options)
    assert tried.revoked == [ana]
    assert _me(argilla, keys[ana]) == 200

    sheet = tmp_path / "sheet.csv"
    assert main(["people", "--config", str(project.config), "--revoke", ana, "-o", str(sheet)]) == 0
    password = find_password(project.home, ana, argilla.api_url)
    assert password not in (None, sessions[0].password)
    assert password in sheet.read_text("utf-8")

    with owner_of(argilla) as owner:
        users = {item["username"]: item for item in owner("GET", "/users")["items"]}
        (response,) = owner("GET", f"/records/{record}")["responses"]
        assert response["user_id"] == users[ana]["id"]
    assert _me(argilla, keys[ana]) == 401
    assert [_me(argilla, session._headers) for session in sessions] == [401, 401]
    times = httpx.get(
        f"{argilla.api_url}/api/sharegpt/activity",
        params={"dataset_id": project.dataset_id()},
        headers=sessions[0]._headers,
        timeout=PATIENCE,
    )
    assert times.status_code == 401
    assert _sign_in(argilla, ana, sessions[0].password).status_code == 401
    with pytest.raises(CredentialsError):
        admitted_again(viewer, project.config, project.home)

    # The new ones work, still a member, and nobody else noticed.
    assert _me(argilla, _keys(argilla)[ana]) == 200
    assert [item["id"] for item in project.annotator(ana).pending()]
    assert _me(argilla, keys[ben]) == 200
    assert colleague.pending()


def test_a_changed_password_ends_the_sessions(argilla: EmbeddedArgilla) -> None:
    """They lasted a day, also for whoever had guessed the old one."""
    with owner_of(argilla) as owner:
        user_id = owner.user("changes-password")
        with signed_in(argilla.api_url, "changes-password") as session:
            owner("PATCH", f"/users/{user_id}", {"first_name": "Other"})
            assert session.http.get("/api/v1/me").status_code == 200
            owner("PATCH", f"/users/{user_id}", {"password": "another-password"})
            assert session.http.get("/api/v1/me").status_code == 401
        with signed_in(argilla.api_url, "changes-password", "another-password") as session:
            owner("DELETE", f"/users/{user_id}")
            # An account of the same name is another account.
            owner.user("changes-password")
            assert session.http.get("/api/v1/me").status_code == 401


def test_owners_strangers_and_people_without_the_right_are_refused(
    project: TestProject, argilla: EmbeddedArgilla
) -> None:
    options: dict[str, Any] = {"connection": project.connection, "home": project.home}
    setup_dataset(project.config, **options)
    ana, ben = project.people[:2]
    with pytest.raises(UsageError, match='"owner" is an owner, and only annotators and admins can be revoked'):
        people(project.config, revoke=["owner"], **options)
    with pytest.raises(UsageError, match=f'unknown account "{ana}x"; did you mean "{ana}"'):
        people(project.config, revoke=[ben, f"{ana}x"], **options)
    # Nobody was revoked by a command that failed.
    assert project.annotator(ben).dataset_id
    with owner_of(argilla) as owner:
        users = {item["username"]: item["id"] for item in owner("GET", "/users")["items"]}
        own = owner.http.post(f"/api/v1/users/{users['owner']}/revoke", json={"password": PASSWORD})
        assert own.status_code == 422
        weak = owner.http.post(f"/api/v1/users/{users[ana]}/revoke", json={"password": "short"})
        assert weak.status_code == 422
        owner.user(f"admin-{project.workspace}", "admin")
    keys = _keys(argilla)
    for headers, status in ((keys[ana], 403), (keys[f"admin-{project.workspace}"], 403), ({}, 401)):
        url = f"{argilla.api_url}/api/v1/users/{users[ben]}/revoke"
        refused = httpx.post(url, json={"password": PASSWORD}, headers=headers, timeout=PATIENCE)
        assert refused.status_code == status
    assert project.annotator(ben).dataset_id


def test_an_argilla_without_the_route_is_named_and_nothing_is_written(
    argilla: EmbeddedArgilla, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    with connect(Connection(argilla.api_url, argilla.api_key)) as client:
        post = client.post
        monkeypatch.setattr(client, "post", lambda path, json: post(f"/api/v1/no-such-route{path}", json))
        account = {"id": "1", "username": "x", "role": "annotator"}
        with pytest.raises(ServerRefusedError, match="cannot revoke credentials; only an Argilla that"):
            revoke_credentials(client, account, home)
    assert not home.credentials.exists()


def test_a_fingerprint_is_of_both_and_gives_neither_away() -> None:
    assert fingerprint("key", "hash") == fingerprint("key", "hash")
    assert len({fingerprint(*each) for each in (("key", "hash"), ("key2", "hash"), ("key", "hash2"))}) == 3
    assert len(fingerprint("key", "hash")) == 16
