"""A plan that adapts: who is asked, who is taken off, and what never changes."""

from functools import partial

import numpy as np
import pytest

from sharegpt_argilla.records.assignment_plan import Plan, Rules, extend_plan, make_plan
from sharegpt_argilla.records.plan_adaptation import AdaptedPlan, Aim, adapt_plan, state_counts
from sharegpt_argilla.responses.adaptive_asking import choose_people

PEOPLE = ["ana", "ben", "cleo"]
ABLE = {"ana": 0.9, "ben": 0.8, "cleo": 0.7}
IDS = [f"r{number:02}" for number in range(40)]
RULES = Rules(1, 0.1, 3, 7)
AIM = Aim(0.9, 3, {})
PLAN = make_plan(IDS, PEOPLE, RULES)
CALIBRATION = {row for row, one in PLAN.records() if one.calibration}
SINGLE = [row for row in IDS if row not in CALIBRATION]


def people_of(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {row: one.people for row, one in plan.records()}


def adapt(plan=PLAN, answered=None, sure=None, aim=AIM, people=PEOPLE) -> AdaptedPlan:
    return adapt_plan(plan, people, answered or {}, sure or {}, aim, partial(choose_people, ABLE))


def test_without_answers_nothing_changes() -> None:
    found = adapt()
    assert people_of(found.plan) == people_of(PLAN)
    assert (found.asked, found.taken_off, found.plan.states) == ({}, 0, {})


def answers_to(*rows: str, done: bool = True) -> dict[str, dict[str, bool]]:
    return {row: dict.fromkeys(people_of(PLAN)[row], done) for row in rows}


def test_a_settled_record_is_done_and_an_open_one_gets_one_person_more() -> None:
    settled, unsure = SINGLE[:2]
    adapted = adapt(answered=answers_to(settled, unsure), sure={settled: 0.9, unsure: 0.89})
    assert adapted.plan.states == {settled: "settled"}
    assert list(adapted.asked) == [unsure]
    people = people_of(adapted.plan)
    assert people[settled] == people_of(PLAN)[settled]
    assert len(set(people[unsure])) == 2
    loads = adapted.plan.loads().values()
    assert max(loads) - min(loads) <= 1


def test_a_draft_is_waited_for() -> None:
    found = adapt(answered=answers_to(SINGLE[0], done=False), sure={})
    assert (found.asked, found.plan.states) == ({}, {})


def test_who_has_not_begun_is_taken_off_but_not_from_calibration() -> None:
    row, shared = SINGLE[0], min(CALIBRATION)
    first = people_of(PLAN)[row][0]
    wider = adapt(answered=answers_to(row), sure={row: 0.5}).plan
    assert len(people_of(wider)[row]) == 2
    part = {row: {first: True}, shared: {"ana": True}}
    adapted = adapt(wider, part, {row: 0.95, shared: 0.99})
    assert people_of(adapted.plan)[row] == (first,)
    assert adapted.taken_off == 1
    assert adapted.plan.states == {row: "settled"}
    assert sorted(people_of(adapted.plan)[shared]) == PEOPLE
    everybody = {**part, shared: dict.fromkeys(PEOPLE, True)}
    assert adapt(wider, everybody, {row: 0.95, shared: 0.99}).plan.states == {row: "settled", shared: "settled"}


@pytest.mark.parametrize(
    ("most", "people", "state"), [(2, PEOPLE, "given_up"), (3, PEOPLE, None), (4, ["ana"], None)]
)
def test_a_record_is_given_up_at_most(most: int, people: list[str], state: str | None) -> None:
    row = SINGLE[0]
    answered = {row: {"ana": True, "ben": True}}
    found = adapt(answered=answered, sure={row: 0.6}, aim=Aim(0.9, most, {}), people=people if state else PEOPLE)
    assert found.plan.states.get(row) == state


def test_a_record_that_everybody_answered_is_given_up() -> None:
    row = SINGLE[0]
    found = adapt(answered={row: dict.fromkeys(PEOPLE, True)}, sure={row: 0.6}, aim=Aim(0.9, 9, {}))
    assert found.plan.states == {row: "given_up"}
    assert state_counts(found.plan) == {"settled": 0, "open": 39, "given_up": 1}


def test_an_answer_of_somebody_who_was_taken_off_meanwhile_keeps_them() -> None:
    row = SINGLE[0]
    first = people_of(PLAN)[row][0]
    other = next(name for name in PEOPLE if name != first)
    found = adapt(answered={row: {first: True, other: True}}, sure={row: 0.95})
    assert set(people_of(found.plan)[row]) == {first, other}


def test_quotas_hold_and_what_waits_for_room_is_named() -> None:
    quotas = {name: count for name, count in PLAN.loads().items() if name != "cleo"}
    answered = answers_to(*SINGLE)
    adapted = adapt(answered=answered, sure=dict.fromkeys(SINGLE, 0.5), aim=Aim(0.9, 3, quotas))
    assert {name: count for name, count in adapted.plan.loads().items() if name != "cleo"} == quotas
    assert set(adapted.asked.values()) == {"cleo"}
    theirs = {row for row in SINGLE if people_of(PLAN)[row] == ("cleo",)}
    assert set(adapted.waiting) == theirs


def test_the_least_sure_choose_first() -> None:
    quotas = {name: count + (name == "ana") for name, count in PLAN.loads().items()}
    rows = [row for row in SINGLE if people_of(PLAN)[row] != ("ana",)][:3]
    sure = dict(zip(rows, (0.8, 0.5, 0.7), strict=True))
    found = adapt(answered=answers_to(*rows), sure=sure, aim=Aim(0.9, 3, quotas))
    assert found.asked == {rows[1]: "ana"}


def test_a_plan_with_states_takes_people_and_rows() -> None:
    answered = {row: dict.fromkeys(PEOPLE, True) for row in SINGLE[:3]}
    plan = adapt(answered=answered, sure=dict.fromkeys(SINGLE[:3], 0.99)).plan
    pairs = [(row, person) for row in answered for person in PEOPLE]
    # One of the three leaves: what they answered stays, and no record lacks people for it.
    wider = extend_plan(plan, ["ana", "ben", "dan"], pairs, Rules(1, 0, 3, 7), ["new"])
    assert wider.states == plan.states
    smaller = extend_plan(
        adapt(answered=answered, sure=dict.fromkeys(SINGLE[:3], 0.99)).plan, PEOPLE, pairs, RULES
    )
    assert people_of(smaller) == people_of(plan)


def test_rounds_end_with_even_loads_and_no_record_twice() -> None:
    random = np.random.default_rng(3)
    team, quotas = [*PEOPLE, "dan", "eve"], {"ana": 12}
    plan, answered = make_plan(IDS, team, Rules(1, 0.1, 3, 7, quotas)), dict[str, dict[str, bool]]()
    for _ in range(4):
        for row, people in people_of(plan).items():
            answered.setdefault(row, {}).update(dict.fromkeys(people, True))
        sure = {row: random.uniform(0.5, 1) for row in answered}
        plan = adapt(plan, answered, sure, Aim(0.9, 3, quotas), team).plan
        assert all(len(set(people)) == len(people) <= 3 for people in people_of(plan).values())
        loads = plan.loads()
        assert loads.pop("ana") <= 12
        assert max(loads.values()) - min(loads.values()) <= 1
    assert state_counts(plan)["open"] == 0
