"""Plan, people and config on a real Argilla, by their commands."""

import csv
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.cli.main import main
from sharegpt_argilla.records.assignment_plan import Assigned
from sharegpt_argilla.records.plan_file import assigned_records, plan_path
from tests.projects import TestProject, some_rows, write_rows

pytestmark = [pytest.mark.live, pytest.mark.slow]

ROWS = some_rows(12)
VALUES = {"quality": 6, "intent": ["code"], "toxicity": "none"}


class Desk:
    """Somebody who leads a project from the command line."""

    def __init__(self, project: TestProject, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.project, self._capfd = project, capfd
        self.rows = str(write_rows(folder / "rows.jsonl", ROWS))
        self.out = self.err = ""

    def run(self, *arguments: str) -> int:
        code = main([*arguments, "--config", str(self.project.config)])
        self.out, self.err = self._capfd.readouterr()
        return code

    def assigned(self) -> dict[str, Assigned]:
        return dict(assigned_records(plan_path(self.project.config, self.project.dataset)))

    def on_server(self) -> dict[str, dict[str, Any]]:
        """Row -> metadata of its record."""
        with self.project.owner() as owner:
            path = f"/api/v1/datasets/{self.project.dataset_id()}/records"
            found = owner.get(path, params={"limit": 100}).json()["items"]
        return {record["external_id"]: record["metadata"] for record in found}


@pytest.fixture
def desk(
    project: TestProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Desk:
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(project.home.path))
    monkeypatch.chdir(tmp_path)
    names = [*project.people, f"cleo-{project.workspace}"]
    (tmp_path / "people.csv").write_text("username\n" + "\n".join(names) + "\n", encoding="utf-8")
    calibration = {"share": 0.25, "overlap": 3}
    project.rewrite(people="people.csv", assignment={"mode": "queue", "seed": 3, "calibration": calibration})
    return Desk(project, tmp_path, capfd)


def test_the_plan_is_on_the_records_and_follows_the_people(desk: Desk, tmp_path: Path) -> None:
    assert desk.run("config", "diff") == 1
    assert "dataset is in the file, not on the server" in desk.out
    assert desk.run("plan", desk.rows, "--dry-run") == 0
    assert desk.assigned() == {}
    assert desk.run("push-to-argilla", desk.rows) == 0
    assert desk.run("config", "diff") == 0
    before = desk.assigned()
    loads = Counter(person for planned_record in before.values() for person in planned_record.people)
    assert max(loads.values()) - min(loads.values()) <= 1
    assert sum(planned_record.calibration for planned_record in before.values()) == 3
    assert desk.on_server().keys() == before.keys()
    for row, metadata in desk.on_server().items():
        planned_record = before[row]
        wanted = {
            "assigned_to": list(planned_record.people),
            "assigned_rank": planned_record.rank,
            "assigned_n": len(planned_record.people),
        }
        assert {name: metadata[name] for name in wanted} == wanted
    # Somebody answers one record and leaves, somebody else comes.
    gone = desk.project.people[0]
    annotator = desk.project.annotator(gone)
    mine = [record for record in annotator.search({}) if gone in before[record["external_id"]].people]
    # Nobody is shown whose a record is.
    assert "assigned_to" not in mine[0]["metadata"]
    annotator.answer(mine[0]["id"], values=VALUES)
    people = (tmp_path / "people.csv").read_text(encoding="utf-8")
    newcomer = f"dan-{desk.project.workspace}"
    (tmp_path / "people.csv").write_text(people.replace(gone, newcomer), encoding="utf-8")
    assert desk.run("setup-dataset") == 0
    assert desk.run("plan", desk.rows, "--apply") == 0
    after = desk.assigned()
    answered = mine[0]["external_id"]
    assert [row for row, planned_record in after.items() if gone in planned_record.people] == [answered]
    changed = [row for row in before if before[row] != after[row]]
    # The other records of who left, no others.
    assert len(changed) == loads[gone] - 1
    assert f"{len(changed)} places moved, {len(changed)} changed on the server" in desk.err
    assert {row: found["assigned_to"] for row, found in desk.on_server().items()} == {
        row: list(planned_record.people) for row, planned_record in after.items()
    }
    assert f"{gone}  " in desk.out
    assert "(left)" in desk.out
    assert desk.run("load-records", desk.rows) == 0
    assert "0 loaded, 12 unchanged" in desk.err
    desk.project.rewrite(assignment={"mode": "queue", "seed": 4})
    assert desk.run("plan", desk.rows) == 2
    assert "changed since the plan was made, and 1 answers were given" in desk.err


def test_another_order_reaches_the_queues_and_spares_what_somebody_began(desk: Desk) -> None:
    assert desk.run("push-to-argilla", desk.rows) == 0
    assert desk.run("setup-dataset") == 0
    before = desk.assigned()
    person = desk.project.annotator(desk.project.people[0])
    drafted = max(person.pending(), key=lambda record: before[record["external_id"]].rank)
    person.answer(drafted["id"], values=VALUES, status="draft")
    assert desk.run("plan", desk.rows, "--order", "random", "--apply") == 0
    assert "in another order" in desk.err
    after = desk.assigned()
    kept = {row for row in before if before[row].calibration} | {drafted["external_id"]}
    assert {row: before[row] for row in kept} == {row: after[row] for row in kept}
    assert after != before
    assert {row: entry.people for row, entry in after.items()} == {row: one.people for row, one in before.items()}
    assert {row: found["assigned_rank"] for row, found in desk.on_server().items()} == {
        row: entry.rank for row, entry in after.items()
    }
    queue = [record["external_id"] for record in person.pending()]
    assert queue == sorted(queue, key=lambda row: after[row].rank)


def test_people_have_their_links_and_nobody_is_deleted(desk: Desk, tmp_path: Path) -> None:
    assert desk.run("setup-dataset") == 0
    sheet = tmp_path / "sheet.csv"
    assert desk.run("people", "-o", str(sheet)) == 0
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    with sheet.open(encoding="utf-8", newline="") as file:
        accounts = {row["username"]: row for row in csv.DictReader(file)}
    assert list(accounts) == [*desk.project.people, f"cleo-{desk.project.workspace}"]
    gone = desk.project.people[0]
    assert accounts[gone]["password"] == desk.project.annotator(gone).password
    page = f"{desk.project.connection.api_url}/dataset/{desk.project.dataset_id()}/annotation-mode"
    assert accounts[gone]["links"] == f"{page}?page=1&status=pending"
    assert accounts[gone]["links"] in desk.out
    assert desk.run("people", "--people", "people.csv", "--dry-run") == 0
    assert desk.run("people", "--remove", gone) == 2
    assert "take them out there first" in desk.err
    (tmp_path / "people.csv").write_text(f"username,role\n{desk.project.people[1]},admin\n", encoding="utf-8")
    desk.project.rewrite(assignment={})
    assert desk.run("people", "--remove", gone) == 0
    assert desk.run("people") == 0
    assert gone not in desk.out
    with desk.project.owner() as owner:
        assert gone in [user["username"] for user in owner.get("/api/v1/users").json()["items"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name\nana\n", "people.csv:1: the columns are name; known: username, role, first_name, last_name"),
        ("username,role\nana,boss\n", 'people.csv:2: role: unknown word "boss"; known: annotator or admin'),
        ("username\nana\na na\n", 'people.csv:3: username: "a na" has a space in it'),
    ],
)
def test_a_wrong_sheet_is_named_by_its_line(desk: Desk, tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "people.csv").write_text(content, encoding="utf-8")
    assert desk.run("config", "check") == 2
    assert message in desk.err
