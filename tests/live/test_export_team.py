"""A team at work while exports are killed: in the end each response is in its row exactly once, as it last was."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from sharegpt_argilla.rows import Row
from sharegpt_argilla.workflows.export_responses import ExportOptions, export_responses
from sharegpt_argilla.workflows.extract import extract
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.embedded import PATIENCE, package_root, wait_until
from tests.projects import SHARED, Annotator, TestProject, read_annotations, some_rows, write_rows

pytestmark = [pytest.mark.live, pytest.mark.slow]

PEOPLE = ("ana", "ben", "cleo", "dan", "eve")
EVERY_STATUS = ("submitted", "draft", "discarded")
QUESTIONS = ("quality", "intent", "toxicity")


def real_rows(folder: Path) -> list[Row]:
    """300 real rows where there are any, else 300 written ones."""
    source = SHARED / "sharegpt_v3" / "sharegpt_v3_part.json"
    if not source.exists():
        return some_rows(300)
    extract([source], "vicuna", folder / "all.jsonl")
    lines = (folder / "all.jsonl").read_text(encoding="utf-8").splitlines()[:300]
    return [json.loads(line) for line in lines]


class Team:
    """Five people who answer; what each said last is under ``said``: (row, person) -> (status, values)."""

    def __init__(self, project: TestProject, rows: list[Row]) -> None:
        self.project, self.rows = project, rows
        self.rng = random.Random(7)
        self.people = {username: project.annotator(username) for username in project.people}
        self.server_id: dict[str, str] = {}
        while len(self.server_id) < len(rows):
            query = {"sort": [{"scope": {"entity": "record", "property": "external_id"}, "order": "asc"}]}
            page = self.first._call(
                "POST",
                f"/api/v1/me/datasets/{self.first.dataset_id}/records/search",
                json=query,
                params={"limit": 100, "offset": len(self.server_id)},
            )
            self.server_id.update((item["record"]["external_id"], item["record"]["id"]) for item in page["items"])
        self.said: dict[tuple[str, str], tuple[str, dict]] = {}
        self.response_id: dict[tuple[str, str], str] = {}

    @property
    def first(self) -> Annotator:
        return next(iter(self.people.values()))

    def values(self) -> dict:
        intents = ["code", "chat", "open_qa", "other"]
        found = {"quality": self.rng.randint(1, 7), "intent": self.rng.sample(intents, self.rng.randint(1, 2))}
        # The question that may be left blank.
        return found | ({"toxicity": "none"} if self.rng.random() < 0.7 else {})

    def submit(self, person: str, rows: list[Row]) -> None:
        """Up to 100 answers at once, as the page's bulk view sends them."""
        items, said = [], {}
        for row in rows:
            said[row["id"]] = self.values()
            values = {name: {"value": value} for name, value in said[row["id"]].items()}
            items.append({"record_id": self.server_id[row["id"]], "status": "submitted", "values": values})
        answer = self.people[person]._call("POST", "/api/v1/me/responses/bulk", json={"items": items})
        for row, item in zip(rows, answer["items"], strict=True):
            assert item["error"] is None
            self.said[row["id"], person] = ("submitted", said[row["id"]])
            self.response_id[row["id"], person] = item["item"]["id"]

    def save(self, person: str, row: Row, status: str, values: dict | None) -> None:
        """A draft or a discard."""
        key = (row["id"], person)
        self.response_id[key] = self.people[person].answer(self.server_id[row["id"]], status, values)
        self.said[key] = (status, values or {})

    def edit(self, key: tuple[str, str]) -> None:
        values = self.values()
        self.people[key[1]].change(self.response_id[key], values)
        self.said[key] = ("submitted", values)

    def delete_record(self, row: Row) -> None:
        with self.project.owner() as owner:
            path = f"/api/v1/datasets/{self.first.dataset_id}/records"
            owner.delete(path, params={"ids": self.server_id[row["id"]]}).raise_for_status()
        self.said = {key: value for key, value in self.said.items() if key[0] != row["id"]}

    def rename(self, person: str, name: str) -> None:
        with self.project.owner() as owner:
            users = {user["username"]: user["id"] for user in owner.get("/api/v1/users").json()["items"]}
            owner.patch(f"/api/v1/users/{users[person]}", json={"username": name}).raise_for_status()
        self.said = {(row, name if who == person else who): value for (row, who), value in self.said.items()}

    def work(self) -> None:
        """Answers of every kind."""
        people = list(self.people)
        for number, person in enumerate(people):
            mine = [row for index, row in enumerate(self.rows[:250]) if (index + number) % 5 < 2]
            for start in range(0, len(mine), 100):
                self.submit(person, mine[start : start + 100])
        for index, row in enumerate(self.rows[250:290]):
            person = people[index % 5]
            if index % 3 == 0:
                self.save(person, row, "draft", {"quality": 3})
            else:
                self.save(person, row, "discarded", self.values() if index % 3 == 1 else None)
        for key in self.rng.sample(sorted(self.response_id), 30):
            if self.said[key][0] == "submitted":
                self.edit(key)


@pytest.fixture
def team(project: TestProject, tmp_path: Path) -> Team:
    rows = real_rows(tmp_path)
    write_rows(tmp_path / "rows.jsonl", rows)
    suffix = project.people[0].removeprefix("ana")
    names = [f"{name}{suffix}" for name in PEOPLE]
    shipped = yaml.safe_load(project.config.read_text(encoding="utf-8"))
    for question in shipped["questions"]:
        question["required"] = question["name"] != "toxicity"
    people = [{"username": name} for name in names]
    project.rewrite(people=people, questions=shipped["questions"], assignment={"overlap": 2})
    made = TestProject(project.config, project.connection, project.home, project.workspace, project.dataset, names)
    push_to_argilla(tmp_path / "rows.jsonl", made.config, connection=made.connection, home=made.home)
    return Team(made, rows)


def command(team: Team, folder: Path, *options: str) -> subprocess.Popen[str]:
    """export-responses as a process of its own."""
    environment = {
        **os.environ,
        "ARGILLA_API_URL": team.project.connection.api_url,
        "ARGILLA_API_KEY": team.project.connection.api_key,
        "PYTHONPATH": str(package_root()),
    }
    program = "import sys; from sharegpt_argilla.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [
            *(sys.executable, "-c", program, "export-responses", str(folder / "rows.jsonl")),
            *("-o", str(folder / "out.jsonl"), "--config", str(team.project.config)),
            *("--state", str(folder / "state.json"), "--statuses", ",".join(EVERY_STATUS), *options),
        ],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def kill_while_it_runs(process: subprocess.Popen[str], folder: Path) -> None:
    """kill -9 as soon as the run has taken its lock."""
    lock = folder / ".out.jsonl.lock"
    wait_until(lambda: lock.exists() or process.poll() is not None, "the run's lock")
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def whole(path: Path, lines: int) -> bool:
    return not path.exists() or len(path.read_text(encoding="utf-8").splitlines()) == lines


def test_each_response_is_in_its_row_exactly_once_as_it_last_was(team: Team, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    team.work()
    kill_while_it_runs(command(team, tmp_path), tmp_path)
    assert whole(out, 300)
    export = command(team, tmp_path)
    assert export.wait(PATIENCE) == 0, export.stderr.read()
    export.communicate()

    first = next(iter(team.people))
    service = command(team, tmp_path, "--every", "1s")
    team.submit(first, team.rows[290:295])
    team.edit((team.rows[0]["id"], first))
    wait_until(lambda: team.rows[290]["id"] in read_annotations(out), "the next run of --every")
    kill_while_it_runs(service, tmp_path)
    assert whole(out, 300)

    team.delete_record(team.rows[1])
    withdrawn = (team.rows[2]["id"], list(team.people)[3])
    team.people[withdrawn[1]].withdraw(team.response_id[withdrawn])
    del team.said[withdrawn]
    team.rename(list(team.people)[4], f"renamed-{list(team.people)[4]}")

    options = ExportOptions(statuses=EVERY_STATUS)
    project = team.project
    last = command(team, tmp_path)
    assert last.wait(PATIENCE) == 0, last.stderr.read()
    last.communicate()
    export_responses(
        tmp_path / "rows.jsonl", tmp_path / "full.jsonl", project.config, options, connection=project.connection
    )
    assert out.read_bytes() == (tmp_path / "full.jsonl").read_bytes()
    check(team, out)
    assert [path.name for path in tmp_path.glob(".*")] == []


def check(team: Team, out: Path) -> None:
    """Every response of the team, and nothing else, is in the rows; values come from submitted ones alone."""
    found = read_annotations(out)
    counts: Counter[tuple[str, str]] = Counter()
    for row_id, marked in found.items():
        for response in marked["responses"]:
            key = (row_id, response["annotator"])
            counts[key] += 1
            assert (response["status"], response["values"]) == team.said[key]
        submitted = [item["values"] for item in marked["responses"] if item["status"] == "submitted"]
        for name in QUESTIONS:
            assert (name in marked) == any(name in values for values in submitted)
    assert counts == Counter(dict.fromkeys(team.said, 1))
    statuses = Counter(status for status, _ in team.said.values())
    assert all(statuses[status] for status in EVERY_STATUS)
    assert [json.loads(line)["id"] for line in out.read_text(encoding="utf-8").splitlines()] == [
        row["id"] for row in team.rows
    ]
