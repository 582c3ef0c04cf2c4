"""A dataset's settings, read from one Argilla and made on another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.argilla_client.connection import ArgillaClient
from sharegpt_argilla.errors import DatasetDiffersError

_KEPT = {
    "fields": ("name", "title", "required", "settings"),
    "questions": ("name", "title", "description", "required", "settings"),
    "metadata-properties": ("name", "title", "settings", "visible_for_annotators"),
    "vectors-settings": ("name", "title", "dimensions"),
}
"""The parts of a dataset -> what is sent of each; ids and times are the server's to give."""


@dataclass(frozen=True)
class DatasetSettings:
    """A dataset without its records.

    Attributes:
        id: Argilla's id of it there.
        workspace_id: and of its workspace.
        workspace: name of the workspace.
        ready: False for a draft.
        body: name, guidelines, distribution and the like, as Argilla's REST interface has them.
        parts: fields, questions, metadata properties and vectors, in their order.
        questions: question id -> name.
    """

    id: str
    workspace_id: str
    workspace: str
    ready: bool
    body: dict[str, Any]
    parts: dict[str, list[dict[str, Any]]]
    questions: dict[str, str]

    @property
    def name(self) -> str:
        """The dataset's name, unique in its workspace."""
        return str(self.body["name"])


def list_datasets(client: ArgillaClient) -> list[DatasetSettings]:
    """Every dataset that the account sees, ordered by workspace and name."""
    names = {item["id"]: item["name"] for item in client.get("/api/v1/me/workspaces")["items"]}
    found = client.get("/api/v1/me/datasets")["items"]
    settings = [_read(client, item, names[item["workspace_id"]]) for item in found]
    return sorted(settings, key=lambda item: (item.workspace, item.name))


def read_settings(client: ArgillaClient, dataset_id: str) -> DatasetSettings:
    """One dataset; its workspace's name is left out."""
    return _read(client, client.get(f"/api/v1/datasets/{dataset_id}"), "")


def copy_dataset(target: ArgillaClient, wanted: DatasetSettings, workspace_id: str) -> DatasetSettings:
    """Make a dataset on the target and publish it if it is published where it comes from.

    One of that name in the workspace is used if it has the same fields, questions, properties and vectors; a
    draft is made anew, since it holds nothing.

    Raises:
        DatasetDiffersError: there is another one of that name.
    """
    for found in list_datasets(target):
        if (found.workspace_id, found.name) != (workspace_id, wanted.name):
            continue
        if found.ready:
            _check_same(target, wanted, found)
            return found
        target.delete(f"/api/v1/datasets/{found.id}")
    made = target.post("/api/v1/datasets", {**wanted.body, "workspace_id": workspace_id})
    for kind, bodies in wanted.parts.items():
        for body in bodies:
            target.post(f"/api/v1/datasets/{made['id']}/{kind}", body)
    if wanted.ready:
        made = target.put(f"/api/v1/datasets/{made['id']}/publish")
    return _read(target, made, wanted.workspace)


def _read(client: ArgillaClient, item: dict[str, Any], workspace: str) -> DatasetSettings:
    answers = {kind: client.get(_listing(item["id"], kind))["items"] for kind in _KEPT}
    return DatasetSettings(
        id=item["id"],
        workspace_id=item["workspace_id"],
        workspace=workspace,
        ready=item["status"] == "ready",
        body={
            name: item[name]
            for name in ("name", "guidelines", "allow_extra_metadata", "distribution", "metadata")
            if item.get(name) is not None
        },
        parts={
            kind: [{name: part[name] for name in _KEPT[kind]} for part in parts] for kind, parts in answers.items()
        },
        questions={question["id"]: question["name"] for question in answers["questions"]},
    )


def _listing(dataset_id: str, kind: str) -> str:
    mine = "me/" if kind == "metadata-properties" else ""
    return f"/api/v1/{mine}datasets/{dataset_id}/{kind}"


def _check_same(target: ArgillaClient, wanted: DatasetSettings, found: DatasetSettings) -> None:
    for kind, bodies in wanted.parts.items():
        # Titles, descriptions and the order of options may be changed at any time; what answers mean may not.
        ours, theirs = ({body["name"]: _meaning(body) for body in parts} for parts in (bodies, found.parts[kind]))
        if ours != theirs:
            names = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
            raise DatasetDiffersError(
                f'{target.url} has another dataset "{wanted.name}" in workspace "{wanted.workspace}"; '
                f"{kind} differ: {', '.join(names)}; rename or remove it there"
            )


def _meaning(part: dict[str, Any]) -> tuple[Any, ...]:
    settings = part.get("settings", {})
    values = sorted(str(option["value"]) for option in settings.get("options") or [])
    return settings.get("type"), part.get("dimensions"), part.get("required"), values
