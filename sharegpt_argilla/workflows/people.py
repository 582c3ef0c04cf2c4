"""The people of a project: their accounts, their own links, and leaving it."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sharegpt_argilla.argilla_client.accounts import (
    leave_workspace,
    members_of,
    revocable_accounts,
    revoke_credentials,
)
from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.dataset_on_server import find_dataset
from sharegpt_argilla.config import DEFAULT_CONFIG, Project, load_project
from sharegpt_argilla.config.project_datasets import Part, project_parts, review_part
from sharegpt_argilla.errors import UnknownNameError, UsageError
from sharegpt_argilla.project.record_links import personal_link
from sharegpt_argilla.project.server_promises import broken_promises
from sharegpt_argilla.settings import Connection, Home, default_home, find_connection, find_password, write_private


@dataclass(frozen=True)
class ProjectPerson:
    """Somebody of the project.

    Attributes:
        username: the name to sign in with.
        role: annotator or admin.
        member: whether they are a member of the workspace on the server; False for those without an account.
        links: pages that show what is theirs and pending; none where the dataset is not there yet.
        password: the first password, or that of the last revocation, as the credentials sheet has it; None when
            it does not.
        listed: False for a member of the workspace whom the project file does not name.
    """

    username: str
    role: str
    member: bool
    links: Sequence[str]
    password: str | None
    listed: bool = True


@dataclass(frozen=True)
class PeopleSummary:
    """What ``people`` found and did.

    Attributes:
        url: address of the Argilla.
        people: those of the project file in its order, then other members of the workspace.
        removed: usernames that are members no more.
        sheet: where passwords and links were written; None when they were not.
        revoked: usernames whose API key, password and sessions have ended.
        warnings: what the project asks for and the server does not do, one line each.
    """

    url: str
    people: Sequence[ProjectPerson]
    removed: Sequence[str] = ()
    sheet: Path | None = None
    revoked: Sequence[str] = ()
    warnings: Sequence[str] = ()


def people(  # noqa: PLR0913 - the options of the command, under their names
    config: str | Path = DEFAULT_CONFIG,
    *,
    people: str | Path | None = None,
    remove: Collection[str] = (),
    revoke: Collection[str] = (),
    output: str | Path | None = None,
    connection: Connection | None = None,
    home: Home | None = None,
    dry_run: bool = False,
) -> PeopleSummary:
    """Everybody of the project, with a link to what is theirs and pending.

    Args:
        config: the project file.
        people: a CSV of people in place of those in the project file.
        remove: usernames that shall not be members of the project's workspaces any more. Their accounts and
            their responses stay, which in Argilla end together.
        revoke: usernames whose API key, password and sessions shall end at once. The new password is in the
            credentials sheet; memberships and responses stay.
        output: takes a sheet with name, password and link of everybody, mode 0600.
        connection: the Argilla; by default the one from the environment, else the embedded one.
        home: the home folder with the credentials sheet; by default the one in force.
        dry_run: remove and revoke nobody, write nothing.

    Raises:
        UsageError: somebody to remove is no member, or still in the project file; somebody to revoke has no
            account, or is an owner.
        ConfigError, ServerUnreachableError, CredentialsError, ServerRefusedError: see their docstrings.
    """
    project = load_project(config, people)
    home = home or default_home()
    with connect(connection or find_connection()) as client:
        everybody = _everybody(client, project, home, remove)
        _check_removable(project, everybody, remove)
        accounts = revocable_accounts(client, revoke)
        if not dry_run:
            passwords = {each["username"]: revoke_credentials(client, each, home) for each in accounts}
            everybody = [replace(each, password=passwords.get(each.username, each.password)) for each in everybody]
            _remove(client, project, remove)
        sheet = None if output is None or dry_run else _write_sheet(Path(output), client.url, everybody)
        revoked = [each["username"] for each in accounts]
        warnings = broken_promises(client, project)
        return PeopleSummary(client.url, everybody, list(remove), sheet, revoked, warnings)


def _everybody(
    client: ArgillaClient, project: Project, home: Home, former: Collection[str]
) -> list[ProjectPerson]:
    parts = project_parts(project)
    reviews = _reviews(project)
    datasets = {part: find_dataset(client, part.workspace, part.dataset) for part in [*parts, *reviews]}
    members = {
        workspace: members_of(client, workspace)
        for workspace in dict.fromkeys(part.workspace for part in [*project_parts(project, former), *reviews])
    }
    roles = {name: role for one in members.values() for name, role in one.items()}
    filtered = project.config.assignment.mode == "links"
    readers = {part: _readers(part, members[part.workspace], review=part in reviews) for part in datasets}

    def person(username: str, role: str, *, listed: bool) -> ProjectPerson:
        links = [
            personal_link(client.url, dataset.id, username, filtered=filtered and part not in reviews)
            for part, dataset in datasets.items()
            if dataset is not None and username in readers[part]
        ]
        password = find_password(home, username, client.url)
        return ProjectPerson(username, role, username in roles, links, password, listed)

    whole = [
        *project.config.people,
        *(member for part in reviews for member in part.project.config.people if member.username in roles),
    ]
    listed = [
        person(member.username, member.role, listed=True)
        for member in {member.username: member for member in whole}.values()
    ]
    names = {member.username for member in listed}
    others = [name for name, role in roles.items() if name not in names and role != "owner"]
    return listed + [person(name, roles[name], listed=False) for name in sorted(others)]


def _reviews(project: Project) -> list[Part]:
    return [review_part(project)] if project.config.adjudication else []


def _readers(part: Part, members: Collection[str], *, review: bool) -> set[str]:
    """Who finds something of theirs in a dataset; Argilla refuses it to whoever is no member of its workspace."""
    if part.person is not None:
        return {part.person}
    named = {member.username for member in part.project.config.people}
    return named if review else named.union(members)


def _check_removable(project: Project, everybody: Sequence[ProjectPerson], wanted: Collection[str]) -> None:
    members = [person.username for person in everybody if person.member]
    for username in wanted:
        if username not in members:
            raise UnknownNameError("member", username, members)
        if any(person.username == username and person.listed for person in everybody):
            raise UsageError(
                f'"{username}" is in {project.path}; take them out there first, or `setup-dataset` adds them again'
            )


def _remove(client: ArgillaClient, project: Project, wanted: Collection[str]) -> None:
    former = [*(Part(part.project) for part in project_parts(project, wanted)), *_reviews(project)]
    for username in wanted:
        for workspace in dict.fromkeys(part.workspace for part in former):
            leave_workspace(client, workspace, username)


def _write_sheet(path: Path, url: str, everybody: Sequence[ProjectPerson]) -> Path:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("username", "password", "role", "api_url", "links"))
    for person in everybody:
        writer.writerow((person.username, person.password or "", person.role, url, " ".join(person.links)))
    write_private(path, text.getvalue())
    return path
