"""The planner: even, at random, nobody twice, and few moves when people come and go."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.records.assignment_plan import Plan, Rules, extend_plan, make_plan, moved, with_answers

NAMES = [f"p{number}" for number in range(12)]


def ids(count: int, begin: int = 0) -> list[str]:
    return [f"r{number}" for number in range(begin, begin + count)]


def sets(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {identifier: one.people for identifier, one in plan.records()}


def spread(plan: Plan, people: list[str]) -> int:
    loads = plan.loads()
    return max(loads[name] for name in people) - min(loads[name] for name in people)


@st.composite
def wishes(draw: st.DrawFn) -> tuple[list[str], Rules, int]:
    people = NAMES[: draw(st.integers(1, 8))]
    overlap = draw(st.integers(1, len(people)))
    rules = Rules(
        overlap,
        calibration_share=draw(st.sampled_from([0, 0.1, 0.5, 1])),
        calibration_overlap=draw(st.integers(overlap, overlap + 3)),
        seed=draw(st.integers(0, 2**32)),
    )
    return people, rules, draw(st.integers(0, 60))


@given(wishes())
@settings(max_examples=80, deadline=None)
def test_a_plan_is_even_and_exact(wish: tuple[list[str], Rules, int]) -> None:
    people, rules, count = wish
    plan = make_plan(ids(count), people, rules)
    more = min(rules.calibration_overlap, len(people))
    for _, planned in plan.records():
        assert len(planned.people) == (more if planned.calibration else rules.overlap)
        assert len(set(planned.people)) == len(planned.people)
    assert spread(plan, people) <= 1
    calibrated = sum(planned.calibration for _, planned in plan.records())
    expected = round(rules.calibration_share * count) if rules.calibration_overlap != rules.overlap else 0
    assert calibrated == expected
    assert sorted(planned.rank for _, planned in plan.records()) == list(range(count))
    assert sum(plan.loads().values()) == sum(len(found) for found in sets(plan).values())


@given(wishes())
@settings(max_examples=30, deadline=None)
def test_the_same_seed_gives_the_same_plan(wish: tuple[list[str], Rules, int]) -> None:
    people, rules, count = wish
    plan = make_plan(ids(count), people, rules)
    again = make_plan(ids(count), list(reversed(people)), rules)
    assert list(plan.records()) == list(again.records())


def test_another_seed_gives_another_plan() -> None:
    first, second = (make_plan(ids(50), NAMES, Rules(seed=seed)) for seed in (1, 2))
    assert sets(first) != sets(second)
    assert first.ranks.tolist() != second.ranks.tolist()


@given(wishes(), st.data())
@settings(max_examples=60, deadline=None)
def test_every_stratum_is_shared_evenly(wish: tuple[list[str], Rules, int], data: st.DataObject) -> None:
    people, rules, count = wish
    strata = data.draw(st.lists(st.sampled_from("abc"), min_size=count, max_size=count))
    plan = make_plan(ids(count), people, Rules(rules.overlap, 0, seed=rules.seed), strata)
    assert spread(plan, people) <= 1
    for stratum in set(strata):
        counts = Counter(dict.fromkeys(people, 0))
        for (_, one), where in zip(plan.records(), strata, strict=True):
            counts.update(one.people if where == stratum else ())
        # A stretch of the deal begins and ends within everybody's turn, and those with one record more have
        # shorter turns; parting twins shifts one more at either end.
        assert max(counts.values()) - min(counts.values()) <= 3 + (rules.overlap > 1) * 2


def test_calibration_is_drawn_from_every_stratum() -> None:
    strata = ["a"] * 100 + ["b"] * 300
    plan = make_plan(ids(400), NAMES, Rules(seed=3), strata)
    found = Counter(stratum for (_, one), stratum in zip(plan.records(), strata, strict=True) if one.calibration)
    assert found == {"a": 10, "b": 30}
    calibration = plan.calibration_loads().values()
    assert max(calibration) - min(calibration) <= 2


def test_quotas_are_kept_and_the_others_share_the_rest() -> None:
    rules = Rules(overlap=2, calibration_share=0, seed=1, quotas={"p0": 5, "p1": 0})
    loads = make_plan(ids(101), NAMES[:6], rules).loads()
    assert (loads["p0"], loads["p1"]) == (5, 0)
    rest = [loads[name] for name in NAMES[2:6]]
    assert sum(rest) == 197
    assert max(rest) - min(rest) == 1


def test_a_quota_is_kept_when_people_come_and_rows_are_added() -> None:
    rules = Rules(calibration_share=0, seed=1, quotas={"p0": 5})
    plan = make_plan(ids(60), NAMES[:3], rules)
    later = extend_plan(plan, NAMES[:4], [], rules, [f"n{number}" for number in range(20)])
    assert later.loads() == {"p0": 5, "p1": 25, "p2": 25, "p3": 25}


def test_somebody_with_a_quota_gets_records_from_all_strata() -> None:
    strata = ["a"] * 300 + ["b"] * 300
    plan = make_plan(ids(600), NAMES[:4], Rules(calibration_share=0, seed=1, quotas={"p0": 20}), strata)
    mine = Counter(where for (_, one), where in zip(plan.records(), strata, strict=True) if "p0" in one.people)
    assert mine == {"a": 10, "b": 10}


@pytest.mark.parametrize(
    ("people", "rules", "message"),
    [
        (["a"], Rules(overlap=2), "2 people for each record, but only 1 take part"),
        ([], Rules(), "only 0 take part"),
        (["a", "b"], Rules(quotas={"a": 1, "b": 1}), "leave room for 2 of"),
        (["a", "b"], Rules(overlap=2, quotas={"a": 1}), "quotas leave room"),
    ],
)
def test_what_cannot_be_planned_is_said(people: list[str], rules: Rules, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_plan(ids(10), people, rules)


@given(wishes(), st.data())
@settings(max_examples=100, deadline=None)
def test_joining_and_leaving_moves_only_unanswered_work_and_as_little_as_possible(
    wish: tuple[list[str], Rules, int], data: st.DataObject
) -> None:
    people, rules, count = wish
    before = make_plan(ids(count), people, rules)
    widest = max((len(holders) for holders in sets(before).values()), default=rules.overlap)
    after_people = data.draw(st.lists(st.sampled_from(NAMES), min_size=max(widest, rules.overlap), unique=True))
    places = [(identifier, person) for identifier, holders in sets(before).items() for person in holders]
    answered = set(data.draw(st.lists(st.sampled_from(places), unique=True))) if places else set()
    after = extend_plan(before, after_people, answered, rules)
    now = sets(after)
    for identifier, holders in sets(before).items():
        assert len(now[identifier]) == len(set(now[identifier])) == len(holders)
        for person in holders:
            assert (identifier, person) not in answered or person in now[identifier]
        assert all(p in after_people or (identifier, p) in answered for p in now[identifier])
    assert after.ranks.tolist() == before.ranks.tolist()
    loads, held = after.loads(), before.loads()
    for identifier, holders in now.items():
        for person in holders:
            if (identifier, person) not in answered:
                # Nobody who is not on the record has two less than somebody who could give it away.
                assert all(loads[other] > loads[person] - 2 for other in after_people if other not in holders)
    # Where hardly more people are left than a record needs, or answers bind, a move may need another.
    if not answered and len(after_people) >= widest + 2:
        assert spread(after, after_people) <= 1
        assert moved(before, after) == sum(max(0, count - loads[name]) for name, count in held.items())


@pytest.mark.parametrize("overlap", [1, 2, 3])
def test_in_a_team_a_move_is_a_move(overlap: int) -> None:
    before = make_plan(ids(600), NAMES[:8], Rules(overlap, seed=5))
    left = before.loads()["p0"]
    after = extend_plan(before, NAMES[1:8], [], Rules(overlap, seed=5))
    assert moved(before, after) == left
    assert spread(after, NAMES[1:8]) <= 1
    joined = extend_plan(before, NAMES[:9], [], Rules(overlap, seed=5))
    assert moved(before, joined) == joined.loads()["p8"]
    assert spread(joined, NAMES[:9]) <= 1


def test_nothing_moves_when_nothing_changed() -> None:
    before = make_plan(ids(100), NAMES, Rules(overlap=2, seed=5))
    assert list(extend_plan(before, NAMES, [], Rules(overlap=2, seed=5)).records()) == list(before.records())


@given(wishes(), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_new_records_leave_the_old_ones_where_they_are(wish: tuple[list[str], Rules, int], more: int) -> None:
    people, rules, count = wish
    before = make_plan(ids(count), people, rules)
    after = extend_plan(before, people, [], rules, ids(more, count))
    assert moved(before, after) == 0
    assert len(after.ids) == count + more
    assert spread(after, people) <= 1
    assert sorted(after.ranks.tolist()[count:]) == list(range(count, count + more))
    for _, one in after.records():
        assert len(set(one.people)) == len(one.people)


def test_pairs_meet_about_equally_often() -> None:
    plan = make_plan(ids(6000), NAMES[:6], Rules(overlap=2, calibration_share=0, seed=1))
    pairs = plan.pair_overlaps()
    assert pairs.sum() == 6000 * 4
    off = [pairs[one, other] for one in range(6) for other in range(one)]
    assert min(off) == max(off) == 400


@pytest.mark.parametrize(
    ("records", "people", "overlap", "share"),
    [(60, 5, 2, 0), (33, 7, 2, 0.2), (100, 6, 3, 0.1), (300, 12, 2, 0.1)],
)
@pytest.mark.parametrize("strata", [False, True])
def test_any_two_people_share_as_many_records_as_any_other_two(
    records: int, people: int, overlap: int, share: float, strata: bool
) -> None:
    rules, names = Rules(overlap, share, 3, seed=1), NAMES[:people]
    groups = [number % 3 for number in range(records)] if strata else None
    plan = make_plan(ids(records), names, rules, groups)
    more = extend_plan(plan, names, [], rules, ids(records // 2, records), groups and groups[: records // 2])
    for made in (plan, more):
        pairs = made.pair_overlaps()
        off = [pairs[one, other] for one in range(people) for other in range(one)]
        assert max(off) - min(off) <= 1
        assert spread(made, names) <= 1


def test_a_first_plan_takes_the_answers_that_there_are() -> None:
    answered = {(identifier, "p0") for identifier in ids(30)} | {("r3", "gone"), ("r3", "p1"), ("r99", "p0")}
    rules = Rules(overlap=2, seed=1, calibration_share=0)
    plan = extend_plan(with_answers(make_plan(ids(60), NAMES[:4], rules), answered), NAMES[:4], answered, rules)
    for identifier in ids(30):
        assert "p0" in sets(plan)[identifier] or identifier == "r3"
    assert set(sets(plan)["r3"]) <= {"gone", "p0", "p1"}
    assert all(len(set(found)) == 2 for found in sets(plan).values())
    loads = plan.loads()
    assert sum(loads.values()) == 120
    assert max(loads[name] for name in NAMES[:4]) - min(loads[name] for name in NAMES[:4]) <= 1


@settings(max_examples=40, deadline=None)
@given(st.integers(60, 200), st.integers(3, 8), st.integers(1, 2), st.integers(1, 20), st.integers(0, 99))
def test_gold_is_shared_evenly_and_the_rest_of_the_plan_holds(
    count: int, people: int, overlap: int, gold_rows: int, seed: int
) -> None:
    names, gold = NAMES[:people], set(ids(gold_rows))
    rules = Rules(overlap, 0.1, 3, seed, gold_rate=0.9)
    plan, usual = make_plan(ids(count), names, rules, gold=gold), make_plan(ids(count), names, rules)
    assert spread(plan, names) <= 1
    more = {row for row, planned in plan.records() if planned.calibration}
    assert more == {row for row, planned in usual.records() if planned.calibration} | gold
    for row, planned in plan.records():
        assert len(planned.people) == len(set(planned.people)) == (3 if row in more else overlap)
    share = Counter(person for row, planned in plan.records() if row in gold for person in planned.people)
    assert max(share[name] for name in names) - min(share[name] for name in names) <= 2
    answered = {(row, planned.people[0]) for row, planned in plan.records() if row in gold}
    after = extend_plan(plan, [*names[1:], NAMES[-1]], answered, rules)
    assert {row: len(planned.people) for row, planned in after.records()} == {
        row: len(planned.people) for row, planned in plan.records()
    }
    assert all(person in sets(after)[row] for row, person in answered)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.01, 0.2), st.integers(1, 3), st.integers(0, 99))
def test_gold_is_drawn_at_its_rate(rate: float, overlap: int, seed: int) -> None:
    rules = Rules(overlap, 0, 3, seed, gold_rate=rate)
    plan = make_plan(ids(400), NAMES[:5], rules, gold=ids(200))
    drawn = [len(one.people) for _, one in plan.records() if one.calibration]
    assert abs(sum(drawn) - rate * len(plan.holders)) <= 3
    assert make_plan(ids(400), NAMES[:5], rules, gold=["another"]).calibration.sum() == 0
