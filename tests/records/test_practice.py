"""Practice: which rows, who is on them, how answers are judged, and who gets other records."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from sharegpt_argilla.annotation import AnsweredRecord, Response
from sharegpt_argilla.cli.main import main
from sharegpt_argilla.config import Practice, Project, load_project
from sharegpt_argilla.errors import InputError, UsageError
from sharegpt_argilla.project.practice_answers import is_right, judge_practice
from sharegpt_argilla.project.practice_plan import practice_rows, with_newcomers, with_verdicts
from sharegpt_argilla.records.assignment_plan import Plan, Rules, extend_plan, make_plan, moved
from sharegpt_argilla.records.gold_file import read_gold, read_reasons
from sharegpt_argilla.records.plan_adaptation import Aim, adapt_plan
from sharegpt_argilla.records.plan_file import assigned_records, plan_path, read_plan, write_plan
from sharegpt_argilla.records.practice import HELD, PlanPractice, choose_practice, standings
from sharegpt_argilla.records.practice_slots import practice_places
from sharegpt_argilla.responses.adaptive_asking import choose_people
from tests.projects import ROOT, some_rows, write_rows

IDS = [f"r{number:02}" for number in range(30)]
GOLD = {row: {"toxicity": "none", "intent": ["code", "chat"]} for row in IDS[:6]}
RULES = Rules(overlap=1, calibration_share=0.1, calibration_overlap=2, seed=4)
RIGHT = {"toxicity": "none", "intent": ["chat", "code"], "quality": 3}
WRONG = {"toxicity": "harmful", "intent": ["chat", "code"], "quality": 3}

Make = Callable[..., Project]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Loads a project with these people and this practice."""

    def make_project(*people: str, practice: object = None) -> Project:
        content = yaml.safe_load((ROOT / "dataset-config.yml").read_text(encoding="utf-8"))
        content |= {
            "people": [{"username": name} for name in people],
            "assignment": {"mode": "queue", "seed": 4, "calibration": {"share": 0.1, "overlap": 2}},
            "gold": {"file": "gold.jsonl"},
        }
        if practice is not None:
            content["practice"] = practice
        path = tmp_path / "c.yml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        (tmp_path / "guidelines.md").write_text("Read.", encoding="utf-8")
        return load_project(path)

    return make_project


def given(person: str, values: Mapping[str, Any], status: Any = "submitted") -> Response:
    return Response(person, status, values, "2026-01-01T00:00:00")


Answers = dict[tuple[str, str], Response]


def records_of(answers: Answers) -> dict[str, AnsweredRecord]:
    rows = {row for row, _ in answers}
    return {
        row: AnsweredRecord(row, "pending", [one for (which, _), one in answers.items() if which == row])
        for row in rows
    }


def planned(
    project: Project, before: Plan | None = None, answers: Answers | None = None
) -> tuple[Plan, list[Any]]:
    """The plan as the command makes it, in the same order of steps."""
    answers = answers or {}
    given_by = set(answers)
    people, rows = project.config.annotators, practice_rows(project, before, IDS if before is None else (), GOLD)
    if before is None:
        after = make_plan(IDS, people, RULES, gold=GOLD.keys() - set(rows))
    else:
        ready = with_newcomers(project, before, before.practice.rows, given_by, RULES)
        fixed = given_by | practice_places(ready, before.practice.rows)
        after = extend_plan(ready, people, fixed, RULES)
    after = with_newcomers(project, after, rows, given_by, RULES)
    return with_verdicts(project, after, rows, GOLD, given_by, partial(records_of, answers))


def people_of(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {row: one.people for row, one in plan.records()}


def offered_to(plan: Plan, person: str) -> set[str]:
    return {row for row, one in plan.offered() if person in one.people}


def submitted(plan: Plan, person: str, values: Mapping[str, Any], rows: int = 3) -> Answers:
    return {(row, person): given(person, values) for row in plan.practice.rows[:rows]}


def test_everybody_begins_with_the_same_rows_and_is_offered_nothing_else(make: Make) -> None:
    project = make("ana", "ben", "cleo", practice={"gold": 3})
    plan, far = planned(project)
    rows = plan.practice.rows
    assert len(set(rows)) == 3
    assert set(rows) <= GOLD.keys()
    assert all(set(people_of(plan)[row]) == {"ana", "ben", "cleo"} for row in rows)
    in_order = sorted((one.rank, row) for row, one in plan.records())
    assert [row for _, row in in_order[:3]] == list(rows)
    for person in ("ana", "ben", "cleo"):
        assert offered_to(plan, person) == set(rows)
    # The others are kept for their people, so that no record is complete without them.
    other = next(row for row in IDS if row not in rows)
    offered = dict(plan.offered())[other]
    assert offered.people == tuple(name + HELD for name in people_of(plan)[other])
    assert max(plan.loads().values()) - min(plan.loads().values()) <= 1
    assert [(one.person, one.state, one.why()) for one in far] == [
        (name, "practising", "0 of 3 answered") for name in ("ana", "ben", "cleo")
    ]


def test_who_passes_gets_the_plan_and_who_fails_does_not(make: Make) -> None:
    project = make("ana", "ben", "cleo", practice={"gold": 3, "pass": 0.6})
    first, _ = planned(project)
    answers = submitted(first, "ana", RIGHT) | submitted(first, "ben", WRONG) | submitted(first, "cleo", RIGHT, 2)
    # Two of three are enough for 0.6; Ana's third is wrong.
    answers[first.practice.rows[2], "ana"] = given("ana", WRONG)
    plan, far = planned(project, first, answers)
    assert [(one.person, one.state, one.why()) for one in far] == [
        ("ana", "passed", "2 of 3 right, 2 wanted"),
        ("ben", "failed", "0 of 3 right, 2 wanted"),
        ("cleo", "practising", "2 of 3 answered"),
    ]
    assert offered_to(plan, "ana") == {row for row, people in people_of(plan).items() if "ana" in people}
    assert offered_to(plan, "ben") == offered_to(plan, "cleo") == set(plan.practice.rows)
    assert people_of(plan) == people_of(first)
    assert moved(first, plan) == 0
    # What Ben changes after he was told what is right says nothing; the lead may let him in.
    again, far = planned(project, plan, answers | submitted(first, "ben", RIGHT))
    assert far[1].state == "failed"
    lenient = make("ana", "ben", "cleo", practice={"gold": 3, "pass": 0.6, "exempt": ["ben"]})
    exempt, far = planned(lenient, again, answers)
    assert (far[1].state, far[1].why()) == ("exempt", "need not pass")
    assert len(offered_to(exempt, "ben")) > 3
    assert offered_to(exempt, "cleo") == set(plan.practice.rows)


def test_people_come_and_go_while_others_practise(make: Make) -> None:
    first, _ = planned(make("ana", "ben", practice={"gold": 3}))
    answers = submitted(first, "ana", RIGHT) | submitted(first, "ben", RIGHT, 1)
    plan, far = planned(make("ana", "cleo", practice={"gold": 3}), first, answers)
    # Ben left after one answer: that stays his, and nobody else is on the rest in his place.
    assert [set(people_of(plan)[row]) for row in plan.practice.rows] == [
        {"ana", "ben", "cleo"},
        {"ana", "cleo"},
        {"ana", "cleo"},
    ]
    assert {one.person: one.state for one in far} == {"ana": "passed", "cleo": "practising"}
    assert plan.loads()["ben"] == 1
    assert abs(plan.loads()["ana"] - plan.loads()["cleo"]) <= 1
    assert offered_to(plan, "cleo") == set(plan.practice.rows)


def test_practice_that_comes_later_is_for_newcomers_alone(make: Make) -> None:
    plain, far = planned(make("ana", "ben"))
    assert (far, plain.practice) == ([], PlanPractice())
    own = next(row for row, people in people_of(plain).items() if "ana" in people and row not in GOLD)
    answers = {(own, "ana"): given("ana", WRONG)}
    plan, far = planned(make("ana", "ben", "cleo", practice={"gold": 3}), plain, answers)
    assert {one.person: one.state for one in far} == {"ana": "exempt", "ben": "practising", "cleo": "practising"}
    assert len(offered_to(plan, "ana")) > 5
    assert offered_to(plan, "ben") == offered_to(plan, "cleo") == set(plan.practice.rows)
    # And without the section they get their records again; the rows keep their people.
    after, far = planned(make("ana", "ben", "cleo"), plan, answers)
    assert far == []
    assert dict(after.offered()) == dict(after.records())
    assert people_of(after) == people_of(plan)
    left, _ = planned(make("ana", "ben"), after, answers)
    assert all("cleo" not in people for people in people_of(left).values())


def test_too_few_or_missing_gold_rows_are_one_clear_line(make: Make) -> None:
    with pytest.raises(
        UsageError, match="7 gold rows are wanted, and 6 of the rows are gold; add some, or lower it"
    ):
        planned(make("ana", practice={"gold": 7}))
    plan, _ = planned(make("ana", practice={"gold": 2}))
    gone = replace(plan, practice=replace(plan.practice, rows=["elsewhere", *plan.practice.rows]))
    with pytest.raises(UsageError, match="gold: practice row elsewhere is missing; put it back"):
        practice_rows(make("ana", practice={"gold": 2}), gone, (), GOLD)
    # More can be asked for later, and fewer count.
    more, _ = planned(make("ana", practice={"gold": 4}), plan)
    assert more.practice.rows[:2] == plan.practice.rows
    assert len(set(more.practice.rows)) == 4
    fewer, far = planned(make("ana", practice={"gold": 2}), more, submitted(plan, "ana", RIGHT, 2))
    assert (len(fewer.practice.rows), far[0].state, far[0].rows) == (4, "passed", 2)


def test_the_project_file_has_defaults_that_the_documents_name() -> None:
    section = Practice()
    assert (section.gold, section.pass_, section.exempt) == (10, 0.8, [])


@pytest.mark.parametrize(("share", "rows", "wanted"), [(0.8, 10, 8), (0.55, 100, 55), (0.75, 10, 8), (1, 3, 3)])
def test_the_wanted_number_is_the_share_rounded_up(share: float, rows: int, wanted: int) -> None:
    practice = PlanPractice([str(number) for number in range(rows)])
    assert standings(practice, ["ana"], rows, share)[0].wanted == wanted


def test_the_rows_are_drawn_by_the_seed() -> None:
    drawn = choose_practice((), IDS, 5, 1)
    assert drawn == choose_practice((), set(IDS), 5, 1)
    assert drawn != choose_practice((), IDS, 5, 2)
    assert choose_practice(drawn, IDS, 4, 1) == drawn
    assert choose_practice(drawn[:2], IDS, 5, 1)[:2] == drawn[:2]
    assert len(set(choose_practice(drawn[:2], IDS, 5, 1))) == 5


def test_a_row_is_right_when_all_its_gold_is() -> None:
    gold = GOLD["r00"]
    assert is_right(given("ana", RIGHT), gold)
    assert not is_right(given("ana", WRONG), gold)
    assert not is_right(given("ana", {"toxicity": "none"}), gold)
    assert not is_right(given("ana", RIGHT, "discarded"), gold)


def test_a_draft_is_no_answer_and_a_verdict_stays() -> None:
    records = {"r00": AnsweredRecord("r00", "pending", [given("ana", RIGHT, "draft"), given("ben", RIGHT)])}
    assert judge_practice(["r00", "r01"], {"ben": {"r00": False}}, records, GOLD) == {"ben": {"r00": False}}
    reviewed = replace(given("cleo", RIGHT), adjudication=True)
    records["r00"].responses = [given("ana", RIGHT), reviewed]
    assert judge_practice(["r00"], {}, records, GOLD) == {"ana": {"r00": True}}


def test_a_plan_with_practice_is_read_as_it_was_written(make: Make) -> None:
    project = make("ana", "ben", practice={"gold": 3})
    first, _ = planned(project)
    plan, _ = planned(project, first, submitted(first, "ana", RIGHT))
    path = plan_path(project.path, project.config.dataset)
    write_plan(path, plan, RULES, None)
    found = read_plan(path)
    assert found is not None
    assert found.practice == plan.practice
    assert dict(assigned_records(path)) == dict(plan.offered())
    damages: list[Any] = [{"rows": 1}, {"row": []}, [], {"rows": ["r"], "judged": 3, "held": []}]
    for damage in damages:
        header, *lines = path.read_text(encoding="utf-8").splitlines()
        text = "\n".join([json.dumps(json.loads(header) | {"practice": damage}), *lines])
        (path.parent / "damaged").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="is not a plan, or damaged"):
            read_plan(path.parent / "damaged")


def test_a_plan_that_adapts_leaves_practice_where_it_is_and_asks_whoever_passed(make: Make) -> None:
    project = make("ana", "ben", "cleo", practice={"gold": 3})
    first, _ = planned(project)
    answers = submitted(first, "ana", RIGHT) | submitted(first, "ben", RIGHT)
    plan, _ = planned(project, first, answers)
    own = next(row for row in IDS if people_of(plan)[row] == ("ana",))
    answered = {row: {person: True for which, person in answers if which == row} for row in plan.practice.rows}
    adapted = adapt_plan(
        plan,
        project.config.annotators,
        answered | {own: {"ana": True}},
        {own: 0.5},
        Aim(0.9, 3, {}),
        partial(choose_people, {"ana": 0.7, "ben": 0.7, "cleo": 0.9}),
    )
    assert adapted.asked == {own: "ben"}
    assert adapted.plan.practice == plan.practice
    for row in plan.practice.rows:
        assert set(people_of(adapted.plan)[row]) == {"ana", "ben", "cleo"}
    assert offered_to(adapted.plan, "cleo") == set(plan.practice.rows)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_the_promises_hold(make: Make, seed: int) -> None:
    """People join, leave, answer and pass at random; after every change the plan is checked."""
    random = np.random.default_rng(seed)
    everybody = ["ana", "ben", "cleo", "dan", "eva"]
    plan: Plan | None = None
    answers: Answers = {}
    for _ in range(6):
        taking_part = sorted(random.choice(everybody, int(random.integers(2, 5)), replace=False).tolist())
        plan, far = planned(make(*taking_part, practice={"gold": 3, "pass": 0.6}), plan, answers)
        rows = set(plan.practice.rows)
        for row, people in people_of(plan).items():
            assert people
            assert len(set(people)) == len(people)
            for person in people:
                assert person in taking_part or (row, person) in answers
        held = {one.person for one in far if one.held}
        for person in taking_part:
            assert (offered_to(plan, person) <= rows) == (person in held)
            if person in held:
                assert all(person in people_of(plan)[row] for row in rows)
        for row, person in answers:
            assert person in people_of(plan)[row]
        for person in taking_part:
            for row in sorted(offered_to(plan, person))[: int(random.integers(0, 5))]:
                if (row, person) not in answers:
                    answers[row, person] = given(person, RIGHT if random.random() < 0.7 else WRONG)


def test_reasons_are_read_from_the_gold_file(tmp_path: Path) -> None:
    lines = [
        {"id": "a", "gold": {"toxicity": "none"}, "reason": " It asks how a lock works. "},
        {"id": "b", "gold": {"toxicity": "none"}},
    ]
    path = tmp_path / "gold.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert read_reasons(path, ["toxicity"]) == {"a": "It asks how a lock works."}
    assert read_gold(path, ["toxicity"]) == {"a": {"toxicity": "none"}, "b": {"toxicity": "none"}}
    path.write_text(json.dumps(lines[1] | {"reason": 3}), encoding="utf-8")
    with pytest.raises(InputError, match=r"gold\.jsonl:1: the reason is no text; write it in quotes"):
        read_gold(path, ["toxicity"])


def test_the_command_says_who_practises(
    make: Make, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(tmp_path / "home"))
    rows = some_rows(8)
    lines = [{"id": row["id"], "gold": {"toxicity": "none"}} for row in rows[:3]]
    (tmp_path / "gold.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    config = make("ana", "ben", practice={"gold": 3, "exempt": ["ben"]}).path
    command = ["plan", str(write_rows(tmp_path / "rows.jsonl", rows)), "--config", str(config)]
    assert main(command) == 0
    err = capfd.readouterr().err
    assert "practice: 0 passed, 1 practising, 0 failed, 1 exempt" in err
    assert "ana: practising, 0 of 3 answered; no other records yet" in err
    assert "ben:" not in err
    assert main([*command, "--json"]) == 0
    first = json.loads(capfd.readouterr().out)["practice"][0]
    numbers = {"answered": 0, "right": 0, "rows": 3, "wanted": 3}
    assert first == {"person": "ana", "state": "practising", "held": True, **numbers}
    (tmp_path / "gold.jsonl").write_text(json.dumps(lines[0]) + "\n", encoding="utf-8")
    assert main(command) == 2
    assert "gold: practice row" in capfd.readouterr().err
