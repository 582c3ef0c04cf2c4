"""The ready project files: each is set up, takes a row, and gives it back with an answer."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from sharegpt_argilla.cli.main import main
from sharegpt_argilla.rows import read_extension, row_id, with_extension
from sharegpt_argilla.workflows.export_responses import export_responses
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from sharegpt_argilla.workflows.training import training
from tests.projects import ROOT, TestProject, read_annotations, some_rows, write_rows

CONFIGS = sorted((ROOT / "examples" / "configs").glob("*.yml"))
ANSWERS: dict[str, dict[str, Any]] = {
    "sharegpt-prompts": {"quality": 6, "intent": ["code", "chat"], "toxicity": "none"},
    "sharegpt-2023": {"prompt-quality": 6, "prompt-intent": "closed-qa"},
    "demonstrations": {"demonstration": "Rain is water."},
    "topics": {"prompt": "Explain rain to a child."},
    "preferences": {"preference": [{"value": "second", "rank": 1}, {"value": "first", "rank": 2}]},
}


def test_every_ready_file_is_described_and_tested() -> None:
    assert {path.stem for path in CONFIGS} == set(ANSWERS)
    text = (ROOT / "examples" / "configs" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in CONFIGS if f"`{path.name}`" not in text] == []


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_ready_file_is_valid(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", "--config", str(path)]) == 0
    assert "fine" in capfd.readouterr().err


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_row_goes_there_and_back(path: Path, project: TestProject, tmp_path: Path) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    planned = "assignment" in content
    names = [f"{name}-{project.workspace}" for name in ("ana", "ben", "cleo")[: 3 if planned else 1]]
    folder = tmp_path / "examples" / "configs"
    shutil.copytree(path.parent, folder)
    shutil.copy(ROOT / "guidelines.md", tmp_path)
    project.config.unlink()
    config = folder / path.name
    changes: dict[str, Any] = {"workspace": project.workspace, "dataset": project.dataset}
    if planned:
        # The one row is a calibration record, which all three answer.
        changes["assignment"] = {**content["assignment"], "calibration": {"share": 1, "overlap": 3}}
    config.write_text(yaml.safe_dump(content | changes | {"people": [{"username": name} for name in names]}))
    (row,) = some_rows(1)
    row = with_extension(row, {**read_extension(row), "other_response": "Another </script> answer."})
    row["id"] = row_id(row)
    rows = write_rows(tmp_path / "rows.jsonl", [row])
    _, loaded = push_to_argilla(rows, config, connection=project.connection, home=project.home)
    assert loaded.loaded == 1
    for name in names:
        (record,) = project.annotator(name).search({})
        project.annotator(name).answer(record["id"], values=ANSWERS[path.stem])
    output = tmp_path / "annotated.jsonl"
    export_responses(rows, output, config, connection=project.connection)
    found = read_annotations(output)[row["id"]]
    assert {question: found[question] for question in ANSWERS[path.stem]} == ANSWERS[path.stem]
    assert found["tie"] is False
    assert len(found["responses"]) == len(names)
    if path.stem == "demonstrations":
        made = training(output, "demonstrations", tmp_path / "train.jsonl", config=config)
        assert made.sample == {"prompt": row["问"], "demonstration": "Rain is water."}
    if path.stem == "preferences":
        assert record["fields"]["responses"] == {"first": row["答"], "second": "Another <\u2060/script> answer."}
