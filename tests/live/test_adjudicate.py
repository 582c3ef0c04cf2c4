"""Two people disagree, a reviewer decides; gold says whom to believe."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.cli.main import main
from sharegpt_argilla.workflows.export_responses import ExportOptions, export_responses
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from sharegpt_argilla.workflows.report_agreement import report_agreement
from tests.projects import ANSWER, Annotator, TestProject, read_annotations, some_rows, write_rows

pytestmark = pytest.mark.live

OTHER = {"quality": 1, "intent": ["chat"], "toxicity": "harmful"}


def push(project: TestProject, folder: Path, count: int) -> tuple[Path, list[str]]:
    rows = some_rows(count)
    path = write_rows(folder / "rows.jsonl", rows)
    push_to_argilla(path, project.config, connection=project.connection, home=project.home)
    return path, [row["id"] for row in rows]


def answer(person: Annotator, said: dict[str, dict[str, Any]]) -> None:
    """Row id -> what the person says."""
    for record in person.search({}):
        if record["external_id"] in said:
            person.answer(record["id"], values=said[record["external_id"]])


def export(project: TestProject, rows: Path, name: str, **options: Any) -> tuple[Path, int | None]:
    output = rows.with_name(name)
    done = export_responses(rows, output, project.config, ExportOptions(**options), connection=project.connection)
    return output, done.changed


def check_reviewed(before: dict[str, Any], after: dict[str, Any], row: str, said: dict[str, Any]) -> None:
    """The reviewer's answer is the row's, what others said is still there, and no other row is touched."""
    ruled, old = after.pop(row), before.pop(row)
    assert after == before
    assert {name: ruled[name] for name in said} == said
    assert (ruled["policy"], ruled["tie"], ruled["status"]) == ("adjudicated", False, "completed")
    assert (ruled["dataset"], ruled["guidelines"]) == (old["dataset"], old["guidelines"])
    *peers, review = ruled["responses"]
    assert peers == old["responses"]
    assert (review["adjudication"], review["values"]) == (True, said)


def check_view(shown: dict[str, Any], people: Sequence[str], disputed: str) -> None:
    """What the reviewer sees of the others' answers."""
    fields = shown[disputed]["fields"]
    assert list(fields)[:2] == ["prompt", "peer-answers"]
    for text in ("| Annotator 1 | Annotator 2 |", "Code, Open QA", "Harmful"):
        assert text in fields["peer-answers"]
    assert not [name for name in people if name in json.dumps(shown)]


def review_dataset(project: TestProject, reviewer: Annotator, others: Annotator) -> str:
    """Id of the one dataset that the reviewer sees, and the others do not."""
    (workspace,) = reviewer._call("GET", "/api/v1/me/workspaces")["items"]
    assert workspace["name"] == f"{project.workspace}-adjudication"
    (dataset,) = reviewer._call("GET", "/api/v1/me/datasets")["items"]
    assert dataset["id"] not in [one["id"] for one in others._call("GET", "/api/v1/me/datasets")["items"]]
    with pytest.raises(AssertionError):
        others._call("GET", f"/api/v1/datasets/{dataset['id']}")
    return dataset["id"]


def check_members(project: TestProject, reviewer: Annotator, annotated: Path) -> None:
    """Somebody who is no reviewer is put among them, and loses that at the next run; then everybody's links."""
    with project.owner() as owner:
        users = {user["username"]: user["id"] for user in owner.get("/api/v1/users").json()["items"]}
        (workspace,) = reviewer._call("GET", "/api/v1/me/workspaces")["items"]
        path = f"/api/v1/workspaces/{workspace['id']}/users"
        owner.post(path, json={"user_id": users[project.people[0]]}).raise_for_status()
    assert main(["adjudicate", str(annotated), "--config", str(project.config)]) == 0
    assert main(["people", "--config", str(project.config)]) == 0


@pytest.mark.slow
def test_what_people_disagree_on_is_decided_by_a_reviewer(
    project: TestProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    cleo = f"cleo-{project.workspace}"
    project.rewrite(assignment={"overlap": 2}, adjudication={"reviewers": [cleo]})
    rows, ids = push(project, tmp_path, 4)
    ana, ben = (project.annotator(name) for name in project.people)
    answer(ana, dict.fromkeys(ids, ANSWER))
    answer(ben, {ids[0]: ANSWER, ids[1]: ANSWER, ids[2]: OTHER, ids[3]: ANSWER | {"toxicity": "harmful"}})
    annotated, _ = export(project, rows, "annotated.jsonl")
    export(project, rows, "state.jsonl", state=tmp_path / "state")
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(project.home.path))
    monkeypatch.chdir(tmp_path)

    def adjudicate(*options: str) -> str:
        assert main(["adjudicate", str(annotated), "--config", str(project.config), *options]) == 0
        return capfd.readouterr().err.splitlines()[-1]

    planned = "1 of 4 rows disputed (above 0.5): 1 would be given to reviewers"
    assert adjudicate("--dry-run") == planned
    assert adjudicate("--dry-run") == planned
    assert adjudicate() == "1 of 4 rows disputed (above 0.5): 1 given to reviewers"
    assert adjudicate("--question", "toxicity") == (
        "2 of 4 rows disputed (above 0.5): 1 given to reviewers, 1 there already"
    )
    assert adjudicate("--threshold", "0.2") == (
        "2 of 4 rows disputed (above 0.2): 0 given to reviewers, 2 there already"
    )

    reviewer = project.annotator(cleo)
    reviewer.dataset_id = review_dataset(project, reviewer, ana)
    shown = {record["external_id"]: record for record in reviewer.pending()}
    assert set(shown) == {ids[2], ids[3]}
    check_view(shown, project.people, ids[2])
    # With names, what nobody decided yet is shown anew.
    assert adjudicate("--names").endswith("0 given to reviewers, 1 updated")
    (named,) = [record for record in reviewer.pending() if record["external_id"] == ids[2]]
    assert all(name in named["fields"]["peer-answers"] for name in project.people)

    before, _ = export(project, rows, "before.jsonl")
    assert before.read_bytes() == annotated.read_bytes()
    export(project, rows, "state.jsonl", state=tmp_path / "state")
    decided = OTHER | {"quality": 3}
    answer(reviewer, {ids[2]: decided})
    after, _ = export(project, rows, "after.jsonl")
    check_reviewed(read_annotations(before), read_annotations(after), ids[2], decided)
    # The export that continues the last one, and the one over REST, give the same.
    state, changed = export(project, rows, "state.jsonl", state=tmp_path / "state")
    assert (state.read_bytes(), changed) == (after.read_bytes(), 1)
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(tmp_path))
    assert export(project, rows, "rest.jsonl")[0].read_bytes() == after.read_bytes()
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(project.home.path))

    annotated = after
    assert adjudicate("--threshold", "0.2").endswith("0 given to reviewers, 1 there already, 1 decided")
    check_members(project, reviewer, after)
    links = capfd.readouterr()
    assert f"see it no more, being no reviewers: {project.people[0]}\n" in links.err
    (line,) = [line for line in links.out.splitlines() if line.startswith(cleo)]
    assert links.out.count(reviewer.dataset_id) == 2
    assert reviewer.dataset_id in line
    report = report_agreement(after, project.config, connection=project.connection)
    assert (report["annotators"], report["responses"]["submitted"]) == (2, 8)
    assert cleo not in json.dumps(report)


def test_gold_is_dealt_unseen_and_weighs_votes(
    project: TestProject, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    gold = tmp_path / "gold.jsonl"
    project.rewrite(
        assignment={"overlap": 1, "mode": "queue", "calibration": {"share": 0.2, "overlap": 2}},
        gold={"file": "gold.jsonl", "rate": 0.3},
        export={"policies": {"quality": "weighted"}, "weights": "gold"},
    )
    ids = [row["id"] for row in some_rows(20)]
    gold_rows = [{"id": row, "gold": {"quality": 6, "intent": ["open_qa", "code"]}} for row in ids[:3]]
    gold.write_text("".join(json.dumps(entry) + "\n" for entry in gold_rows), encoding="utf-8")
    rows, _ = push(project, tmp_path, 20)
    assert main(["plan", str(rows), "--config", str(project.config), "--dry-run"]) == 0
    shares = [line.split() for line in capfd.readouterr().out.splitlines()[1:3]]
    assert [share[-1] for share in shares] == ["3", "3"]
    ana, ben = (project.annotator(name) for name in project.people)
    records = ben.search({})
    assert set(ids[:3]) <= {record["external_id"] for record in records}
    assert "gold" not in json.dumps(records)
    both = {record["external_id"] for record in records} & {record["external_id"] for record in ana.search({})}
    disputed = sorted(both - set(ids[:3]))[0]
    # Ben says it first: where votes are even, the earliest answer would win.
    answer(ben, {ids[0]: ANSWER, ids[1]: OTHER, ids[2]: OTHER, disputed: OTHER})
    answer(ana, dict.fromkeys([*ids[:3], disputed], ANSWER))
    annotated, _ = export(project, rows, "annotated.jsonl")
    annotations = read_annotations(annotated)
    assert annotations[ids[0]]["gold"] == gold_rows[0]["gold"]
    assert "gold" not in annotations[disputed]
    # Ana weighs (6 + 1) / (6 + 2), Ben (2 + 1) / (6 + 2).
    assert (annotations[disputed]["quality"], annotations[disputed]["tie"]) == (6, True)
    assert annotations[disputed]["policy"]["quality"] == "weighted"
    report = report_agreement(annotated, project.config, connection=project.connection)
    right = [(entry["right"], entry["answers"]) for entry in report["questions"]["quality"]["gold"]]
    assert right == [(3, 3), (1, 3)]
    gold.write_text('{"id": "x", "gold": {"qualty": 6}}\n', encoding="utf-8")
    assert main(["plan", str(rows), "--config", str(project.config)]) == 1
    assert f'{gold}:1: there is no question "qualty"; known: quality' in capfd.readouterr().err
