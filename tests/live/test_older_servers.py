"""The commands on an argilla-server 2.4 and 2.6 as they come, each in an environment of its own.

``FULL_STACK=1 OLDER_SERVERS=PYTHON:PYTHON`` runs it, with the Pythons of environments that have
``argilla-server[postgresql]`` with ``click<8.2``, and for 2.4, which needs Python 3.10 or older, ``bcrypt<4.1``.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sharegpt_argilla.argilla_client.connection import OLDEST, connect
from sharegpt_argilla.cli.main import main
from sharegpt_argilla.records.plan_file import assigned_records, plan_path
from sharegpt_argilla.settings import Connection, Home, find_password
from tests.embedded import wait_until
from tests.live.rest import Rest, signed_in
from tests.projects import TestProject, read_annotations, some_rows, write_project, write_rows
from tests.reference.full_stack import PLAIN, full_stack, missing

PYTHONS = [python for python in os.environ.get("OLDER_SERVERS", "").split(":") if python]

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(os.environ.get("FULL_STACK") != "1" or not PYTHONS, reason="FULL_STACK=1 runs it"),
]

ROWS = 40


@pytest.fixture(params=PYTHONS or ["none"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestProject]:
    assert not missing(), f"not installed: {missing()}"
    with full_stack(PLAIN, python=request.param) as stack:
        where = Connection(stack.api_url, stack.api_key)
        told = subprocess.run(
            [request.param, "-m", "pip", "show", "argilla-server"], capture_output=True, text=True, check=True
        )
        version = told.stdout.split("Version: ")[1].split()[0]
        assert OLDEST <= tuple(map(int, version.split(".")[:2])) < (2, 8)
        project = write_project(tmp_path, where, Home(tmp_path / "home"), "older")
        project.rewrite(
            assignment={"mode": "links", "overlap": 1, "seed": 5, "calibration": {"share": 0.1, "overlap": 2}}
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ARGILLA_HOME_PATH", str(project.home.path))
            patch.setenv("ARGILLA_API_URL", where.api_url)
            patch.setenv("ARGILLA_API_KEY", where.api_key)
            patch.chdir(tmp_path)
            yield project


def test_every_command_does_its_work(project: TestProject, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main([*words, "--config", str(project.config)]) == code, capsys.readouterr().err
        output = capsys.readouterr()
        return output.out + output.err

    rows = str(write_rows(Path("rows.jsonl"), some_rows(ROWS)))
    said("config", "check")
    said("setup-dataset")
    said("plan", rows)
    said("push-to-argilla", rows)
    # The search that looks for what is loaded sees the last records when the engine has refreshed its index.
    wait_until(lambda: f"{ROWS} unchanged" in said("load-records", rows), "all records to be found")
    assert all(name in said("people") for name in project.people)
    assert "none" in said("doctor")
    answers = answer_plan(project)
    assert sum(answers.values()) == ROWS + ROWS // 10
    export, state = ("export-responses", rows, "-o", "annotated.jsonl"), ("--state", "state")
    with connect(project.connection) as client:
        counts_by_person = client.version != (2, 6)  # whose query for them PostgreSQL refuses
    if counts_by_person:
        said(*export, *state)
        said(*export, *state)
    else:
        assert "use 2.8" in said(*export, *state, code=1)
        said(*export)
    by = Counter(
        response["annotator"]
        for one in read_annotations(Path("annotated.jsonl")).values()
        for response in one["responses"]
    )
    assert by == answers
    assert "alpha" in said("report-agreement", "annotated.jsonl").lower()
    said("training", "annotated.jsonl", "--format", "alpaca", "-o", "alpaca.json")


def answer_plan(project: TestProject) -> Counter[str]:
    """Everybody answers the records of their plan; how many each."""
    assigned = dict(assigned_records(plan_path(project.config, project.dataset)))
    done: Counter[str] = Counter()
    for name in project.people:
        password = find_password(project.home, name, project.connection.api_url)
        assert password
        with signed_in(project.connection.api_url, name, password) as person:
            for dataset in person("GET", "/me/datasets")["items"]:
                path = f"/me/datasets/{dataset['id']}/records/search"
                for item in person("POST", path, {}, limit=100)["items"]:
                    record = item["record"]
                    if name in assigned[record["external_id"]].people:
                        answer(person, record["id"], len(done))
                        done[name] += 1
    return done


def answer(person: Rest, record_id: str, number: int) -> None:
    person.answer(record_id, quality=1 + number % 7, intent=["chat"], toxicity="none")
