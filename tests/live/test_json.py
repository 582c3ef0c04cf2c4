"""--json of every command that talks to an Argilla: one project, from its accounts to a classifier."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.cli.main import COMMANDS, main
from sharegpt_argilla.workflows.adjudicate import adjudicate
from tests.embedded import START_WITHIN, clean_environment, free_port
from tests.legacy.feedback_dataset import records, write_dataset
from tests.projects import TestProject, load_generator, some_rows, write_rows

pytestmark = [pytest.mark.live, pytest.mark.slow]

COMMAND = Path(sys.executable).with_name("sharegpt-argilla")
VALUES = [
    {"quality": 6, "intent": ["code"], "toxicity": "none"},
    {"quality": 2, "intent": ["chat"], "toxicity": "harmful"},
]


class Printed:
    """Runs commands and reads what they print."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd
        self._generator = load_generator()
        self.commands: set[str] = set()

    def __call__(self, *words: str, code: int = 0) -> dict[str, Any]:
        """The summary of a command, which has the keys of docs/json.md and is all that is on standard output."""
        assert main([*words, "--json"]) == code
        out, err = self._capfd.readouterr()
        assert out.count("\n") == 1
        assert code or not err
        self.check(words[0], summary := json.loads(out))
        return summary

    def check(self, command: str, summary: dict[str, Any]) -> None:
        keys = set(self._generator.summary_keys(command))
        assert set(summary) == keys or (command == "config" and set(summary) < keys)
        self.commands.add(command)


def test_every_command_of_a_project(project: TestProject, tmp_path: Path, monkeypatch, capfd) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARGILLA_API_URL", project.connection.api_url)
    monkeypatch.setenv("ARGILLA_API_KEY", project.connection.api_key)
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(project.home.path))
    printed = Printed(capfd)
    project.rewrite(
        assignment={"mode": "queue", "overlap": 2}, adjudication={"reviewers": [f"{project.people[0]}-r"]}
    )
    write_rows(Path("rows.jsonl"), some_rows(8))
    prepare(project, printed)
    answers(project, printed)
    a_new_dataset(project, printed)
    write_dataset(Path("legacy"), records())
    assert printed("import-legacy", "legacy", "-o", "imported.jsonl")["rows"]
    with_a_server_of_its_own(project, printed)
    # These are in tests/cli/test_json_output.py.
    assert set(COMMANDS) - printed.commands == {
        "demo",
        "init",
        "extract",
        "curate",
        "dashboard",
        "completion",
        "doctor",
    }


def prepare(project: TestProject, printed: Printed) -> None:
    """Accounts, plan and records."""
    assert len(printed("plan", "rows.jsonl")["shares"]) == 2
    assert printed("setup-dataset", "--dry-run")["created"]
    assert printed("push-to-argilla", "rows.jsonl")["load"]["loaded"] == 8
    assert printed("setup-dataset")["created"] == []
    assert printed("load-records", "rows.jsonl")["unchanged"] == 8
    assert printed("config", "diff")["differences"] == []
    people = printed("people")["people"]
    assert {person["username"] for person in people} == set(project.people)
    assert not any("password" in person for person in people)
    pairs = printed("plan", "rows.jsonl", "--apply")["pairs"]
    assert [(set(pair["people"]), pair["records"]) for pair in pairs] == [(set(project.people), 8)]


def answers(project: TestProject, printed: Printed) -> None:
    """What people said, exported, compared, reviewed and learned."""
    for name, values in zip(project.people, VALUES, strict=True):
        person = project.annotator(name)
        for number, record in enumerate(person.search({})):
            person.answer(record["id"], values=VALUES[number % 2] if number < 4 else values)
    export = printed("export-responses", "rows.jsonl", "-o", "annotated.jsonl", "--training", "alpaca")
    assert (export["annotated"], export["responses"]) == (8, 16)
    assert export["training"]["alpaca"]["sample"] is None
    assert printed("report-agreement", "annotated.jsonl")["annotated"] == 8
    disputed = printed("adjudicate", "annotated.jsonl", "--threshold", "0.1", "--dry-run")
    assert disputed["compared"] == 8
    total: list[int] = []
    adjudicate("annotated.jsonl", threshold=0.1, dry_run=True, on_total=total.append)
    assert total == [disputed["disputed"]]
    assert printed("training", "annotated.jsonl", "--format", "alpaca", "-o", "train.json")["outputs"] == [
        "train.json"
    ]
    assert printed("train", "annotated.jsonl", "-o", "model", "--folds", "0")["output"] == "model"


def a_new_dataset(project: TestProject, printed: Printed) -> None:
    old = project.dataset
    project.rewrite(dataset=f"{old}-2", assignment={"mode": "open"})
    migrated = printed("migrate", old)
    assert (migrated["complete"], migrated["there"]["records"]) == (True, 8)


def with_a_server_of_its_own(project: TestProject, printed: Printed) -> None:
    """Started, moved to, looked at, copied and stopped."""
    home = Path("home").absolute()
    words = [str(COMMAND), "serve", "--home", str(home), "--port", str(free_port()), "--json"]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=clean_environment())
    try:
        ready = json.loads(server.stdout.readline())
        printed.check("serve", ready)
        assert ready["home"] == str(home)
        moved = printed("move", "--to-home", str(home), "--dry-run")
        assert (project.workspace, project.dataset) in {(d["workspace"], d["name"]) for d in moved["datasets"]}
        assert printed("status", "--home", str(home))["running"]
        assert printed("backup", "backup.tar.gz", "--home", str(home))["size"] > 0
        assert printed("restore", "backup.tar.gz", "--home", "restored")["aside"] is None
        assert isinstance(printed("stop", "--home", str(home))["pid"], int)
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(START_WITHIN) == 0
        assert server.stdout.read() == ""
        server.stdout.close()
