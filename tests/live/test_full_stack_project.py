"""A whole project on a full stack: 2,000 rows, three people, and every command of the client once.

``FULL_STACK=1`` runs it, as tests/live/test_full_stack.py; with ``FULL_STACK_URL`` and ``FULL_STACK_KEY`` on one
that runs already.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.cli.main import main
from sharegpt_argilla.project.project_watch import ProjectWatch
from sharegpt_argilla.project.team_progress import team_progress
from sharegpt_argilla.records.plan_file import assigned_records, plan_path
from sharegpt_argilla.rows import Pair, Row, build_row
from sharegpt_argilla.settings import Connection, Home, find_password
from tests.embedded import EmbeddedArgilla, embedded_argilla, wait_until
from tests.live.plans import PENDING
from tests.live.rest import Rest, signed_in
from tests.projects import TestProject, write_project, write_rows
from tests.reference.full_stack import full_stack, missing

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(os.environ.get("FULL_STACK") != "1", reason="FULL_STACK=1 runs it"),
]

ROWS = 2000
SINGLY = 40
"""Records that a person answers one at a time, as on the page; the others in the page's bulk view."""
BULK = 50
LABELS = (["code"], ["chat"], ["open_qa"], ["code", "open_qa"])
TASKS = (
    "Write a {thing} in {language} that {does}.",
    "Why does this {thing} fail?\n\n```{language}\nfor x in range(10):\n    print(x\n```",
    "请用{language}写一个{thing}，要求能够处理 {number} 条记录。",
    "Erkläre mir bitte, was ein {thing} ist, in {number} Sätzen — ohne Fachwörter.",
    'Translate to French: "{does}, then the {thing} <b>ends</b> & begins anew" {number}',
)
WORDS = {
    "thing": ["parser", "letter", "recipe", "测试", "Gedicht", "SQL query", "plan for a week"],
    "language": ["python", "Rust", "bash", "C++", "日本語"],
    "does": ["reads a file", "sorts what comes in", "counts words", "says 🌧️ when it rains"],
}


def made_up_rows(count: int) -> list[Row]:
    """Conversations of one to five turns in several languages, written for the purpose."""
    draw, session = random.Random(2023), 0
    rows: list[Row] = []
    while len(rows) < count:
        session += 1
        for turn in range(1, draw.randint(1, 5) + 1):
            words = {name: draw.choice(values) for name, values in WORDS.items()}
            prompt = draw.choice(TASKS).format(**words, number=len(rows))
            answer = " ".join(draw.choices(prompt.split(), k=draw.randint(5, 120)))
            pair = Pair(prompt, answer, f"s{session}", turn, "vicuna", "ShareGPT", "human", "gpt")
            rows.append(build_row(pair, "20230511 15:56:03"))
    return rows[:count]


@dataclass
class Work:
    """The project, the server's address, and the commands with its environment."""

    project: TestProject
    rows: Path
    folder: Path
    people: list[str]

    @property
    def url(self) -> str:
        return self.project.connection.api_url

    def run(self, *words: str, code: int = 0) -> None:
        assert main([*words, "--config", str(self.project.config)]) == code, words

    def export(self, name: str, *options: str) -> bytes:
        output = self.folder / name
        self.run("export-responses", str(self.rows), "-o", str(output), *options)
        return output.read_bytes()

    def owner(self) -> Rest:
        return Rest(self.url, **{"X-Argilla-Api-Key": self.project.connection.api_key})

    def records(self, owner: Rest, dataset: str) -> Iterator[dict[str, Any]]:
        """All records of a dataset with everybody's responses."""
        (found,) = [item for item in owner("GET", "/me/datasets")["items"] if item["name"] == dataset]
        by_id = {"sort": [{"scope": {"entity": "record", "property": "id"}, "order": "asc"}]}
        for offset in range(0, ROWS, 500):
            path = f"/datasets/{found['id']}/records/search"
            page = owner("POST", path, by_id, offset=offset, limit=500, include="responses")
            yield from (item["record"] for item in page["items"])


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    """The project set up, loaded and planned by the commands."""
    url, key = os.environ.get("FULL_STACK_URL"), os.environ.get("FULL_STACK_KEY")
    if url and key:
        yield from set_up(Connection(url, key), tmp_path_factory.mktemp("work"))
        return
    assert not missing(), f"not installed: {missing()}"
    with full_stack() as stack:
        yield from set_up(Connection(stack.api_url, stack.api_key), tmp_path_factory.mktemp("work"))


def set_up(where: Connection, folder: Path) -> Iterator[Work]:
    name = f"full-{secrets.token_hex(3)}"
    project = write_project(folder, where, Home(folder / "home"), name)
    people = [*project.people, f"cleo-{name}"]
    reviewer = f"rita-{name}"
    project.rewrite(
        people=[*({"username": person} for person in people), {"username": reviewer, "role": "admin"}],
        assignment={"mode": "queue", "overlap": 1, "seed": 5, "calibration": {"share": 0.1, "overlap": 3}},
        adjudication={"reviewers": [reviewer]},
    )
    work = Work(project, write_rows(folder / "rows.jsonl", made_up_rows(ROWS)), folder, people)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARGILLA_HOME_PATH", str(project.home.path))
        patch.setenv("ARGILLA_API_URL", where.api_url)
        patch.setenv("ARGILLA_API_KEY", where.api_key)
        patch.chdir(folder)
        work.run("config", "check")
        work.run("setup-dataset")
        work.run("plan", str(work.rows), "--dry-run")
        work.run("plan", str(work.rows))
        work.run("push-to-argilla", str(work.rows))
        yield work


def test_every_answer_is_by_its_person_and_private(work: Work, capsys: pytest.CaptureFixture[str]) -> None:
    work.run("load-records", str(work.rows))
    assert f"{ROWS:,} unchanged" in capsys.readouterr().err
    assigned = dict(assigned_records(plan_path(work.project.config, work.project.dataset)))
    with ThreadPoolExecutor(len(work.people)) as threads:
        done = dict(zip(work.people, threads.map(lambda name: answer_queue(work, name), work.people), strict=True))
    wanted = Counter(person for one in assigned.values() for person in one.people)
    assert done == dict(wanted)
    assert sum(done.values()) == ROWS + 2 * ROWS // 10
    with work.owner() as owner:
        names = {item["id"]: item["username"] for item in owner("GET", "/users")["items"]}
        for record in work.records(owner, work.project.dataset):
            by = sorted(names[response["user_id"]] for response in record["responses"])
            assert by == sorted(assigned[record["external_id"]].people)
            thrown_away = {response["status"] for response in record["responses"]} == {"discarded"}
            assert record["status"] == ("pending" if thrown_away else "completed")
            if len(by) == 3:
                shared = record
    with sign_in(work, work.people[0]) as ana:
        own = ana("GET", f"/records/{shared['id']}")["responses"]
        assert {response["user_id"] for response in own} == {ana("GET", "/me")["id"]}


def sign_in(work: Work, name: str) -> Rest:
    password = find_password(work.project.home, name, work.url)
    assert password
    return signed_in(work.url, name, password)


def answer_queue(work: Work, name: str) -> int:
    """Answer the whole queue by the page's own requests: one at a time first, the others in bulk."""
    draw, done = random.Random(name[0]), 0
    with sign_in(work, name) as person:
        (dataset,) = [
            item for item in person("GET", "/me/datasets")["items"] if item["name"] == work.project.dataset
        ]
        path = f"/me/datasets/{dataset['id']}/records/search"
        while True:
            size = 10 if done < SINGLY else BULK
            page = person("POST", path, PENDING, offset=0, limit=size, include="responses")
            ids = [item["record"]["id"] for item in page["items"]]
            if not ids:
                return done
            if done < SINGLY:
                for key in ids:
                    person("POST", f"/records/{key}/responses", body(draw))
            else:
                items = [{"record_id": key, **body(draw)} for key in ids]
                answers = person("POST", "/me/responses/bulk", {"items": items})["items"]
                assert not [answer["error"] for answer in answers if answer["error"]]
            done += len(ids)


def body(draw: random.Random) -> dict[str, Any]:
    if draw.random() < 0.03:
        return {"status": "discarded", "values": {}}
    values = {"quality": draw.randint(1, 7), "intent": draw.choice(LABELS), "toxicity": "none"}
    return {"status": "submitted", "values": {name: {"value": value} for name, value in values.items()}}


def test_every_command_does_its_work(work: Work, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        work.run(*words, code=code)
        output = capsys.readouterr()
        return output.out + output.err

    assert "plans enforced, answers private, sign-ins limited" in said("doctor")
    assert all(name in said("people", "-o", "sheet.csv") for name in work.people)
    whole = work.export("annotated.jsonl")
    assert work.export("again.jsonl", "--state", "state") == whole
    assert work.export("again.jsonl", "--state", "state") == whole
    assert "alpha" in said("report-agreement", "annotated.jsonl").lower()
    assert "given to reviewers" in said("adjudicate", "annotated.jsonl")
    assert "0 given to reviewers" in said("adjudicate", "annotated.jsonl")
    assert "0 " in said("plan", str(work.rows), "--apply")
    said("training", "annotated.jsonl", "--format", "alpaca", "-o", "alpaca.json")
    watch = ProjectWatch(work.project.config, work.project.connection, work.project.home)
    try:
        counts = team_progress(watch, watch.view())["counts"]
    finally:
        watch.close()
    assert counts["total"] == ROWS
    assert main(["backup", "copy.tar.gz"]) == 1
    assert "pg_dump" in capsys.readouterr().err


def test_a_migration_keeps_answers_and_plan(work: Work) -> None:
    expected = work.export("before.jsonl")
    old, config = work.project.dataset, work.project.config
    new = config.with_name("new.yml")
    new.write_text(config.read_text(encoding="utf-8").replace(f"dataset: {old}", f"dataset: {old}-2"))
    assert main(["migrate", old, "--config", str(new)]) == 0
    output = work.folder / "migrated.jsonl"
    assert main(["export-responses", str(work.rows), "-o", str(output), "--config", str(new)]) == 0
    assert output.read_bytes().replace(f"{old}-2".encode(), old.encode()) == expected
    with work.owner() as owner:
        assert statuses(work, owner, f"{old}-2") == statuses(work, owner, old)


def statuses(work: Work, owner: Rest, dataset: str) -> dict[str, str]:
    return {record["external_id"]: record["status"] for record in work.records(owner, dataset)}


def test_moved_there_and_back_under_kills_nothing_differs(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = work.export("here.jsonl")
    with work.owner() as owner, embedded_argilla(work.folder / "embedded") as there:
        here = statuses(work, owner, work.project.dataset)
        moved_under_kills(["--to-home", str(there.home.path)], lambda: count(there, work.project.dataset))
        monkeypatch.setenv("ARGILLA_API_URL", there.api_url)
        monkeypatch.setenv("ARGILLA_API_KEY", there.api_key)
        assert work.export("there.jsonl") == expected
        with Rest(there.api_url, **{"X-Argilla-Api-Key": there.api_key}) as other:
            assert statuses(work, other, work.project.dataset) == here
        (dataset,) = [
            item for item in owner("GET", "/me/datasets")["items"] if item["name"] == work.project.dataset
        ]
        owner("DELETE", f"/datasets/{dataset['id']}")
        monkeypatch.setenv("SHAREGPT_ARGILLA_TARGET_URL", work.project.connection.api_url)
        monkeypatch.setenv("SHAREGPT_ARGILLA_TARGET_KEY", work.project.connection.api_key)
        where = work.project.connection
        moved_under_kills([], lambda: count(where, work.project.dataset))
        monkeypatch.setenv("ARGILLA_API_URL", where.api_url)
        monkeypatch.setenv("ARGILLA_API_KEY", where.api_key)
        assert work.export("back.jsonl") == expected
        assert statuses(work, owner, work.project.dataset) == here


def count(server: EmbeddedArgilla | Connection, dataset: str) -> int:
    """Records of a dataset; 0 while there is none."""
    with Rest(server.api_url, **{"X-Argilla-Api-Key": server.api_key}) as owner:
        ids = [item["id"] for item in owner("GET", "/me/datasets")["items"] if item["name"] == dataset]
        return owner("GET", f"/datasets/{ids[0]}/records", limit=1)["total"] if ids else 0


def has_arrived(arrived: Callable[[], int], enough: int) -> bool:
    return arrived() >= enough


def moved_under_kills(options: list[str], arrived: Callable[[], int]) -> None:
    """``move``, killed when some records have arrived and again when more have, then to its end."""
    command = [sys.executable, "-m", "sharegpt_argilla", "move", "--json", *options]
    for enough in (200, 900):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(partial(has_arrived, arrived, enough), f"{enough} records to arrive")
        finally:
            process.kill()
            process.wait()
    done = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert done["complete"], done
    assert json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["datasets"][0]["sent"] == 0
