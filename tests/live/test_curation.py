"""Curated rows on a real Argilla: filtered by flag, and exported under the ids that `extract` gave."""

import json
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.workflows.curate import curate
from sharegpt_argilla.workflows.export_responses import export_responses
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.curation.rows import row, write
from tests.projects import TestProject

pytestmark = pytest.mark.live


def with_flag(flag: str) -> dict[str, Any]:
    scope = {"entity": "metadata", "metadata_property": "flags"}
    return {"filters": {"and": [{"type": "terms", "scope": scope, "values": [flag]}]}}


def test_flags_are_filtered_by_and_a_redacted_row_gets_its_answer_back(
    project: TestProject, tmp_path: Path
) -> None:
    before = [row(), row("continue", turn=2), row("Who is maria.lindqvist@posteo-mail.net to you?", session="t")]
    rows = tmp_path / "curated.jsonl"
    curate(write(tmp_path / "rows.jsonl", before), rows, redact=True)
    push_to_argilla(rows, project.config, connection=project.connection, home=project.home, rejects=tmp_path / "r")
    ana = project.annotator(project.people[0])
    by_flag = {flag: ana.search(with_flag(flag)) for flag in ("none", "continuation", "too_short", "email")}
    ids = {flag: {record["external_id"] for record in records} for flag, records in by_flag.items()}
    assert ids == {
        "none": {before[0]["id"], before[2]["id"]},
        "continuation": {before[1]["id"]},
        "too_short": {before[1]["id"]},
        "email": set(),
    }
    (redacted,) = [record for record in by_flag["none"] if record["external_id"] == before[2]["id"]]
    assert redacted["fields"]["prompt"] == "Who is <EMAIL> to you?"
    ana.answer(redacted["id"], values={"quality": 5, "intent": ["chat"], "toxicity": "none"})
    export_responses(rows, tmp_path / "annotated.jsonl", project.config, connection=project.connection)
    lines = (tmp_path / "annotated.jsonl").read_text(encoding="utf-8").splitlines()
    extension = json.loads(json.loads(lines[2])["元数据"]["扩展字段"])
    assert extension["标注"]["quality"] == 5
    assert extension["curation"]["fixed"] == ["email"]
