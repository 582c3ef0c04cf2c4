"""Rankings and marked spans pass through every table of a training set as they are."""

import csv
import json
from pathlib import Path

import datasets
import pyarrow.parquet
import pytest
import yaml

from sharegpt_argilla.project.annotated_rows import find_config
from sharegpt_argilla.responses.agreement_report import build_report
from sharegpt_argilla.workflows.training import training
from tests.projects import write_rows
from tests.training.rows import CONFIG, row

RANKED = [{"value": "second", "rank": 1}, {"value": "first", "rank": 2}]
SPANS = [{"label": "name", "start": 0, "end": 2}]
VALUES = {"quality": 5, "preference": RANKED, "names": SPANS}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    content = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    content["questions"] = [
        content["questions"][0],
        {"name": "preference", "type": "ranking", "title": "P", "labels": {"first": "A", "second": "B"}},
        {"name": "names", "type": "span", "title": "N", "field": "prompt", "labels": {"name": "Name"}},
    ]
    content["suggestions"] = []
    path = tmp_path / "c.yml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    (tmp_path / "guidelines.md").write_text("Read.", encoding="utf-8")
    return path


@pytest.mark.parametrize("with_config", [True, False])
def test_they_pass_through_the_tables(config: Path, tmp_path: Path, with_config: bool) -> None:
    rows = write_rows(
        tmp_path / "rows.jsonl", [row("Hi Al", values=VALUES, people=("ana", "ben")), row("b", turn=2)]
    )
    project_config = config if with_config else None
    for name, target in (("csv", "t.csv"), ("parquet", "t.parquet"), ("datasets", "folder")):
        training(rows, name, tmp_path / target, config=project_config)
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        (written,) = csv.DictReader(file)
    (table,) = pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pylist()
    (loaded,) = next(iter(datasets.load_from_disk(str(tmp_path / "folder")).values()))
    for found in (written, table, loaded):
        assert (json.loads(found["preference"]), json.loads(found["names"])) == (RANKED, SPANS)
    assert training(rows, "classification", tmp_path / "c.jsonl", config=project_config).sample == {
        "question": "quality",
        "text": "Hi Al",
        "labels": ["5"],
        "confidence": None,
        "soft_labels": None,
    }


def test_the_report_on_agreement_leaves_them_out(config: Path) -> None:
    project = find_config(config)
    report = build_report([row("Hi Al", values=VALUES, people=("ana", "ben"))], project.questions)
    assert list(report["questions"]) == ["quality"]
    assert report["responses"]["submitted"] == 2
