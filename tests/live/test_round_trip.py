"""Real input, the whole way: extract, push, two annotators, kill -9 and restart, export."""

import json
import random
from pathlib import Path

import pytest

from sharegpt_argilla.settings import Connection
from sharegpt_argilla.workflows.export_responses import export_responses
from sharegpt_argilla.workflows.extract import extract
from sharegpt_argilla.workflows.load_records import load_records
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.embedded import embedded_argilla
from tests.projects import Annotator, TestProject, read_annotations, write_project

pytestmark = pytest.mark.live

INTENTS = ["code", "open_qa", "generation", "other"]


def answer_some(annotator: Annotator, seed: int, count: int) -> dict[str, dict]:
    """Answer the next records of the queue at random; row id -> what was submitted."""
    chance = random.Random(seed)
    submitted = {}
    for record in annotator.pending(count):
        values = {
            "quality": chance.randint(1, 7),
            "intent": sorted(chance.sample(INTENTS, 2)),
            "toxicity": chance.choice(["none", "harmful"]),
        }
        annotator.answer(record["id"], values=values)
        submitted[record["external_id"]] = values
    return submitted


def by_annotator(exported: Path) -> dict[str, dict[str, dict]]:
    """Annotator -> row id -> values, as the export has them; nobody may be twice in a row."""
    values: dict[str, dict[str, dict]] = {}
    for row_id, annotation in read_annotations(exported).items():
        names = [response["annotator"] for response in annotation["responses"]]
        assert len(names) == len(set(names))
        for response in annotation["responses"]:
            values.setdefault(response["annotator"], {})[row_id] = response["values"]
    return values


def test_nothing_is_lost_and_nothing_doubled(real_data: Path, tmp_path: Path) -> None:
    rows, out = tmp_path / "rows.jsonl", tmp_path / "annotated.jsonl"
    summary = extract([real_data / "mnbvc_samples" / "vicuna_sample_230629.json"], "vicuna", rows)
    assert summary.rows == 236
    with embedded_argilla(tmp_path / "home") as argilla:
        connection = Connection(argilla.api_url, argilla.api_key)
        project = write_project(tmp_path, connection, argilla.home, "round-trip")
        project.rewrite(assignment={"overlap": 2})
        _, load = push_to_argilla(rows, project.config, connection=connection, home=argilla.home)
        assert (load.loaded, load.rejected) == (236, 0)

        ana, ben = (project.annotator(username) for username in project.people)
        expected = {ana.username: answer_some(ana, 1, 60), ben.username: answer_some(ben, 2, 60)}
        argilla.kill()
        argilla.start()
        ana, ben = (project.annotator(username) for username in project.people)
        expected[ana.username] |= answer_some(ana, 3, 20)
        expected[ben.username] |= answer_some(ben, 4, 20)

        assert len(expected[ana.username]) == len(expected[ben.username]) == 80
        again = load_records(rows, project.config, connection=connection)
        assert (again.loaded, again.unchanged) == (0, 236)
        export_responses(rows, out, project.config, connection=connection)
        _check_progress(project, expected)
    assert by_annotator(out) == expected
    _check_order(rows, out, set().union(*expected.values()))


def _check_progress(project: TestProject, expected: dict[str, dict]) -> None:
    both = set(expected[project.people[0]]) & set(expected[project.people[1]])
    with project.owner() as owner:
        progress = owner.get(f"/api/v1/datasets/{project.dataset_id()}/progress").json()
    assert (progress["total"], progress["completed"]) == (236, len(both))


def _check_order(rows: Path, out: Path, touched: set[str]) -> None:
    before = rows.read_text(encoding="utf-8").splitlines()
    after = out.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in before] == [json.loads(line)["id"] for line in after]
    assert all(
        (was == now) == (json.loads(was)["id"] not in touched) for was, now in zip(before, after, strict=True)
    )
