"""A new dataset with changed questions or labels; records and responses copied, the old one kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.copying import (
    DatasetSettings,
    count_contents,
    count_database,
    external_id,
    find_copies,
    missing_body,
    read_records,
    read_settings,
    seconds_by_user,
    send_records,
    whole_body,
    with_times,
)
from sharegpt_argilla.argilla_client.dataset_on_server import dataset_settings, find_dataset, require_dataset
from sharegpt_argilla.common.atomic_files import write_text
from sharegpt_argilla.config import DEFAULT_CONFIG, Project, load_project
from sharegpt_argilla.config.label_map import LabelMap, load_label_map
from sharegpt_argilla.config.project_datasets import CALIBRATION, Part, project_parts
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.records.plan_file import plan_path, read_plan
from sharegpt_argilla.responses.relabelling import AskedQuestion, Relabelling
from sharegpt_argilla.settings import Connection, Home, default_home, find_connection
from sharegpt_argilla.workflows.setup_dataset import build_dataset, setup_dataset


@dataclass
class MigrationSummary:
    """What ``migrate`` did.

    Attributes:
        source: workspace and name of the old dataset; several, separated by commas, if the project is kept in
            several.
        target: the same of the new one.
        wanted: what the new one must contain: records, and responses by status.
        there: what it contains; empty in a dry run.
        sent: records that were sent this time, whole or with answers that were missing.
        reopened: responses that were submitted and are drafts now, since an answer that must be given is gone.
        dropped: answers and suggestions that have no counterpart.
        refused: external id of a record -> why the server did not take it.
        dry_run: True when nothing was sent.
    """

    source: str
    target: str
    wanted: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    reopened: int = 0
    dropped: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    dry_run: bool = False

    @property
    def complete(self) -> bool:
        """Whether the new dataset has as many records and responses as it must; it may have more by now."""
        return not self.refused and all(
            _total(self.wanted, kind) <= _total(self.there, kind) for kind in ("records", "responses")
        )


def migrate(  # noqa: PLR0913 - the options of the command, under their names
    source: str,
    config: str | Path = DEFAULT_CONFIG,
    label_map: str | Path | None = None,
    *,
    connection: Connection | None = None,
    home: Home | None = None,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda _records: None,
    on_total: Callable[[int], None] = lambda _records: None,
) -> MigrationSummary:
    """Make the dataset of the project file and copy the records of another one into it, with their responses.

    Responses keep who gave them, when, and how long they took. The old dataset stays as it is. The same call
    again resumes: what the new dataset has already is skipped. A project that is kept in several datasets is
    copied from each of them to its counterpart.

    Args:
        source: the old dataset, ``dataset`` or ``workspace/dataset``, by the name of the old project.
        config: the project file, with another ``dataset`` than the old one.
        label_map: the YAML that says what becomes of questions and labels that are not there any more.
        connection: an owner's, or that of an admin of the workspace; by default the one from the environment,
            else the embedded one.
        home: the home folder whose credentials sheet takes passwords of new accounts.
        dry_run: check and count, make and send nothing.
        on_progress, on_total: given the records done since the last call, and once those of the old dataset.

    Raises:
        ConfigError, UsageError: the project file, the label map, or what they leave open.
        ServerUnreachableError, CredentialsError, ServerRefusedError, DatasetDiffersError: see their docstrings.
    """
    project = load_project(config)
    wanted = load_label_map(label_map)
    where = connection or find_connection()
    workspace, name = _old_name(project, source)
    with connect(where) as client:
        migrations = _migrations(client, project, workspace, name, wanted)
        summary = _summary(migrations, dry_run=dry_run)
        if not dry_run:
            setup_dataset(config, connection=where, home=home)
            _copy_plan(project, name)
        on_total(sum(count_database(client, migration.old.settings.id) for migration in migrations))
        targets = {} if dry_run else _targets(client, migrations, home or default_home())
        for migration in migrations:
            migration.run(summary, targets.get(migration.old.new_name), on_progress)
        summary.there = _contents(client, targets.values())
    return summary


@dataclass(frozen=True)
class _Old:
    """A dataset to migrate from.

    Attributes:
        name: ``workspace/dataset``.
        settings: the dataset.
        part: the part of the new project that its records go to.
    """

    name: str
    settings: DatasetSettings
    part: Part

    @property
    def new_name(self) -> str:
        """``workspace/dataset`` of the new one."""
        return f"{self.part.workspace}/{self.part.dataset}"


@dataclass
class _Migration:
    client: ArgillaClient
    old: _Old
    relabelling: Relabelling
    project: Project
    summary: MigrationSummary = field(init=False)

    def run(
        self, summary: MigrationSummary, new: DatasetSettings | None, on_progress: Callable[[int], None]
    ) -> None:
        """Copy page by page, and count in the summary; only look and count without a new dataset."""
        self.summary = summary
        seconds = seconds_by_user(self.client, self.old.settings)
        # A search index may lack records; the database has them all.
        self.summary.wanted["records"] += count_database(self.client, self.old.settings.id)
        for page in read_records(self.client, self.old.settings.id):
            mapped = [self._mapped(record, new, seconds.get(record["id"], {})) for record in page]
            counts = count_contents(mapped)
            del counts["records"]
            self.summary.wanted += counts
            if new is not None:
                bodies = self._bodies(mapped, new.id)
                self.summary.sent += send_records(self.client, new.id, bodies, self.summary.refused.__setitem__)
            on_progress(len(page))

    def _mapped(
        self, record: dict[str, Any], new: DatasetSettings | None, seconds: Mapping[str, float]
    ) -> dict[str, Any]:
        responses = []
        for before in sorted(record["responses"], key=lambda response: (response["inserted_at"], response["id"])):
            after = self.relabelling.response(before)
            self.summary.reopened += before["status"] != after["status"]
            self.summary.dropped += len(before["values"] or {}) - len(after["values"])
            responses.append(after)
        fields = [field.name for field in self.project.config.fields]
        vectors = [] if new is None else [part["name"] for part in new.parts["vectors-settings"]]
        return {
            **record,
            "metadata": with_times(record, _same(record), seconds),
            "fields": {name: value for name, value in record["fields"].items() if name in fields},
            "vectors": {name: value for name, value in record["vectors"].items() if name in vectors},
            "responses": responses,
            "suggestions": [] if new is None else self._suggestions(record, new),
        }

    def _suggestions(self, record: dict[str, Any], new: DatasetSettings) -> list[dict[str, Any]]:
        identifiers = {name: identifier for identifier, name in new.questions.items()}
        suggestions = []
        for item in record["suggestions"]:
            name = self.old.settings.questions[item["question_id"]]
            value = self.relabelling.value(name, item["value"])
            if value is None:
                self.summary.dropped += 1
                continue
            target = self.relabelling.new_name(name) or name
            changed = value != item["value"] and isinstance(item.get("score"), list)
            score = None if changed else item["score"]
            suggestions.append({**item, "question_id": identifiers[target], "value": value, "score": score})
        return suggestions

    def _bodies(self, page: list[dict[str, Any]], target: str) -> list[dict[str, Any]]:
        copies = find_copies(self.client, target, page)
        bodies = []
        for record in page:
            questions = {item["question_id"]: item["question_id"] for item in record["suggestions"]}
            copy = copies.get(external_id(record))
            body = (
                whole_body(record, _same(record), questions)
                if copy is None
                else missing_body(record, _same(record), copy)
            )
            if body is not None:
                bodies.append(body)
        return bodies


def _old_name(project: Project, source: str) -> tuple[str, str]:
    """Workspace and dataset to migrate from."""
    config = project.config
    workspace, slash, name = source.rpartition("/")
    workspace = workspace if slash else config.workspace
    if (workspace, name) == (config.workspace, config.dataset):
        raise UsageError(
            f'{project.path}: its dataset is "{name}", the one to migrate from; give the new one another name'
        )
    return workspace, name


def _migrations(
    client: ArgillaClient, project: Project, workspace: str, name: str, wanted: LabelMap
) -> list[_Migration]:
    new = dataset_settings(project)
    return [
        _Migration(
            client,
            old,
            Relabelling(_asked(old.settings.parts["questions"]), _asked(new["questions"]), wanted),
            project,
        )
        for old in _olds(client, project, workspace, name)
    ]


def _summary(migrations: Sequence[_Migration], *, dry_run: bool) -> MigrationSummary:
    olds = [migration.old for migration in migrations]
    source, target = (
        ", ".join(dict.fromkeys(names)) for names in zip(*[(old.name, old.new_name) for old in olds], strict=True)
    )
    return MigrationSummary(source, target, dry_run=dry_run)


def _olds(client: ArgillaClient, project: Project, workspace: str, name: str) -> list[_Old]:
    """The datasets that the old project is kept in: as the new one, with the names of the old."""
    plan = read_plan(plan_path(project.path, name)) if project.config.assignment.planned else None
    former = plan.people if plan else ()
    changes = {"workspace": workspace, "dataset": name}
    before = project_parts(replace(project, config=project.config.model_copy(update=changes)), former)
    pairs = [
        (old.workspace, old.dataset, new) for old, new in zip(before, project_parts(project, former), strict=True)
    ]
    if len(pairs) == 1 and plan is not None and find_dataset(client, workspace, name + CALIBRATION):
        # What links keep in two datasets is one where the plan is enforced.
        pairs.append((workspace, name + CALIBRATION, pairs[0][2]))
    if pairs[0][2].person is not None:
        # Who joined since has no old dataset.
        pairs = [pair for pair in pairs if find_dataset(client, *pair[:2])] or pairs
    olds = []
    for space, dataset, part in pairs:
        settings = read_settings(client, require_dataset(client, space, dataset).id)
        _check_fields(settings, dataset_settings(project)["fields"])
        olds.append(_Old(f"{space}/{dataset}", settings, part))
    return olds


def _targets(client: ArgillaClient, migrations: Sequence[_Migration], home: Home) -> dict[str, DatasetSettings]:
    """The new datasets. That of somebody who left is made here: the project file names them no more."""
    targets = {}
    for old in (migration.old for migration in migrations):
        workspace, dataset = old.part.workspace, old.part.dataset
        if find_dataset(client, workspace, dataset) is None:
            build_dataset(client, old.part.project, home, update=False)
        targets[old.new_name] = read_settings(client, require_dataset(client, workspace, dataset).id)
    return targets


def _contents(client: ArgillaClient, datasets: Iterable[DatasetSettings]) -> Counter[str]:
    pages = (page for dataset in datasets for page in read_records(client, dataset.id))
    return sum(map(count_contents, pages), Counter())


def _same(record: Mapping[str, Any]) -> dict[str, str]:
    """People keep their ids within one server."""
    return {response["user_id"]: response["user_id"] for response in record["responses"]}


def _check_fields(old: DatasetSettings, wanted: list[dict[str, Any]]) -> None:
    """Records must have what the new dataset requires, as what it takes it for."""
    types = {part["name"]: part["settings"]["type"] for part in old.parts["fields"]}
    for part in wanted:
        name, kind = part["name"], part["settings"]["type"]
        if name not in types and part["required"]:
            raise UsageError(f'field "{name}" is required, but the old dataset has none of that name')
        if types.get(name, kind) != kind:
            raise UsageError(f'field "{name}" is a {kind} field, but a {types[name]} field in the old dataset')


def _asked(bodies: list[dict[str, Any]]) -> list[AskedQuestion]:
    return [
        AskedQuestion(
            body["name"],
            body["settings"]["type"].removesuffix("_selection"),
            [option["value"] for option in body["settings"].get("options") or ()],
            body["required"],
        )
        for body in bodies
    ]


def _copy_plan(project: Project, old: str) -> None:
    """Give the new dataset the plan of the old one."""
    before, after = plan_path(project.path, old), plan_path(project.path, project.config.dataset)
    if project.config.assignment.planned and before.is_file() and not after.exists():
        write_text(after, before.read_text(encoding="utf-8"))


def _total(counts: Counter[str], kind: str) -> int:
    return sum(count for name, count in counts.items() if name.endswith(kind))
