"""A dataset of Argilla 1.x in one of today: the same questions and texts, and nothing lost at the next export."""

import json
from pathlib import Path

import pytest
import yaml

from sharegpt_argilla.responses.agreement_report import render_text
from sharegpt_argilla.workflows.export_responses import export_responses
from sharegpt_argilla.workflows.import_legacy import import_legacy
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from sharegpt_argilla.workflows.report_agreement import report_agreement
from tests.legacy.feedback_dataset import records, write_dataset
from tests.projects import TestProject, read_annotations

pytestmark = pytest.mark.live


@pytest.fixture
def pushed(project: TestProject, tmp_path: Path) -> TestProject:
    """The fixture's dataset, imported and pushed."""
    folder = write_dataset(tmp_path / "sharegpt-curation", records())
    config = tmp_path / "project" / "dataset-config.yml"
    config.parent.mkdir()
    rows = tmp_path / "rows.jsonl"
    import_legacy(folder, rows, dataset=project.dataset, write_config=config)
    made = TestProject(
        config, project.connection, project.home, project.workspace, project.dataset, project.people[:1]
    )
    made.rewrite(workspace=project.workspace, people=[{"username": project.people[0]}])
    _, loaded = push_to_argilla(rows, config, connection=made.connection, home=made.home)
    assert loaded.loaded == 5
    return made


def test_it_is_the_same_project(pushed: TestProject, tmp_path: Path) -> None:
    with pushed.owner() as owner:
        base = f"/api/v1/datasets/{pushed.dataset_id()}"
        questions = owner.get(f"{base}/questions").json()["items"]
        items = owner.get(f"{base}/records", params={"limit": 10}).json()["items"]
        guidelines = owner.get(base).json()["guidelines"]
    kept = {item["name"]: item["settings"]["type"] for item in questions}
    assert kept == {
        "prompt-quality": "rating",
        "prompt-intent": "label_selection",
        "response-toxicity": "multi_label_selection",
    }
    assert guidelines.startswith("Rate the prompt.")
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    texts = {item["external_id"]: (item["fields"]["prompt"], item["fields"]["response"]) for item in items}
    assert texts == {row["id"]: (row["问"], row["答"]) for row in rows}
    assert yaml.safe_load(pushed.config.read_text(encoding="utf-8"))["questions"][1]["labels"]["closed-qa"]


def test_an_export_loses_none_of_the_old_answers(pushed: TestProject, tmp_path: Path) -> None:
    rows, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    export_responses(rows, out, pushed.config, connection=pushed.connection)
    assert out.read_bytes() == rows.read_bytes()
    ana = pushed.annotator(pushed.people[0])
    record = next(one for one in ana.search({}) if one["external_id"] not in read_annotations(rows))
    values = {"prompt-quality": 2, "prompt-intent": "closed-qa"}
    ana.answer(record["id"], values=values)
    export_responses(rows, out, pushed.config, connection=pushed.connection)
    found = read_annotations(out)
    assert found.pop(record["external_id"])["responses"][0]["values"] == values
    assert found == read_annotations(rows)
    report = report_agreement(out, pushed.config, connection=pushed.connection)
    assert f"{ana.username}: 1 submitted" in render_text(dict(report))
