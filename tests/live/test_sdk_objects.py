"""Settings and records as objects of Argilla's SDK, loaded with it: the same as those of load-records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import argilla as rg
import pytest

import sharegpt_argilla
from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.dataset_on_server import differences, find_dataset
from sharegpt_argilla.config import load_project
from tests.projects import TestProject, some_rows, write_rows

pytestmark = [
    pytest.mark.live,
    # The SDK calls its own deprecated code.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def sdk(project: TestProject) -> Iterator[rg.Argilla]:
    client = rg.Argilla(api_url=project.connection.api_url, api_key=project.connection.api_key)
    yield client
    client.http_client.close()


def records(client: ArgillaClient, dataset_id: str) -> dict[str, Any]:
    """Row id -> fields, metadata, suggestions and vectors, as the server has them."""
    names = {item["id"]: item["name"] for item in client.get(f"/api/v1/datasets/{dataset_id}/questions")["items"]}
    params = {"include": ["suggestions", "vectors"], "limit": 500}
    items = client.get(f"/api/v1/datasets/{dataset_id}/records", params)["items"]
    keys = ("value", "agent", "score", "type")
    return {
        item["external_id"]: (
            item["fields"],
            item["metadata"],
            item["vectors"],
            sorted([names[one["question_id"]], *(repr(one[key]) for key in keys)] for one in item["suggestions"]),
        )
        for item in items
    }


def test_the_sdk_loads_what_load_records_loads(project: TestProject, sdk: rg.Argilla, tmp_path: Path) -> None:
    project.rewrite(suggestions=[{"type": "intent_rules", "question": "intent"}])
    rows = some_rows(5)
    rows[0]["问"] = "Write a python function that sorts a list."
    path = write_rows(tmp_path / "rows.jsonl", rows)
    sharegpt_argilla.push_to_argilla(path, project.config, connection=project.connection, home=project.home)
    made = rg.Dataset(
        name=f"{project.dataset}-sdk",
        workspace=project.workspace,
        settings=sharegpt_argilla.build_settings(project.config),
        client=sdk,
    ).create()
    made.records.log(list(sharegpt_argilla.build_records(path, project.config)))
    with connect(project.connection) as client:
        ours = find_dataset(client, project.workspace, project.dataset)
        assert ours is not None
        loaded = records(client, ours.id)
        assert len(loaded) == 5
        assert any(suggestions for _, _, _, suggestions in loaded.values())
        assert records(client, str(made.id)) == loaded
        ours_in_file = load_project(project.config)
        # The SDK cuts white space off both ends of the guidelines.
        assert made.settings.guidelines == ours_in_file.guidelines.strip()
        unlike = differences(client, str(made.id), ours_in_file)
        assert [line.split(":")[0] for line in unlike] == ["name", "guidelines"]
