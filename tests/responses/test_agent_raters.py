"""Agents as raters are not trusted too much: one that errs in one way settles no record in place of people."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bench.agent_raters import RECORDS, pooled, simulate
from sharegpt_argilla.annotation import AnsweredRecord, Response, Suggestion
from sharegpt_argilla.config import Project, load_project
from sharegpt_argilla.project.adaptive_plan import adapted_plan, question_estimates
from sharegpt_argilla.records.assignment_plan import Rules, make_plan
from sharegpt_argilla.responses.adaptive_asking import settled_by_people, sureness_of_all
from tests.projects import ROOT

IDS = [f"r{number:02}" for number in range(40)]
LABELS = ("none", "illegal", "harmful")
TRUTH = {row: LABELS[number % 3] for number, row in enumerate(IDS)}
PEOPLE = ("ana", "ben", "cleo")
UNTIL = 0.83


@pytest.mark.parametrize("copying", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("errs", ["class", "kind"])
def test_what_is_settled_is_right_as_often_as_without_the_agent(errs: str, copying: float) -> None:
    without, counted = (
        pooled([simulate(seed, errs, copying, 30, counts=counts) for seed in range(8)]) for counts in (False, True)
    )
    assert counted["right of settled"] > without["right of settled"]
    # Of the records that the agent has wrong hardly more are settled wrongly than by people alone.
    assert counted["misled"] <= without["misled"] + 0.01


def test_people_who_take_over_what_they_see_make_an_agent_look_able() -> None:
    """What the page says of the limits: agreement alone does not tell who copied."""
    copied = pooled([simulate(seed, "class", 0.6, 0, counts=True) for seed in range(4)])
    assert copied["ability"] > 2 / 3 + 0.1
    assert copied["stated"] > copied["right"] + 0.1
    assert len(simulate(0, "class", 0.6, 0, counts=True).right) == RECORDS


def test_with_one_person_an_agent_only_adds_doubt() -> None:
    counting, alone = {"a": 0.95, "b": 0.6, "c": 0.95}, {"a": 0.8, "b": 0.8, "c": 0.8}
    people = {"a": ["ana"], "b": ["ana"], "c": ["ana", "ben"]}
    assert settled_by_people(counting, alone, people) == {"a": 0.8, "b": 0.6, "c": 0.95}


def project_of(folder: Path) -> Project:
    content = yaml.safe_load((ROOT / "dataset-config.yml").read_text(encoding="utf-8"))
    content |= {
        "people": [{"username": name} for name in PEOPLE],
        "assignment": {"mode": "queue", "adapt": {"until": UNTIL, "most": 3, "questions": ["toxicity"]}},
        "suggestions": [{"type": "intent_rules", "question": "intent"}],
        "export": {"agents": ["intent_rules"]},
    }
    path = folder / "c.yml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    (folder / "guidelines.md").write_text("Read.", encoding="utf-8")
    return load_project(path)


def answered(row: str, people: tuple[str, ...], suggested: str) -> AnsweredRecord:
    given = [Response(name, "submitted", {"toxicity": TRUTH[row]}, "2026-01-01T00:00:00") for name in people]
    return AnsweredRecord(row, "pending", given, suggestions=[Suggestion("toxicity", suggested, "intent_rules")])


def test_a_round_of_the_plan_keeps_to_it(tmp_path: Path) -> None:
    """The agent has always agreed with people; that settles what two have answered, and nothing of one person."""
    records = {
        row: answered(row, PEOPLE[:2] if number < 20 else (PEOPLE[number % 3],), TRUTH[row])
        for number, row in enumerate(IDS)
    }
    plan = make_plan(IDS, PEOPLE, Rules(overlap=1, calibration_share=0, calibration_overlap=2, seed=1))
    project = project_of(tmp_path)
    believed = sureness_of_all(question_estimates(project.config, records, {}).values())
    assert min(believed[row] for row in IDS[20:]) > UNTIL
    after, done = adapted_plan(project, plan, records, {})
    assert set(after.states) == set(IDS[:20])
    assert (done.settled, done.open) == (20, 20)
