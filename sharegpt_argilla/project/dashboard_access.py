"""Access to the dashboard: people sign in with their own Argilla account."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sharegpt_argilla.argilla_client.connection import Account, look_up, sign_in
from sharegpt_argilla.config import DEFAULT_CONFIG, Project, load_project
from sharegpt_argilla.config.project_datasets import project_parts, review_part
from sharegpt_argilla.errors import CredentialsError
from sharegpt_argilla.settings import Home, find_connection


@dataclass(frozen=True)
class Viewer:
    """A person who signed in.

    Attributes:
        username: the account's name.
        lead: an owner, or an admin of all the project's workspaces: sees everything; others see their own numbers.
        token: Argilla's, to ask later whether all that is still true.
        annotates: in a workspace whose records they answer.
        reviews: a reviewer of disputed records, and in the workspace where they are.
        enters_reviews: Argilla lets the person into that workspace: owners, and its members.
    """

    username: str
    lead: bool
    token: str = field(default="", repr=False, compare=False)
    annotates: bool = True
    reviews: bool = False
    enters_reviews: bool = True


def open_dashboard(
    username: str, password: str, config: str | Path = DEFAULT_CONFIG, home: Home | None = None
) -> Viewer:
    """Check name and password with the project's Argilla, every time; the password is not kept.

    Raises:
        CredentialsError: they are wrong, or the account is in none of the project's workspaces.
        ServerUnreachableError, ServerRefusedError, ConfigError: see their docstrings.
    """
    return _admitted(sign_in(find_connection(home), username, password), config)


def admitted_again(viewer: Viewer, config: str | Path = DEFAULT_CONFIG, home: Home | None = None) -> Viewer:
    """What somebody who signed in may see now: the account may be deleted or have another role.

    Raises:
        CredentialsError: nothing any more.
        ServerUnreachableError, ServerRefusedError, ConfigError: see their docstrings.
    """
    return _admitted(look_up(find_connection(home), viewer.token), config) if viewer.token else viewer


def _admitted(account: Account, config: str | Path) -> Viewer:
    project = load_project(config)
    parts = project_parts(project)
    workspaces = {part.workspace for part in parts}
    is_admin = account.role == "admin"
    lead = account.role == "owner" or (is_admin and workspaces <= account.workspaces)
    # If everybody has their own workspace, a member of one must be its person.
    allowed = {part.workspace for part in parts if part.person in {None, account.username}}
    annotates = lead or (not is_admin and bool(allowed & account.workspaces))
    reviewed = _reviewed(project, account.username)
    enters = account.role == "owner" or _review_workspace(project) in account.workspaces
    reviews = reviewed in account.workspaces
    viewer = Viewer(account.username, lead, account.token, annotates, reviews=reviews, enters_reviews=enters)
    if not (annotates or viewer.reviews):
        missing = sorted((workspaces if is_admin else allowed or workspaces) - account.workspaces)
        raise CredentialsError(f'{account.username} is not in the workspace "{reviewed or missing[0]}"')
    return viewer


def _reviewed(project: Project, username: str) -> str:
    """The workspace in which somebody reviews; "" for nobody's reviewer."""
    section = project.config.adjudication
    return _review_workspace(project) if section and username in section.reviewers else ""


def _review_workspace(project: Project) -> str:
    """Where disputed records are; "" for a project without reviewers."""
    return review_part(project).workspace if project.config.adjudication else ""
