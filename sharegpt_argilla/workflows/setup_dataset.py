"""Accounts, workspace, dataset and guidelines on an Argilla, as the project file describes them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sharegpt_argilla.argilla_client.accounts import ensure_people, missing_accounts
from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.dataset_on_server import (
    create_dataset,
    create_workspace,
    delete_draft,
    differences,
    find_dataset,
    find_workspace,
    update_guidelines,
    update_rendering,
)
from sharegpt_argilla.common.locks import file_lock
from sharegpt_argilla.config import DEFAULT_CONFIG, Project, load_project
from sharegpt_argilla.config.project_datasets import project_parts
from sharegpt_argilla.errors import DatasetDiffersError
from sharegpt_argilla.project.enrichers import numbers_plan
from sharegpt_argilla.project.server_promises import require_promises
from sharegpt_argilla.settings import Connection, Home, default_cache, default_home, find_connection


@dataclass(frozen=True)
class SetupSummary:
    """What ``setup_dataset`` found and did.

    Attributes:
        url: address of the Argilla.
        workspace: name of the workspace.
        dataset: name of the dataset.
        created: what was made, in words (``workspace sharegpt``, ``account ana``); empty when all was there.
        credentials: the sheet with the passwords of accounts made from here.
        warnings: what the project asks for and the server does not do, one line each.
    """

    url: str
    workspace: str
    dataset: str
    created: Sequence[str]
    credentials: Path
    warnings: Sequence[str] = ()


def setup_dataset(
    config: str | Path = DEFAULT_CONFIG,
    *,
    connection: Connection | None = None,
    home: Home | None = None,
    people: str | Path | None = None,
    update: bool = False,
    dry_run: bool = False,
) -> SetupSummary:
    """Build what is missing on the server; change nothing that exists.

    Args:
        config: the project file.
        connection: the Argilla; by default the one from the environment, else the embedded one.
        home: the home folder whose credentials sheet takes new passwords; by default the one in force.
        people: a CSV of people in place of those in the project file.
        update: upload guidelines that changed since.
        dry_run: say what would be made and make nothing.

    Raises:
        ConfigError: the project file is wrong.
        DatasetDiffersError: the dataset exists and differs from the file.
        UsageError: the project has mode queue, and the server does not enforce plans.
    """
    project = load_project(config, people)
    numbers_plan(project.config)
    home = home or default_home()
    names = project.config
    with connect(connection or find_connection()) as client:
        warnings = require_promises(client, project)
        created = []
        for part in project_parts(project):
            made = (
                missing_of_dataset(client, part.project)
                if dry_run
                else build_dataset(client, part.project, home, update=update)
            )
            created += [item for item in made if item not in created]
        return SetupSummary(client.url, names.workspace, names.dataset, created, home.credentials, warnings)


def check_dataset(client: ArgillaClient, dataset_id: str, project: Project, *, update: bool = False) -> bool:
    """Refuse a dataset that differs from the project; returns whether its guidelines were updated.

    Raises:
        DatasetDiffersError: it differs; every difference is in the text.
    """
    lines = differences(client, dataset_id, project)
    guidelines = [line for line in lines if line.startswith("guidelines: ")]
    if guidelines and update:
        update_guidelines(client, dataset_id, project.guidelines)
        lines = [line for line in lines if line not in guidelines]
    if lines:
        raise DatasetDiffersError(_difference(project, client, lines, only_guidelines=lines == guidelines))
    return bool(guidelines)


def missing_of_dataset(client: ArgillaClient, project: Project) -> list[str]:
    """What of a project that is one dataset would be made, in words.

    Raises:
        DatasetDiffersError: the dataset exists and differs.
    """
    names = project.config
    dataset = find_dataset(client, names.workspace, names.dataset)
    missing = []
    if find_workspace(client, names.workspace) is None:
        missing.append(f"workspace {names.workspace}")
    if dataset is None or not dataset.ready:
        missing.append(f"dataset {names.dataset}")
    else:
        check_dataset(client, dataset.id, project)
    return missing + [f"account {person.username}" for person in missing_accounts(client, names.people)]


def build_dataset(client: ArgillaClient, project: Project, home: Home, *, update: bool) -> list[str]:
    """Make what is missing of a project that is one dataset; returns what was made, in words.

    Of two commands of one person at once, the second waits for the first and finds all made.

    Raises:
        DatasetDiffersError: the dataset exists and differs; guidelines are uploaded on ``update``.
    """
    names = project.config
    with _one_at_a_time(client.url, names.workspace, names.dataset):
        return _build_dataset(client, project, home, update=update)


@contextmanager
def _one_at_a_time(*names: str) -> Iterator[None]:
    path = default_cache() / "locks" / hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]
    with ExitStack() as stack:
        # Where nothing can be written there is no lock, and the server decides who comes first.
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(file_lock(path))
        yield


def _build_dataset(client: ArgillaClient, project: Project, home: Home, *, update: bool) -> list[str]:
    created = []
    names = project.config
    workspace_id = find_workspace(client, names.workspace)
    if workspace_id is None:
        workspace_id = create_workspace(client, names.workspace)
        created.append(f"workspace {names.workspace}")
    dataset = find_dataset(client, names.workspace, names.dataset)
    if dataset is not None and not dataset.ready:
        # A setup that was cut off before publishing: nobody can have annotated it.
        delete_draft(client, dataset)
        dataset = None
    if dataset is None:
        create_dataset(client, workspace_id, project)
        created.append(f"dataset {names.dataset}")
    else:
        if check_dataset(client, dataset.id, project, update=update):
            created.append("new guidelines")
        if update_rendering(client, dataset.id, project):
            created.append("how texts are shown")
    people = ensure_people(client, workspace_id, names.people, home)
    return created + [f"account {username}" for username in people]


def _difference(project: Project, client: ArgillaClient, lines: list[str], *, only_guidelines: bool) -> str:
    advice = (
        "upload the new guidelines with --update-guidelines"
        if only_guidelines
        else "Argilla freezes a published dataset: undo the change in the file, or give it a new `dataset:` name "
        "and `migrate`"
    )
    name = project.config.dataset
    return f'dataset "{name}" at {client.url} differs from the file: {"; ".join(lines)}. {advice}'
