"""Accounts and workspace members."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import httpx

from sharegpt_argilla.argilla_client.connection import ArgillaClient, RefusedError
from sharegpt_argilla.argilla_client.dataset_on_server import find_workspace
from sharegpt_argilla.config import Person
from sharegpt_argilla.errors import ServerRefusedError, UnknownNameError, UsageError
from sharegpt_argilla.settings import Home, add_credentials, find_password

PASSWORD_BYTES = 12
"""Random bytes in a first password: 16 characters, 96 bits."""

_NO_ROUTE = frozenset({httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED})
"""What an Argilla without our plug-in answers."""


def ensure_people(client: ArgillaClient, workspace_id: str, people: Sequence[Person], home: Home) -> list[str]:
    """Create the accounts that are missing and make everybody a member of the workspace.

    Passwords of new accounts go to the credentials sheet of ``home`` before the account exists, so that none
    is ever lost. Nobody is removed, and no account that exists is changed. Making accounts takes an owner.

    Returns:
        The usernames of the accounts that were created.
    """
    path = f"/api/v1/workspaces/{workspace_id}/users"
    members = {user["username"] for user in client.get(path)["items"]}
    strangers = [person for person in people if person.username not in members]
    if not strangers:
        return []
    ids = {user["username"]: user["id"] for user in client.get("/api/v1/users")["items"]}
    created = []
    for person in strangers:
        if person.username not in ids:
            ids[person.username] = _create(client, person, home)
            created.append(person.username)
        add_member(client, workspace_id, ids[person.username])
    return created


def missing_accounts(client: ArgillaClient, people: Sequence[Person]) -> list[Person]:
    """Those who have no account yet. Only owners can tell; for others it is empty."""
    if client.role != "owner":
        return []
    usernames_taken = {user["username"] for user in client.get("/api/v1/users")["items"]}
    return [person for person in people if person.username not in usernames_taken]


def members_of(client: ArgillaClient, workspace: str) -> dict[str, str]:
    """Username -> role of the members of a workspace; empty if there is no such workspace."""
    workspace_id = find_workspace(client, workspace)
    if workspace_id is None:
        return {}
    members = client.get(f"/api/v1/workspaces/{workspace_id}/users")["items"]
    return {user["username"]: user["role"] for user in members}


def leave_workspace(client: ArgillaClient, workspace: str, username: str) -> None:
    """End a membership, if there is one. The account and its responses stay. Owners only."""
    workspace_id = find_workspace(client, workspace)
    if workspace_id is None:
        return
    path = f"/api/v1/workspaces/{workspace_id}/users"
    for user in client.get(path)["items"]:
        if user["username"] == username:
            client.delete(f"{path}/{user['id']}")


def revocable_accounts(client: ArgillaClient, wanted: Collection[str]) -> list[Mapping[str, Any]]:
    """The accounts of these usernames, whose credentials can be revoked.

    Raises:
        UnknownNameError: somebody has no account.
        UsageError: somebody is an owner.
        CredentialsError: the key at hand is not an owner's.
    """
    if not wanted:
        return []
    accounts = {user["username"]: user for user in client.get("/api/v1/users")["items"]}
    for username in wanted:
        if username not in accounts:
            raise UnknownNameError("account", username, accounts)
        if accounts[username]["role"] == "owner":
            raise UsageError(
                f'"{username}" is an owner, and only annotators and admins can be revoked; for the embedded '
                "Argilla's own owner stop it, remove owner.json and start it again"
            )
    return [accounts[username] for username in dict.fromkeys(wanted)]


def revoke_credentials(client: ArgillaClient, account: Mapping[str, Any], home: Home) -> str:
    """Give an account a new API key and a new password, which is returned and goes to the credentials sheet.

    Whoever is signed in to the account is not any more. Should the sheet be unwritable, the old credentials have
    ended all the same, and another call makes a password that is written down.

    Raises:
        ServerRefusedError: the server cannot do that.
    """
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    try:
        client.post(f"/api/v1/users/{account['id']}/revoke", {"password": password})
    except RefusedError as error:
        if error.status not in _NO_ROUTE:
            raise
        raise ServerRefusedError(
            f"{client.url} cannot revoke credentials; only an Argilla that `sharegpt-argilla serve` started can: "
            "change the key in its database, or delete the account, which deletes its responses"
        ) from None
    add_credentials(home, account["username"], password, account["role"], client.url)
    return password


def usernames(client: ArgillaClient, workspace_id: str) -> dict[str, str]:
    """User id -> username: everybody for an owner, the workspace's members for an admin."""
    path = "/api/v1/users" if client.role == "owner" else f"/api/v1/workspaces/{workspace_id}/users"
    return {user["id"]: user["username"] for user in client.get(path)["items"]}


def _create(client: ArgillaClient, person: Person, home: Home) -> str:
    password = find_password(home, person.username, client.url)
    if password is None:
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        add_credentials(home, person.username, password, person.role, client.url)
    body = {
        "username": person.username,
        "first_name": person.first_name or person.username,
        "role": person.role,
        "password": password,
    }
    if person.last_name:
        body["last_name"] = person.last_name
    return make_account(client, body)


def make_account(client: ArgillaClient, body: Mapping[str, Any]) -> str:
    """Make an account, or find the one that an earlier attempt made; its id."""
    made = client.create(
        "/api/v1/users",
        body,
        listing="/api/v1/users",
        same=lambda item: bool(item["username"] == body["username"]),
    )
    return str(made["id"])


def add_member(client: ArgillaClient, workspace_id: str, user_id: str) -> None:
    """Make an account a member of a workspace, unless an earlier attempt did."""
    path = f"/api/v1/workspaces/{workspace_id}/users"
    client.create(path, {"user_id": user_id}, listing=path, same=lambda item: bool(item["id"] == user_id))
