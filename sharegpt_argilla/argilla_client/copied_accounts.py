"""Accounts and workspaces of one Argilla, made on another."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sharegpt_argilla.argilla_client.connection import ArgillaClient
from sharegpt_argilla.argilla_client.people import PASSWORD_BYTES
from sharegpt_argilla.settings import Home, add_credentials, find_password


def list_users(client: ArgillaClient) -> list[dict[str, Any]]:
    """Every account. Owners only."""
    users: list[dict[str, Any]] = client.get("/api/v1/users")["items"]
    return users


def list_workspaces(client: ArgillaClient) -> list[dict[str, Any]]:
    """Every workspace, for an owner."""
    workspaces: list[dict[str, Any]] = client.get("/api/v1/me/workspaces")["items"]
    return workspaces


def copy_users(source: ArgillaClient, target: ArgillaClient, home: Home) -> tuple[dict[str, str], list[str]]:
    """Make the source's accounts on the target, with their ids and roles and new random passwords.

    An account of the same id, or else of the same username, counts as the same person and is left as it is.
    A new password goes to the credentials sheet of ``home`` before its account is made, so that none is lost.

    Returns:
        Source's user id -> target's user id, and the usernames of the accounts that were made.
    """
    there = list_users(target)
    ids, names = {user["id"] for user in there}, {user["username"]: user["id"] for user in there}
    mapped, made = {}, []
    for user in list_users(source):
        if user["id"] in ids:
            mapped[user["id"]] = user["id"]
        elif user["username"] in names:
            mapped[user["id"]] = names[user["username"]]
        else:
            mapped[user["id"]] = _make_user(target, user, home)
            made.append(user["username"])
    return mapped, made


def copy_workspaces(source: ArgillaClient, target: ArgillaClient, users: Mapping[str, str]) -> dict[str, str]:
    """Make the source's workspaces, with their ids, and their members; those of the same name are one.

    ``users`` is what `copy_users` returned. Returns source's workspace id -> target's.
    """
    names = {workspace["name"]: workspace["id"] for workspace in list_workspaces(target)}
    mapped = {}
    for workspace in list_workspaces(source):
        identifier = names.get(workspace["name"])
        if identifier is None:
            body = {"id": workspace["id"], "name": workspace["name"]}
            identifier = target.post("/api/v1/workspaces", body)["id"]
        mapped[workspace["id"]] = identifier
        members = {user["id"] for user in target.get(f"/api/v1/workspaces/{identifier}/users")["items"]}
        for user in source.get(f"/api/v1/workspaces/{workspace['id']}/users")["items"]:
            if users[user["id"]] not in members:
                target.post(f"/api/v1/workspaces/{identifier}/users", {"user_id": users[user["id"]]})
    return mapped


def _make_user(target: ArgillaClient, user: Mapping[str, Any], home: Home) -> str:
    password = find_password(home, user["username"], target.url)
    if password is None:
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        add_credentials(home, user["username"], password, user["role"], target.url)
    kept = ("id", "username", "first_name", "last_name", "role")
    body = {name: user[name] for name in kept if user.get(name) is not None}
    return str(target.post("/api/v1/users", {**body, "password": password})["id"])
