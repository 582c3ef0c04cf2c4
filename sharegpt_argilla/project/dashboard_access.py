"""Access to the dashboard: people sign in with their own Argilla account."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sharegpt_argilla.argilla_client.connection import sign_in
from sharegpt_argilla.config import DEFAULT_CONFIG, load_project
from sharegpt_argilla.config.project_datasets import project_parts
from sharegpt_argilla.errors import CredentialsError
from sharegpt_argilla.settings import Home, find_connection


@dataclass(frozen=True)
class Viewer:
    """A person who signed in.

    Attributes:
        username: the account's name.
        lead: an owner, or an admin of all the project's workspaces: sees everything; others see their own numbers.
    """

    username: str
    lead: bool


def open_dashboard(
    username: str, password: str, config: str | Path = DEFAULT_CONFIG, home: Home | None = None
) -> Viewer:
    """Check name and password with the project's Argilla, every time; nothing is stored.

    Raises:
        CredentialsError: they are wrong, or the account is not in the project's workspace.
        ServerUnreachableError, ServerRefusedError, ConfigError: see their docstrings.
    """
    parts = project_parts(load_project(config))
    workspaces = {part.workspace for part in parts}
    account = sign_in(find_connection(home).api_url, username, password)
    if account.role == "owner" or (account.role == "admin" and workspaces <= account.workspaces):
        return Viewer(account.username, lead=True)
    # If everybody has their own workspace, a member of one must be its person.
    allowed = {part.workspace for part in parts if part.person in {None, account.username}}
    if not allowed & account.workspaces or account.role == "admin":
        missing = sorted((workspaces if account.role == "admin" else allowed or workspaces) - account.workspaces)
        raise CredentialsError(f'{account.username} is not in the workspace "{missing[0]}"')
    return Viewer(account.username, lead=False)
