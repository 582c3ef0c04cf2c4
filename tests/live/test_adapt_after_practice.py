"""A plan that adapts after practice, on a real Argilla: who fails gets nothing until the lead decides."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.records.plan_file import plan_path, read_plan
from sharegpt_argilla.records.practice import HELD
from tests.live.test_plan import Desk
from tests.projects import Annotator, TestProject, read_annotations, some_rows, write_rows

pytestmark = [pytest.mark.live, pytest.mark.slow]

ROWS = some_rows(15)
LABELS = ("none", "illegal", "harmful")
TRUTH = {row["id"]: LABELS[number % 3] for number, row in enumerate(ROWS)}
PRACTICE = {"gold": 3, "pass": 0.6}
ROUNDS = 6
"""Each record has at most three people, so that more rounds than these are a fault."""


class People:
    """Everybody's answers; a record that comes back to who answered it is a failure."""

    def __init__(self, project: TestProject, names: Sequence[str]) -> None:
        self.names = list(names)
        self._annotators = {name: project.annotator(name) for name in names}
        self.answered: dict[str, set[str]] = {name: set() for name in names}

    def queue(self, name: str) -> set[str]:
        return {record["external_id"] for record in self._annotators[name].pending()}

    def work(self, name: str, *, right: bool = True) -> int:
        """Answer everything in a queue, rightly or wrongly; returns how many answers that took."""
        person: Annotator = self._annotators[name]
        pending = person.pending()
        for record in pending:
            row = record["external_id"]
            assert row not in self.answered[name]
            self.answered[name].add(row)
            label = LABELS[LABELS.index(TRUTH[row]) - (not right)]
            person.answer(record["id"], values={"quality": 4, "intent": ["code"], "toxicity": label})
        return len(pending)


@pytest.fixture
def desk(
    project: TestProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Desk:
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(project.home.path))
    monkeypatch.chdir(tmp_path)
    gold = [{"id": row["id"], "gold": {"toxicity": TRUTH[row["id"]]}} for row in ROWS[:4]]
    lines = "".join(json.dumps(line) + "\n" for line in gold)
    (project.config.parent / "gold.jsonl").write_text(lines, encoding="utf-8")
    adapt = {"until": 0.8, "most": 3, "questions": ["toxicity"]}
    project.rewrite(
        people=[{"username": name} for name in (*project.people, f"cleo-{project.workspace}")],
        assignment={"mode": "queue", "seed": 3, "calibration": {"share": 0.1, "overlap": 2}, "adapt": adapt},
        gold={"file": "gold.jsonl"},
        practice=PRACTICE,
    )
    desk = Desk(project, tmp_path, capfd)
    desk.rows = str(write_rows(tmp_path / "rows.jsonl", ROWS))
    assert desk.run("push-to-argilla", desk.rows) == 0
    return desk


def adapt(desk: Desk) -> dict[str, Any]:
    """One round; the states of its plan, which the export and the server agree with."""
    assert desk.run("plan", desk.rows, "--adapt") == 0
    said = desk.err
    plan = read_plan(plan_path(desk.project.config, desk.project.dataset))
    on_server = desk.on_server()
    for row, offered in plan.offered():
        assert len(set(offered.people)) == len(offered.people) <= 3
        assert on_server[row]["assigned_to"] == list(offered.people)
    assert desk.run("export-responses", desk.rows, "-o", "annotated.jsonl") == 0
    marked = read_annotations(Path("annotated.jsonl"))
    assert {row for row, entry in marked.items() if entry["status"] == "completed"} == set(plan.states)
    return {"said": said, "states": dict(plan.states), "offered": dict(plan.offered()), "marked": marked}


def test_who_fails_practice_gets_nothing_until_the_lead_decides(desk: Desk) -> None:
    ana, ben = desk.project.people
    cleo = f"cleo-{desk.project.workspace}"
    people = People(desk.project, [ana, ben, cleo])
    practice = people.queue(ana)
    assert len(practice) == 3
    assert practice < {row["id"] for row in ROWS[:4]}
    assert people.queue(ben) == people.queue(cleo) == practice
    for name in people.names:
        people.work(name, right=name != cleo)
    done = adapt(desk)
    assert "practice: 2 passed, 0 practising, 1 failed" in done["said"]
    for _ in range(ROUNDS):
        if not (people.work(ana) + people.work(ben)):
            break
        done = adapt(desk)
        # What is kept for cleo is open, and offered to nobody in her place.
        assert people.queue(cleo) == set()
    assert people.answered[cleo] == practice
    kept = {row for row, entry in done["offered"].items() if cleo + HELD in entry.people}
    assert kept
    assert kept == {row["id"] for row in ROWS} - done["states"].keys()
    exempt = PRACTICE | {"exempt": [cleo]}
    desk.project.rewrite(practice=exempt)
    done = adapt(desk)
    assert people.queue(cleo)
    assert people.queue(cleo) <= kept
    for _ in range(ROUNDS):
        if not sum(people.work(name) for name in people.names):
            break
        done = adapt(desk)
    assert done["states"].keys() == {row["id"] for row in ROWS}
    assert "0 open" in done["said"]
    assert all(entry["toxicity"] == TRUTH[row] for row, entry in done["marked"].items())
