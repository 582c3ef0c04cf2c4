"""A new dataset with changed questions or labels; records and responses copied, the old one kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.copying import (
    DatasetSettings,
    count_contents,
    count_database,
    external_id,
    find_answerers,
    missing_body,
    read_records,
    read_settings,
    send_records,
    whole_body,
)
from sharegpt_argilla.argilla_client.dataset_on_server import dataset_settings, require_dataset
from sharegpt_argilla.argilla_client.responses_on_server import response_times
from sharegpt_argilla.common.atomic_files import write_text
from sharegpt_argilla.common.contract_keys import COPIED_ANSWERS
from sharegpt_argilla.config import DEFAULT_CONFIG, Project, load_project
from sharegpt_argilla.config.label_map import load_label_map
from sharegpt_argilla.config.project_datasets import project_parts
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.records.plan_file import plan_path
from sharegpt_argilla.responses.relabelling import AskedQuestion, Relabelling
from sharegpt_argilla.settings import Connection, Home, find_connection
from sharegpt_argilla.workflows.setup_dataset import setup_dataset


@dataclass
class MigrationSummary:
    """What ``migrate`` did.

    Attributes:
        source: workspace and name of the old dataset.
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

    Responses keep who gave them and when. The old dataset stays as it is. The same call
    again resumes: what the new dataset has already is skipped.

    Args:
        source: the old dataset, ``dataset`` or ``workspace/dataset``.
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
    workspace, slash, name = source.rpartition("/")
    workspace = workspace if slash else project.config.workspace
    _check(project, workspace, name)
    with connect(where) as client:
        old = read_settings(client, require_dataset(client, workspace, name).id)
        new = dataset_settings(project)
        _check_fields(old, new["fields"])
        relabelling = Relabelling(_asked(old.parts["questions"]), _asked(new["questions"]), wanted)
        if not dry_run:
            setup_dataset(config, connection=where, home=home)
            _copy_plan(project, name)
        new_name = f"{project.config.workspace}/{project.config.dataset}"
        summary = MigrationSummary(f"{workspace}/{name}", new_name, dry_run=dry_run)
        on_total(count_database(client, old.id))
        target = None if dry_run else require_dataset(client, project.config.workspace, project.config.dataset).id
        _Migration(client, old, relabelling, summary, project).run(target, on_progress)
    return summary


@dataclass
class _Migration:
    client: ArgillaClient
    old: DatasetSettings
    relabelling: Relabelling
    summary: MigrationSummary
    project: Project

    def run(self, target: str | None, on_progress: Callable[[int], None]) -> None:
        """Copy page by page, then count what the new dataset contains."""
        new = None if target is None else read_settings(self.client, target)
        for page in read_records(self.client, self.old.id):
            mapped = [self._mapped(record, new) for record in page]
            self.summary.wanted += count_contents(mapped)
            if target is not None:
                bodies = self._bodies(mapped, target)
                self.summary.sent += send_records(self.client, target, bodies, self.summary.refused.__setitem__)
            on_progress(len(page))
        self.summary.wanted["records"] = count_database(self.client, self.old.id)
        if target is not None:
            for page in read_records(self.client, target):
                self.summary.there += count_contents(page)

    def _mapped(self, record: dict[str, Any], new: DatasetSettings | None) -> dict[str, Any]:
        responses = []
        for before in sorted(record["responses"], key=lambda response: (response["inserted_at"], response["id"])):
            after = self.relabelling.response(before)
            self.summary.reopened += before["status"] != after["status"]
            self.summary.dropped += len(before["values"] or {}) - len(after["values"])
            responses.append(after)
        metadata = record["metadata"] or {}
        times = {
            response["user_id"]: response_times(response, metadata.get(COPIED_ANSWERS, {}))
            for response in record["responses"]
        }
        fields = [field.name for field in self.project.config.fields]
        vectors = [] if new is None else [part["name"] for part in new.parts["vectors-settings"]]
        return {
            **record,
            "metadata": {**metadata, **({COPIED_ANSWERS: times} if times else {})},
            "fields": {name: value for name, value in record["fields"].items() if name in fields},
            "vectors": {name: value for name, value in record["vectors"].items() if name in vectors},
            "responses": responses,
            "suggestions": [] if new is None else self._suggestions(record, new),
        }

    def _suggestions(self, record: dict[str, Any], new: DatasetSettings) -> list[dict[str, Any]]:
        identifiers = {name: identifier for identifier, name in new.questions.items()}
        suggestions = []
        for item in record["suggestions"]:
            name = self.old.questions[item["question_id"]]
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
        answerers = find_answerers(self.client, target, page) if page else {}
        bodies = []
        for record in page:
            users = {answer["user_id"]: answer["user_id"] for answer in record["responses"]}
            questions = {item["question_id"]: item["question_id"] for item in record["suggestions"]}
            answered_by = answerers.get(external_id(record))
            body = (
                whole_body(record, users, questions)
                if answered_by is None
                else missing_body(record, users, answered_by)
            )
            if body is not None:
                bodies.append(body)
        return bodies


def _check(project: Project, workspace: str, name: str) -> None:
    config = project.config
    if (workspace, name) == (config.workspace, config.dataset):
        raise UsageError(
            f'{project.path}: its dataset is "{name}", the one to migrate from; give the new one another name'
        )
    if len(project_parts(project)) > 1:
        raise UsageError(
            f"{project.path}: assignment.mode {config.assignment.mode} keeps a project in several datasets; "
            "`migrate` makes one: set the mode to open or queue"
        )


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
