"""A whole project whose plan adapts, on a real Argilla: three people of known ability, round after round."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sharegpt_argilla.project.adaptive_plan import adaptive_progress
from sharegpt_argilla.project.project_watch import ProjectWatch
from sharegpt_argilla.project.team_progress import team_tally
from sharegpt_argilla.records.assignment_plan import Plan
from sharegpt_argilla.records.plan_file import plan_path, read_plan
from tests.live.test_plan import Desk
from tests.projects import Annotator, TestProject, read_annotations, some_rows, write_rows

pytestmark = [pytest.mark.live, pytest.mark.slow]

ROWS = some_rows(24)
LABELS = ("none", "illegal", "harmful")
TRUTH = {row["id"]: LABELS[number % 3] for number, row in enumerate(ROWS)}
ABILITIES = (0.95, 0.85, 0.7)
ADAPT = {"until": 0.75, "most": 3, "questions": ["toxicity"]}


class Team:
    """People who answer whatever is in their queues, each right as often as they are able."""

    def __init__(self, project: TestProject, names: list[str]) -> None:
        self._people = [(project.annotator(name), share) for name, share in zip(names, ABILITIES, strict=True)]
        self._random = np.random.default_rng(5)
        self.answered: Counter[tuple[str, str]] = Counter()

    def work(self) -> int:
        """Answer everything; returns how many answers that took."""
        return sum(self._answer(person, able) for person, able in self._people)

    def _answer(self, person: Annotator, able: float) -> int:
        pending = sorted(person.pending(), key=lambda record: record["external_id"])
        for record in pending:
            right = TRUTH[record["external_id"]]
            others = [label for label in LABELS if label != right]
            toxicity = right if self._random.random() < able else str(self._random.choice(others))
            person.answer(record["id"], values={"quality": 4, "intent": ["code"], "toxicity": toxicity})
            self.answered[record["external_id"], person.username] += 1
        return len(pending)


@pytest.fixture
def desk(
    project: TestProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Desk:
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(project.home.path))
    monkeypatch.chdir(tmp_path)
    names = [*project.people, f"cleo-{project.workspace}"]
    assignment = {"mode": "queue", "seed": 3, "calibration": {"share": 0.25, "overlap": 3}, "adapt": ADAPT}
    project.rewrite(people=[{"username": name} for name in names], assignment=assignment)
    desk = Desk(project, tmp_path, capfd)
    desk.rows = str(write_rows(tmp_path / "rows.jsonl", ROWS))
    assert desk.run("push-to-argilla", desk.rows) == 0
    return desk


def plan_of(desk: Desk) -> Plan:
    plan = read_plan(plan_path(desk.project.config, desk.project.dataset))
    assert plan is not None
    return plan


def export(desk: Desk) -> dict[str, dict[str, Any]]:
    assert desk.run("export-responses", desk.rows, "-o", "annotated.jsonl") == 0
    return read_annotations(Path("annotated.jsonl"))


def dashboard(desk: Desk) -> tuple[dict[str, Any], int]:
    """What the Team page shows of the plan, and the completed records."""
    watch = ProjectWatch(desk.project.config, desk.project.connection, desk.project.home)
    try:
        view = watch.view()
        progress = adaptive_progress(view, team_tally(watch, view))
        assert progress is not None
        return progress, view.progress.completed
    finally:
        watch.close()


def test_records_are_asked_until_they_are_settled(desk: Desk) -> None:
    team = Team(desk.project, [*desk.project.people, f"cleo-{desk.project.workspace}"])
    for number in range(6):
        answers = team.work()
        assert number or answers == 18 + 6 * 3
        assert desk.run("plan", desk.rows, "--adapt") == 0
        said = desk.err
        plan, marked, on_server = plan_of(desk), export(desk), desk.on_server()
        assert set(team.answered.values()) == {1}
        for row, entry in plan.records():
            assert len(set(entry.people)) == len(entry.people) <= 3
            assert on_server[row]["assigned_to"] == list(entry.people)
            completed = marked.get(row, {}).get("status") == "completed"
            assert completed == (row in plan.states)
        shown, completed_records = dashboard(desk)
        assert completed_records == len(plan.states) == shown["settled"] + shown["given_up"]
        assert f"{shown['settled']:,} settled, {shown['open']:,} open" in said
        if not shown["open"]:
            break
    assert shown["open"] == 0
    assert not team.work()
    single = [row for row, entry in plan.records() if not entry.calibration]
    used = sum(count for (row, _), count in team.answered.items() if row in single)
    saved = {entry["overlap"]: entry["answers"] for entry in shown["fixed"]}
    assert saved == {2: 2 * len(single) - used, 3: 3 * len(single) - used}
    assert saved[3] > 0
    right = sum(entry["toxicity"] == TRUTH[row] for row, entry in marked.items())
    assert right >= 20
    # With nothing open, repeated rounds end at once; and without the section there are none.
    assert desk.run("plan", desk.rows, "--adapt", "--every", "1h") == 0
    assert "0 open" in desk.err
    desk.project.rewrite(assignment={"mode": "queue", "seed": 3, "calibration": {"share": 0.25, "overlap": 3}})
    assert desk.run("plan", desk.rows, "--adapt") == 2
    assert "assignment.adapt is missing" in desk.err
