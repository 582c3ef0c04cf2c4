"""``move``: everything of one Argilla copied to another, over REST."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.copying import (
    DatasetSettings,
    copy_dataset,
    copy_users,
    copy_workspaces,
    count_contents,
    count_database,
    external_id,
    find_copies,
    list_datasets,
    list_users,
    list_workspaces,
    missing_body,
    read_records,
    seconds_by_user,
    send_records,
    whole_body,
    with_times,
)
from sharegpt_argilla.argilla_client.server_counts import count_webhooks, read_capabilities
from sharegpt_argilla.common.contract_keys import ASSIGNED_TO
from sharegpt_argilla.common.plurals import numbered
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
        other_status: records that have the same answers on both sides, and another status where they went.
        without_times: responses sent this time whose times and active time the target's dataset cannot take.
        refused: external id of a record -> why the target did not take it.
    """

    workspace: str
    name: str
    source: Counter[str] = field(default_factory=Counter)
    target: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    other_status: int = 0
    without_times: int = 0
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether the target has at least all that the source has, and calls the same records completed.

        It may have more, and drafts may have become answers: people may be at work there already.
        """
        return not self.refused and not self.other_status and _totals(self.source) <= _totals(self.target)


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
        warnings: what the target cannot keep, a line each.
    """

    source: str
    target: str
    users: int
    workspaces: int
    credentials: Home
    made: list[str] = field(default_factory=list)
    datasets: list[MovedDataset] = field(default_factory=list)
    dry_run: bool = False
    warnings: list[str] = field(default_factory=list)

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

    When an answer was given, and the active time that was measured, go along in the record's metadata.

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
        summary = _begun(source, target, to_home or default_home(), dry_run=dry_run)
        datasets = list_datasets(source)
        summary.warnings = _not_kept(source, target, datasets)
        if dry_run:
            summary.datasets = [_counted(source, settings) for settings in datasets]
            return summary
        users, summary.made = copy_users(source, target, summary.credentials)
        workspaces = copy_workspaces(source, target, users)
        on_total(sum(_count(source, settings) for settings in datasets))
        for settings in datasets:
            copied = copy_dataset(target, settings, workspaces[settings.workspace_id])
            summary.datasets.append(_Copy(source, target, settings, copied, users).run(on_progress))
    return summary


def _begun(source: ArgillaClient, target: ArgillaClient, credentials: Home, *, dry_run: bool) -> MoveSummary:
    users, workspaces = len(list_users(source)), len(list_workspaces(source))
    return MoveSummary(source.url, target.url, users, workspaces, credentials, dry_run=dry_run)


def _not_kept(source: ArgillaClient, target: ArgillaClient, datasets: Sequence[DatasetSettings]) -> list[str]:
    """What the target cannot keep, as far as it is known beforehand."""
    lines = []
    planned = [dataset for dataset in datasets if dataset.has_property(ASSIGNED_TO)]
    capabilities = read_capabilities(target)
    if planned and (capabilities is None or capabilities.plans != "enforced"):
        lines.append(
            f"{target.url} does not enforce the plans of {numbered(len(planned), 'datasets')}: everybody is "
            "offered every record, and records are completed by another count; run argilla-server with the "
            "plug-in there (docs/deployment.md)"
        )
    if webhooks := count_webhooks(source):
        lines.append(f"{numbered(webhooks, 'webhooks')} not copied: their secrets cannot be read; add them there")
    return lines


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
        seconds = seconds_by_user(self.source, self.settings)
        for page in read_records(self.source, self.settings.id):
            moved.source += count_contents(page)
            bodies = self._bodies(page, seconds)
            if not self._takes_times:
                moved.without_times += sum(len(body["responses"]) for body in bodies)
            moved.sent += send_records(self.target, self.copy.id, bodies, moved.refused.__setitem__)
            copies = find_copies(self.target, self.copy.id, page)
            moved.target += count_contents(list(copies.values()))
            moved.other_status += sum(self._differs(record, copies.get(external_id(record))) for record in page)
            on_progress(len(page))
        # A search index may lack records; the database has them all.
        moved.source["records"] = _count(self.source, self.settings)
        return moved

    @property
    def _takes_times(self) -> bool:
        return bool(self.copy.body.get("allow_extra_metadata"))

    def _bodies(
        self, page: list[dict[str, Any]], seconds: Mapping[str, Mapping[str, float]]
    ) -> list[dict[str, Any]]:
        names = {name: identifier for identifier, name in self.copy.questions.items()}
        questions = {identifier: names[name] for identifier, name in self.settings.questions.items()}
        copies = find_copies(self.target, self.copy.id, page)
        bodies = []
        for record in page:
            spent = seconds.get(record["id"], {})
            metadata = with_times(record, self.users, spent) if self._takes_times else record["metadata"]
            timed = {**record, "metadata": metadata}
            copy = copies.get(external_id(record))
            body = (
                whole_body(timed, self.users, questions) if copy is None else missing_body(timed, self.users, copy)
            )
            if body is not None:
                bodies.append(body)
        return bodies

    def _differs(self, record: Mapping[str, Any], copy: Mapping[str, Any] | None) -> bool:
        """Whether a record has another status on the target, although its answers are the same."""
        if copy is None or record["status"] == copy["status"]:
            return False
        here = {self.users[response["user_id"]]: response["status"] for response in record["responses"]}
        return here == {response["user_id"]: response["status"] for response in copy["responses"]}


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
