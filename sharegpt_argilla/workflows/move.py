"""``move``: everything of one Argilla copied to another, over REST."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.copying import (
    DatasetSettings,
    copy_dataset,
    copy_users,
    copy_workspaces,
    count_contents,
    count_database,
    external_id,
    find_answerers,
    list_datasets,
    list_users,
    list_workspaces,
    missing_body,
    read_records,
    send_records,
    whole_body,
)
from sharegpt_argilla.errors import CredentialsError, ServerUnreachableError, UsageError
from sharegpt_argilla.settings import Connection, Home, connection_of, default_home

SOURCE_VARIABLES = ("ARGILLA_API_URL", "ARGILLA_API_KEY")
TARGET_VARIABLES = ("SHAREGPT_ARGILLA_TARGET_URL", "SHAREGPT_ARGILLA_TARGET_KEY")
"""Environment variables with address and key of the Argilla to copy from, and of the one to copy to."""


@dataclass
class MovedDataset:
    """One dataset on both sides.

    Attributes:
        workspace: name of its workspace.
        name: its name.
        source: what the source contains: records, responses by status, suggestions, vectors.
        target: the same where it went; empty in a dry run.
        sent: records that were sent this time, whole or with answers that were missing.
        refused: external id of a record -> why the target did not take it.
    """

    workspace: str
    name: str
    source: Counter[str] = field(default_factory=Counter)
    target: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether the target has at least all that the source has.

        It may have more, and drafts may have become answers: people may be at work there already.
        """
        return not self.refused and _totals(self.source) <= _totals(self.target)


@dataclass
class MoveSummary:
    """What `move` found and did.

    Attributes:
        source: address of the Argilla it copied from.
        target: address of the Argilla it copied to.
        users: accounts on the source.
        made: usernames of the accounts that were made, whose passwords are in ``credentials``.
        credentials: home folder with the credentials sheet.
        workspaces: workspaces on the source.
        datasets: its datasets.
        dry_run: True when nothing was sent.
    """

    source: str
    target: str
    users: int
    workspaces: int
    credentials: Home
    made: list[str] = field(default_factory=list)
    datasets: list[MovedDataset] = field(default_factory=list)
    dry_run: bool = False

    @property
    def complete(self) -> bool:
        """Whether every dataset is."""
        return all(dataset.complete for dataset in self.datasets)


def move(
    from_home: Home | None = None,
    to_home: Home | None = None,
    *,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda _records: None,
    on_total: Callable[[int], None] = lambda _records: None,
) -> MoveSummary:
    """Copy accounts, workspaces, datasets, records, responses and suggestions; nothing is removed anywhere.

    The same call again resumes: what the target has is skipped, and what it lacks is sent.

    Args:
        from_home: home folder of the embedded Argilla to copy from; by default `SOURCE_VARIABLES` name it.
        to_home: home folder of the one to copy to; by default `TARGET_VARIABLES`.
        dry_run: look and count, send nothing.
        on_progress, on_total: given the records done since the last call, and once those of all datasets.

    Raises:
        UsageError: both sides are the same Argilla.
        CredentialsError: a variable is missing, or one of the keys is not an owner's.
        ServerUnreachableError: one of the two does not answer, or never ran.
        DatasetDiffersError: the target has another dataset of the same name.
        ServerRefusedError: the target refuses an account, a workspace or a dataset.
    """
    wanted = _side(from_home, SOURCE_VARIABLES, "--from-home"), _side(to_home, TARGET_VARIABLES, "--to-home")
    if wanted[0].api_url == wanted[1].api_url:
        raise UsageError(f"{wanted[0].api_url} is both source and target; name another target")
    with connect(wanted[0]) as source, connect(wanted[1]) as target:
        _require_owner(source)
        _require_owner(target)
        summary = MoveSummary(
            source=source.url,
            target=target.url,
            users=len(list_users(source)),
            workspaces=len(list_workspaces(source)),
            credentials=to_home or default_home(),
            dry_run=dry_run,
        )
        if dry_run:
            summary.datasets = [_counted(source, settings) for settings in list_datasets(source)]
            return summary
        users, summary.made = copy_users(source, target, summary.credentials)
        workspaces = copy_workspaces(source, target, users)
        datasets = list_datasets(source)
        on_total(sum(_count(source, settings) for settings in datasets))
        for settings in datasets:
            copied = copy_dataset(target, settings, workspaces[settings.workspace_id])
            summary.datasets.append(_Copy(source, target, settings, copied, users).run(on_progress))
    return summary


def _counted(source: ArgillaClient, settings: DatasetSettings) -> MovedDataset:
    return MovedDataset(settings.workspace, settings.name, Counter(records=_count(source, settings)))


@dataclass
class _Copy:
    """One dataset on its way; ``users`` is source's user id -> target's."""

    source: ArgillaClient
    target: ArgillaClient
    settings: DatasetSettings
    copy: DatasetSettings
    users: Mapping[str, str]

    def run(self, on_progress: Callable[[int], None]) -> MovedDataset:
        moved = MovedDataset(self.settings.workspace, self.settings.name)
        if not self.settings.ready:
            return moved
        for page in read_records(self.source, self.settings.id):
            moved.source += count_contents(page)
            moved.sent += send_records(self.target, self.copy.id, self._bodies(page), moved.refused.__setitem__)
            on_progress(len(page))
        # A search index may lack records; the database has them all.
        moved.source["records"] = _count(self.source, self.settings)
        for page in read_records(self.target, self.copy.id):
            moved.target += count_contents(page)
        return moved

    def _bodies(self, page: list[dict[str, object]]) -> list[dict[str, object]]:
        names = {name: identifier for identifier, name in self.copy.questions.items()}
        questions = {identifier: names[name] for identifier, name in self.settings.questions.items()}
        answerers = find_answerers(self.target, self.copy.id, page) if page else {}
        bodies = []
        for record in page:
            answered_by = answerers.get(external_id(record))
            body = (
                whole_body(record, self.users, questions)
                if answered_by is None
                else missing_body(record, self.users, answered_by)
            )
            if body is not None:
                bodies.append(body)
        return bodies


def _totals(counts: Counter[str]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for kind, count in counts.items():
        totals["responses" if kind.endswith("responses") else kind] += count
    return totals


def _count(client: ArgillaClient, settings: DatasetSettings) -> int:
    return count_database(client, settings.id) if settings.ready else 0


def _side(home: Home | None, variables: tuple[str, str], option: str) -> Connection:
    if home is not None:
        if not (home.server.exists() and home.owner.exists()):
            raise ServerUnreachableError(
                f"{option} {home.path}: no Argilla ever ran there; `sharegpt-argilla serve --home` starts one"
            )
        return connection_of(home)
    values = {name: os.environ.get(name) for name in variables}
    url, key = values.values()
    if not url or not key:
        missing = " and ".join(name for name, value in values.items() if not value)
        raise CredentialsError(f"{missing} not set; set both {' and '.join(variables)}, or give {option}")
    return Connection(url.rstrip("/"), key)


def _require_owner(client: ArgillaClient) -> None:
    if client.role != "owner":
        raise CredentialsError(f"{client.username} is {client.role} at {client.url}; a move takes an owner's key")
