"""The dataset on the server: what the project file asks for, what exists, and how they differ.

The payloads are Argilla's REST bodies as plain data. The SDK's settings objects would need a signed-in,
process-wide client to exist at all, and cannot be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.argilla_client.connection import ArgillaClient, RefusedError
from sharegpt_argilla.common.contract_keys import ASSIGNED_N, ASSIGNED_RANK, ASSIGNED_TO
from sharegpt_argilla.config import (
    ChatField,
    CustomField,
    FieldConfig,
    MultiLabelQuestion,
    NumberProperty,
    Project,
    PropertyConfig,
    QuestionConfig,
    RankingQuestion,
    RatingQuestion,
    SpanQuestion,
    TextQuestion,
)
from sharegpt_argilla.errors import ServerRefusedError

RENDER = "render"
"""Key of a dataset's metadata: field name -> ``plain``, ``markdown`` or ``auto``."""

# Argilla wants at least three labels visible before it folds the rest away.
MIN_VISIBLE = 3


@dataclass(frozen=True)
class DatasetOnServer:
    """A dataset that exists on the server.

    Attributes:
        id: Argilla's id of it.
        name: its name.
        workspace_id: Argilla's id of its workspace.
        guidelines: the text that annotators read.
        ready: False while it is a draft that nobody can annotate.
    """

    id: str
    name: str
    workspace_id: str
    guidelines: str
    ready: bool


def find_workspace(client: ArgillaClient, name: str) -> str | None:
    """The id of the workspace, None if the account sees none of that name."""
    for workspace in client.get("/api/v1/me/workspaces")["items"]:
        if workspace["name"] == name:
            return str(workspace["id"])
    return None


def create_workspace(client: ArgillaClient, name: str) -> str:
    """Create a workspace and return its id. Owners only."""
    body = {"name": name}
    made = client.create(
        "/api/v1/workspaces", body, listing="/api/v1/me/workspaces", same=lambda item: item["name"] == name
    )
    return str(made["id"])


def find_dataset(client: ArgillaClient, workspace: str, name: str) -> DatasetOnServer | None:
    """The dataset of that name in the workspace of that name, None if none exists."""
    workspace_id = find_workspace(client, workspace)
    if workspace_id is None:
        return None
    items = client.get("/api/v1/me/datasets", {"workspace_id": workspace_id})["items"]
    for item in items:
        if item["name"] == name and item["workspace_id"] == workspace_id:
            return _on_server(item)
    return None


def _on_server(item: Mapping[str, Any]) -> DatasetOnServer:
    return DatasetOnServer(
        id=item["id"],
        name=item["name"],
        workspace_id=item["workspace_id"],
        guidelines=item["guidelines"] or "",
        ready=item["status"] == "ready",
    )


def find_datasets(client: ArgillaClient, wanted: Sequence[tuple[str, str]]) -> list[DatasetOnServer | None]:
    """What `find_dataset` gives for each pair of workspace and name, in two requests for all of them."""
    spaces = {item["id"]: item["name"] for item in client.get("/api/v1/me/workspaces")["items"]}
    datasets = {
        (spaces.get(item["workspace_id"]), item["name"]): _on_server(item)
        for item in client.get("/api/v1/me/datasets")["items"]
    }
    return [datasets.get(names) for names in wanted]


def require_dataset(client: ArgillaClient, workspace: str, name: str) -> DatasetOnServer:
    """The dataset, ready for records.

    Raises:
        ServerRefusedError: it does not exist, or only as a draft.
    """
    dataset = find_dataset(client, workspace, name)
    if dataset is None or not dataset.ready:
        state = "is not" if dataset is None else "is only half made"
        raise ServerRefusedError(
            f'dataset "{name}" {state} in workspace "{workspace}" at {client.url}; '
            "run `sharegpt-argilla setup-dataset`"
        )
    return dataset


def create_dataset(client: ArgillaClient, workspace_id: str, project: Project) -> str:
    """Create and publish the dataset; returns its id. A draft of that name must be deleted before."""
    body = _dataset_body(project, workspace_id) | {"metadata": {RENDER: _rendering(project)}}
    dataset_id = str(make_dataset(client, body)["id"])
    for kind, bodies in _parts(project).items():
        for part in bodies:
            make_part(client, dataset_id, kind, part)
    publish(client, dataset_id)
    return dataset_id


def make_dataset(client: ArgillaClient, body: Mapping[str, Any]) -> dict[str, Any]:
    """Make a draft, or find the one that an earlier attempt made."""
    names = ("name", "workspace_id")
    made: dict[str, Any] = client.create(
        "/api/v1/datasets",
        body,
        listing="/api/v1/me/datasets",
        same=lambda item: all(item[name] == body[name] for name in names),
    )
    return made


def make_part(client: ArgillaClient, dataset_id: str, kind: str, body: Mapping[str, Any]) -> None:
    """Make a field, a question, a property or vector settings of a draft, unless an earlier attempt made it."""
    client.create(
        f"/api/v1/datasets/{dataset_id}/{kind}",
        body,
        listing=part_listing(dataset_id, kind),
        same=lambda item: bool(item["name"] == body["name"]),
    )


def part_listing(dataset_id: str, kind: str) -> str:
    """Where a dataset's fields, questions, properties or vector settings are listed."""
    own = "/me" if kind == "metadata-properties" else ""
    return f"/api/v1{own}/datasets/{dataset_id}/{kind}"


def publish(client: ArgillaClient, dataset_id: str) -> dict[str, Any]:
    """Publish a draft, unless an earlier attempt did."""
    try:
        published: dict[str, Any] = client.put(f"/api/v1/datasets/{dataset_id}/publish")
    except RefusedError:
        published = client.get(f"/api/v1/datasets/{dataset_id}")
        if published["status"] != "ready":
            raise
    return published


def dataset_settings(project: Project) -> dict[str, list[dict[str, Any]]]:
    """``fields``, ``questions`` and ``metadata-properties`` of the project as Argilla's REST bodies."""
    return _parts(project)


def delete_draft(client: ArgillaClient, dataset: DatasetOnServer) -> None:
    """Delete a dataset that was never published, and so contains neither records nor responses."""
    if dataset.ready:
        raise ServerRefusedError(f'dataset "{dataset.name}" is published; it is never deleted from here')
    client.delete(f"/api/v1/datasets/{dataset.id}")


def update_guidelines(client: ArgillaClient, dataset_id: str, guidelines: str) -> None:
    """Replace the text that annotators read."""
    client.patch(f"/api/v1/datasets/{dataset_id}", {"guidelines": guidelines})


def update_rendering(client: ArgillaClient, dataset_id: str, project: Project) -> bool:
    """Store how each field's text is shown, where the page of the embedded server finds it.

    Returns:
        False if it is stored already, or if the server has no metadata of datasets (Argilla before 2.8).
    """
    dataset = client.get(f"/api/v1/datasets/{dataset_id}")
    metadata = dataset.get("metadata") or {}
    if "metadata" not in dataset or metadata.get(RENDER) == _rendering(project):
        return False
    if metadata:
        # Argilla 2.8 changes the dict in place, which SQLAlchemy does not see: only what replaces null is stored.
        client.patch(f"/api/v1/datasets/{dataset_id}", {"metadata": None})
    client.patch(f"/api/v1/datasets/{dataset_id}", {"metadata": metadata | {RENDER: _rendering(project)}})
    return True


def _rendering(project: Project) -> dict[str, str]:
    fields = project.config.fields
    return {field.name: field.rendering for field in fields if not isinstance(field, CustomField)}


def differences(client: ArgillaClient, dataset_id: str, project: Project) -> list[str]:
    """How the dataset on the server differs from the project: one line each, empty when it does not."""
    base = f"/api/v1/datasets/{dataset_id}"
    dataset = client.get(base)
    parts = {
        "fields": client.get(f"{base}/fields")["items"],
        "questions": client.get(f"{base}/questions")["items"],
        "metadata-properties": client.get(f"/api/v1/me/datasets/{dataset_id}/metadata-properties")["items"],
        "vectors-settings": client.get(f"{base}/vectors-settings")["items"],
    }
    lines = list(_compare("", _dataset_body(project, dataset["workspace_id"]), dataset))
    for kind, bodies in _parts(project).items():
        lines.extend(_compare_parts(_KINDS[kind], bodies, parts[kind]))
    return lines


_KINDS = {
    "fields": "field",
    "questions": "question",
    "metadata-properties": "metadata property",
    "vectors-settings": "vector",
}


def _dataset_body(project: Project, workspace_id: str) -> dict[str, Any]:
    return {
        "name": project.config.dataset,
        "workspace_id": workspace_id,
        "guidelines": project.guidelines,
        # Later steps keep notes of their own on a record, which nobody filters by.
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": project.config.assignment.overlap},
    }


def _parts(project: Project) -> dict[str, list[dict[str, Any]]]:
    config = project.config
    return {
        "fields": [_field_body(field, project) for field in config.fields],
        "questions": [_question_body(question) for question in config.questions],
        "metadata-properties": [
            *(_property_body(item) for item in config.metadata),
            *(_ASSIGNMENT if config.assignment.on_records else ()),
        ],
        "vectors-settings": [
            {"name": item.name, "title": item.title, "dimensions": item.dimensions} for item in config.vectors
        ],
    }


def _hidden(name: str, title: str, kind: str) -> dict[str, Any]:
    return {"name": name, "title": title, "settings": {"type": kind}, "visible_for_annotators": False}


# Without declared values, since people join and records come.
_ASSIGNMENT = (
    _hidden(ASSIGNED_TO, "Assigned to", "terms"),
    _hidden(ASSIGNED_RANK, "Place in the order", "integer"),
    _hidden(ASSIGNED_N, "People assigned", "integer"),
)


def _field_body(field: FieldConfig, project: Project) -> dict[str, Any]:
    settings: dict[str, Any]
    if isinstance(field, CustomField):
        template = project.templates[field.name]
        settings = {"type": "custom", "template": template, "advanced_mode": field.advanced}
    else:
        # Without markdown a plain Argilla puts the text into the page as HTML; RENDER says how it is shown.
        settings = {"type": "chat" if isinstance(field, ChatField) else "text", "use_markdown": True}
    return {"name": field.name, "title": field.title, "required": field.required, "settings": settings}


def _question_body(question: QuestionConfig) -> dict[str, Any]:
    return {
        "name": question.name,
        "title": question.title,
        "description": question.description,
        "required": question.required,
        "settings": _question_settings(question),
    }


def _question_settings(question: QuestionConfig) -> dict[str, Any]:
    if isinstance(question, RatingQuestion):
        return {"type": "rating", "options": [{"value": value} for value in question.values]}
    if isinstance(question, TextQuestion):
        return {"type": "text", "use_markdown": True}
    options = [{"value": value, "text": text} for value, text in question.labels.items()]
    if isinstance(question, RankingQuestion):
        return {"type": "ranking", "options": options}
    visible = len(options) if len(options) >= MIN_VISIBLE else None
    settings: dict[str, Any] = {"options": options, "visible_options": visible}
    if isinstance(question, SpanQuestion):
        span = {"type": "span", "field": question.field, "allow_overlapping": question.overlapping}
        return span | settings
    if isinstance(question, MultiLabelQuestion):
        settings["options_order"] = question.order
    return {"type": f"{question.type}_selection", **settings}


def _property_body(item: PropertyConfig) -> dict[str, Any]:
    if isinstance(item, NumberProperty):
        cast = int if item.type == "integer" else float
        settings: dict[str, Any] = {"type": item.type, "min": cast(item.min), "max": cast(item.max)}
    else:
        settings = {"type": "terms", "values": item.options}
    return {"name": item.name, "title": item.title, "settings": settings, "visible_for_annotators": item.visible}


def _compare_parts(kind: str, wanted: list[dict[str, Any]], existing: list[dict[str, Any]]) -> Iterator[str]:
    by_name = {item["name"]: item for item in existing}
    for body in wanted:
        name = body["name"]
        if name not in by_name:
            yield f'{kind} "{name}" is in the file, not on the server'
        else:
            yield from _compare(f'{kind} "{name}" ', body, by_name.pop(name))
    for name in by_name:
        yield f'{kind} "{name}" is on the server, not in the file'
    ours, theirs = [body["name"] for body in wanted], [item["name"] for item in existing]
    if ours != theirs and sorted(ours) == sorted(theirs):
        yield f"order of {kind}: {', '.join(ours)} in the file, {', '.join(theirs)} on the server"


def _compare(prefix: str, wanted: Mapping[str, Any], existing: Mapping[str, Any]) -> Iterator[str]:
    for key, value in wanted.items():
        current = existing.get(key)
        if isinstance(value, dict) and isinstance(current, dict):
            yield from _compare(prefix, value, current)
        elif key == "options":
            yield from _compare_options(prefix, value, current or [])
        elif value != current:
            yield f"{prefix}{key}: {_short(value)} in the file, {_short(current)} on the server"


def _compare_options(prefix: str, wanted: list[dict[str, Any]], existing: list[dict[str, Any]]) -> Iterator[str]:
    ours = {option["value"]: option.get("text") for option in wanted}
    theirs = {option["value"]: option.get("text") for option in existing}
    for value, text in ours.items():
        if value not in theirs:
            yield f"{prefix}option {value!r} is in the file, not on the server"
        elif text != theirs[value]:
            yield f"{prefix}option {value!r}: {text!r} in the file, {theirs[value]!r} on the server"
    yield from (
        f"{prefix}option {value!r} is on the server, not in the file" for value in theirs if value not in ours
    )
    if ours == theirs and list(ours) != list(theirs):
        yield f"{prefix}options are in another order"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:40]}… ({len(text):,} characters)"
