"""Who may see what in the dashboard: people sign in with their own Argilla account."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sharegpt_argilla.argilla_client.sign_in import sign_in
from sharegpt_argilla.config import DEFAULT_CONFIG, load_project
from sharegpt_argilla.errors import CredentialsError
from sharegpt_argilla.settings import Home, find_connection


@dataclass(frozen=True)
class Viewer:
    """Somebody who signed in.

    Attributes:
        username: the account's name.
        lead: an owner, or an admin of the workspace: sees everything; others see their own numbers.
    """

    username: str
    lead: bool


def open_dashboard(
    username: str, password: str, config: str | Path = DEFAULT_CONFIG, home: Home | None = None
) -> Viewer:
    """Check name and password with the project's Argilla, which is asked each time; nothing is kept.

    Raises:
        CredentialsError: they are wrong, or the account is not in the project's workspace.
        ServerUnreachableError, ServerRefusedError, ConfigError: see their docstrings.
    """
    project = load_project(config).config
    account = sign_in(find_connection(home).api_url, username, password)
    if account.role != "owner" and project.workspace not in account.workspaces:
        raise CredentialsError(f'{account.username} is not in the workspace "{project.workspace}"')
    return Viewer(account.username, lead=account.role in {"owner", "admin"})
