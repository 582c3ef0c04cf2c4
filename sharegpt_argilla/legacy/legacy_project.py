"""``argilla.yaml`` of a FeedbackDataset of Argilla 1.x: its fields and questions, and a project file for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from sharegpt_argilla.errors import InputError

CONFIG_NAMES = ("argilla.yaml", "argilla.cfg")
"""Argilla 1.13 and later wrote the first, earlier versions the second, in JSON, which is YAML too."""
LegacyType = Literal["rating", "label_selection", "multi_label_selection", "text", "ranking"]

_TYPES = {"rating": "rating", "label_selection": "label", "multi_label_selection": "multi_label", "text": "text"}
_NOT_SLUG = re.compile(r"[^a-z0-9_-]+")


@dataclass(frozen=True)
class LegacyQuestion:
    """A question of 1.x.

    Attributes:
        name: its name.
        title: what people read.
        type: rating, label_selection, multi_label_selection, text or ranking.
        labels: label -> what people read; empty for other types.
        values: the numbers of a rating; empty for other types.
        description: the longer text next to it, if any.
        required: whether it had to be answered.
    """

    name: str
    title: str
    type: str
    labels: Mapping[str, str] = field(default_factory=dict)
    values: Sequence[int] = ()
    description: str | None = None
    required: bool = True


@dataclass(frozen=True)
class LegacyProject:
    """A FeedbackDataset without its records: names of the text fields, questions, guidelines."""

    fields: Sequence[str]
    questions: Sequence[LegacyQuestion]
    guidelines: str


def read_project(folder: Path) -> LegacyProject:
    """The project in a folder.

    Raises:
        InputError: the folder contains no configuration, or it cannot be used.
    """
    path = next((folder / name for name in CONFIG_NAMES if (folder / name).is_file()), None)
    if path is None:
        raise InputError(f"{folder}: no argilla.yaml; give the folder with the files of the dataset on the Hub")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        fields = [str(item["name"]) for item in content["fields"]]
        questions = [_question(item) for item in content["questions"]]
        guidelines = content.get("guidelines") or ""
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    except (KeyError, TypeError, AttributeError, ValueError):
        raise InputError(f"{path}: not the configuration of a FeedbackDataset: fields and questions") from None
    return LegacyProject(fields, questions, guidelines)


def slug(label: str) -> str:
    """A label as dataset-config.yml spells labels: ``unqualified advice`` -> ``unqualified_advice``."""
    return _NOT_SLUG.sub("_", label.strip().lower()).strip("_-") or "label"


def project_file(project: LegacyProject, dataset: str, prompt: str, response: str | None) -> str:
    """dataset-config.yml for the same questions; rankings, which it does not support, are left out.

    Args:
        project: the project.
        dataset: name of the dataset to create.
        prompt: name of the field that became the question.
        response: name of the field that became the answer; None if none did.
    """
    fields = [{"name": _name(prompt), "title": prompt, "type": "text", "content": "prompt", "required": True}]
    if response:
        fields.append({"name": _name(response), "title": response, "type": "text", "content": "response"})
    content = {
        "workspace": dataset,
        "dataset": dataset,
        "guidelines": "guidelines.md",
        "fields": fields,
        "questions": [_configured(question) for question in project.questions if question.type in _TYPES],
    }
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)


def _question(item: Mapping[str, Any]) -> LegacyQuestion:
    labels = item.get("labels") or {}
    if not isinstance(labels, Mapping):
        labels = {str(label): str(label) for label in labels}
    kind = str(item.get("type", item.get("settings", {}).get("type", "text")))
    return LegacyQuestion(
        name=str(item["name"]),
        title=str(item.get("title") or item["name"]),
        type=kind,
        labels={str(label): str(text) for label, text in labels.items()},
        values=[int(value) for value in item.get("values") or ()] if kind == "rating" else (),
        description=item.get("description") or None,
        required=bool(item.get("required", True)),
    )


def _configured(question: LegacyQuestion) -> dict[str, Any]:
    section: dict[str, Any] = {"name": question.name, "type": _TYPES[question.type], "title": question.title}
    if question.description:
        section["description"] = question.description
    if not question.required:
        section["required"] = False
    if question.labels:
        section["labels"] = {slug(label): text for label, text in question.labels.items()}
    if question.values:
        section["values"] = list(question.values)
    return section


def _name(field_name: str) -> str:
    name = slug(field_name)
    return name if name[:1].isalpha() else f"field_{name}"
