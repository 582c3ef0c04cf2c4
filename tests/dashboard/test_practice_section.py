"""Practice from the first answer to the plan: on the server, by the command and on the pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.dashboard.session import watch
from sharegpt_argilla.project.dashboard_access import Viewer
from sharegpt_argilla.settings import Connection
from sharegpt_argilla.workflows.plan import PlanSummary, plan
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.dashboard.conftest import Run
from tests.embedded import EmbeddedArgilla
from tests.projects import TestProject, some_rows, write_project, write_rows

pytestmark = pytest.mark.live

ROWS = some_rows(10)
GOLD = [row["id"] for row in ROWS[:3]]
RIGHT = {"quality": 4, "intent": ["code"], "toxicity": "none"}
WRONG = RIGHT | {"toxicity": "harmful"}
REASON = "Nobody *could* be harmed by it."
Told = tuple[TestProject, Path]


@pytest.fixture(scope="module")
def told(argilla: EmbeddedArgilla, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A project with practice, without answers; in place of the story of the other pages."""
    folder = tmp_path_factory.mktemp("practice")
    project = write_project(folder, Connection(argilla.api_url, argilla.api_key), argilla.home, folder.name)
    lines = [{"id": row, "gold": {"toxicity": "none"}, "reason": REASON} for row in GOLD]
    (folder / "gold.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    project.rewrite(
        assignment={"mode": "queue", "overlap": 2, "seed": 3},
        gold={"file": "gold.jsonl"},
        practice={"gold": 3, "pass": 0.6},
    )
    rows = write_rows(folder / "rows.jsonl", ROWS)
    push_to_argilla(rows, project.config, connection=project.connection, home=project.home)
    return project, rows


def queue(project: TestProject, name: str) -> list[str]:
    return [record["external_id"] for record in project.annotator(name).pending()]


def answer(project: TestProject, name: str, values: dict[str, Any], count: int) -> None:
    person = project.annotator(name)
    for record in person.pending()[:count]:
        person.answer(record["id"], values=values)


def planned(told: Told) -> PlanSummary:
    project, rows = told
    return plan(rows, project.config, connection=project.connection, apply=True)


def page_words(run: Run, name: str, who: Viewer) -> tuple[Any, str]:
    # A page shows what all sessions share, for some seconds; this is the refresh after them.
    watch().view(young=0)
    page = run(name, who)
    assert not page.exception, page.exception
    kinds: tuple[Any, ...] = (
        *(page.subheader, page.markdown, page.caption, page.text, page.code),
        page.get("expander"),
    )
    return page, "\n".join(str(getattr(one, "value", None) or one.label) for kind in kinds for one in kind)


def test_newcomers_practise_and_get_the_plan_when_they_passed(run: Run, told: Told, lead: Viewer) -> None:
    project, _ = told
    ana, ben = project.people
    assert queue(project, ana) == queue(project, ben)
    assert sorted(queue(project, ana)) == sorted(GOLD)
    _, words = page_words(run, "annotator", Viewer(ana, lead=False))
    assert "Answer the practice records first; the others come when you have passed (0 of 3 answered)." in words
    answer(project, ana, RIGHT, 2)
    answer(project, ben, WRONG, 3)
    # Until the answers are judged nobody is told what is right; the lead sees how it stands.
    _, words = page_words(run, "annotator", Viewer(ben, lead=False))
    assert "3 answered and not looked at yet" in words
    assert REASON not in words
    assert team(run, lead) == {ana: ("practising", "2 of 3 answered", False), ben: ("failed", FAILED, False)}
    summary = planned(told)
    assert [(one.person, one.state, one.why()) for one in summary.practice] == [
        (ana, "practising", "2 of 3 answered"),
        (ben, "failed", FAILED),
    ]
    page, words = page_words(run, "annotator", Viewer(ben, lead=False))
    assert "Not passed; who leads the project sees this and decides (0 of 3 right, 2 wanted)." in words
    assert words.count(REASON) == words.count("not right") == 3
    answers = next(table.value for table in page.dataframe if "own" in table.value.columns)
    assert answers[["own", "right"]].values.tolist() == [["Harmful", "Not toxic"]]
    answer(project, ana, WRONG, 1)
    assert team(run, lead)[ana] == ("passed", "2 of 3 right, 2 wanted", False)
    assert queue(project, ana) == []
    planned(told)
    assert len(queue(project, ana)) == 7
    assert queue(project, ben) == []
    assert team(run, lead)[ana] == ("passed", "2 of 3 right, 2 wanted", True)
    # Nothing is complete without Ben, for whom his part is kept.
    answer(project, ana, RIGHT, 7)
    page, _ = page_words(run, "team", lead)
    assert {metric.label: metric.value for metric in page.metric}["Records completed"] == "3 of 10"
    project.rewrite(practice={"gold": 3, "pass": 0.6, "exempt": [ben]})
    planned(told)
    assert len(queue(project, ben)) == 7
    answer(project, ben, RIGHT, 7)
    page, _ = page_words(run, "team", lead)
    assert {metric.label: metric.value for metric in page.metric}["Records completed"] == "10 of 10"


FAILED = "0 of 3 right, 2 wanted"


def team(run: Run, lead: Viewer) -> dict[str, tuple[str, str, bool]]:
    """Person -> what the Team page says of their practice."""
    page, _ = page_words(run, "team", lead)
    table = next(table.value for table in page.dataframe if "why" in table.value.columns)
    columns = (table[name] for name in ("annotator", "state", "why", "offered"))
    return {person: (state, why, bool(offered)) for person, state, why, offered in zip(*columns, strict=True)}
