"""The project file: checked, compared with the server, or described for editors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharegpt_argilla.argilla_client.accounts import missing_accounts
from sharegpt_argilla.argilla_client.connection import connect
from sharegpt_argilla.argilla_client.dataset_on_server import differences, find_dataset
from sharegpt_argilla.config import DEFAULT_CONFIG, Project, ProjectConfig, load_project
from sharegpt_argilla.config.project_datasets import project_parts
from sharegpt_argilla.errors import CredentialsError, ServerRefusedError, ServerUnreachableError
from sharegpt_argilla.project.enrichers import numbers_plan
from sharegpt_argilla.project.server_promises import asks_for_promises, broken_promises
from sharegpt_argilla.settings import Connection, find_connection


@dataclass(frozen=True)
class ConfigDifferences:
    """How the server differs from the project file.

    Attributes:
        url: address of the Argilla.
        lines: one for each difference.
        warnings: what the project asks for and the server does not do, one line each.
    """

    url: str
    lines: list[str]
    warnings: Sequence[str] = ()


def check_config(config: str | Path = DEFAULT_CONFIG) -> Project:
    """Read the project file and all that it names; no server is asked.

    Args:
        config: the project file.

    Raises:
        ConfigError: it is wrong somewhere; the text says where and what is near.
    """
    project = load_project(config)
    numbers_plan(project.config)
    return project


def diff_config(config: str | Path = DEFAULT_CONFIG, connection: Connection | None = None) -> ConfigDifferences:
    """Compare the project file with an Argilla.

    Args:
        config: the project file.
        connection: the Argilla; by default the one from the environment, else the embedded one.

    Raises:
        ConfigError, ServerUnreachableError, CredentialsError, ServerRefusedError: see their docstrings.
    """
    project = check_config(config)
    lines = []
    with connect(connection or find_connection()) as client:
        parts = project_parts(project)
        for part in parts:
            existing = find_dataset(client, part.workspace, part.dataset)
            name = f"{part.workspace}/{part.dataset}: " if len(parts) > 1 else ""
            if existing is None or not existing.ready:
                lines.append(f"{name}dataset is in the file, not on the server")
            else:
                lines += [f"{name}{line}" for line in differences(client, existing.id, part.project)]
        lines += [
            f"account {person.username} is in the file, not on the server"
            for person in missing_accounts(client, project.config.people)
        ]
        return ConfigDifferences(client.url, lines, broken_promises(client, project))


def server_warnings(project: Project, connection: Connection | None = None) -> list[str]:
    """What the project asks for and its server does not do; none while no server can be asked.

    Args:
        project: what `check_config` returned.
        connection: the Argilla; by default the one from the environment, else the embedded one.
    """
    if not asks_for_promises(project):
        return []
    try:
        with connect(connection or find_connection()) as client:
            return broken_promises(client, project)
    except (ServerUnreachableError, CredentialsError, ServerRefusedError):
        return []


def config_schema() -> dict[str, Any]:
    """The JSON Schema of the project file, for editors."""
    schema = ProjectConfig.model_json_schema()
    people = schema["properties"]["people"]
    csv = {"type": "string", "description": "a CSV with the columns username, role, first_name, last_name"}
    schema["properties"]["people"] = {"anyOf": [csv, people], "default": []}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "dataset-config.yml"}
