"""A plan that adapts: records that are not settled get one person more, settled ones are nobody's work any more.

Who is on a record because of its answers stays; who has not begun is taken off a settled one. Calibration and gold
records keep all their people, since they measure those.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sharegpt_argilla.records.assignment_plan import Plan
from sharegpt_argilla.records.plan_moves import Integers, Slots, even_loads

State = Literal["settled", "given_up"]
"""Of a record of which nobody is to be asked any more: it is sure, or as many as may be asked were."""

Choose = Callable[[Sequence[str], Mapping[str, Sequence[str]], Mapping[str, float]], Mapping[str, str]]
"""Records, record -> people who may answer it, person -> room; returns record -> who answers it."""


@dataclass(frozen=True)
class Aim:
    """When a record is done.

    Attributes:
        until: it is settled when its answers are at least so probable.
        most: it is given up when so many people were asked.
        quotas: person -> the most records that they get.
        seed: decides what chance decides.
    """

    until: float
    most: int
    quotas: Mapping[str, int]
    seed: int = 0


@dataclass(frozen=True)
class AdaptedPlan:
    """The plan after a round.

    Attributes:
        plan: with the states of its records.
        asked: record -> who is on it from now on.
        taken_off: assignments that ended because their record is settled.
        waiting: records that are open, but of whose people nobody has room left in their quota.
    """

    plan: Plan
    asked: Mapping[str, str]
    taken_off: int
    waiting: Sequence[str]


@dataclass
class _Record:
    """One record in a round: who began it, who did not, whether there are drafts, and whether all are kept."""

    begun: list[str]
    idle: list[str]
    drafts: bool
    kept: bool
    state: State | None = None

    @property
    def people(self) -> list[str]:
        return [*self.begun, *self.idle]

    @property
    def busy(self) -> bool:
        """Whether somebody is yet to answer it."""
        return self.drafts or bool(self.idle)

    def judge(self, aim: Aim, people: Collection[str], *, settled: bool) -> int:
        """Set the state; returns how many people were taken off."""
        gone = len(self.idle) if settled and not self.kept else 0
        if gone:
            self.idle = []
        if not self.busy and settled:
            self.state = "settled"
        elif not self.busy and (len(self.begun) >= aim.most or not set(people).difference(self.begun)):
            self.state = "given_up"
        return gone


def adapt_plan(
    plan: Plan,
    people: Collection[str],
    answered: Mapping[str, Mapping[str, bool]],
    sure: Mapping[str, float],
    aim: Aim,
    choose: Choose,
) -> AdaptedPlan:
    """One round of a plan that adapts.

    Args:
        plan: the plan so far.
        people: usernames of those who take part.
        answered: record -> person -> whether they are done with it (False for a draft), of everybody who began it.
        sure: record -> how probable its answers are, of records with answers.
        aim: when a record is done.
        choose: says who is asked. Those who practise are asked only if nobody else takes part.

    Returns:
        A plan in which nobody has a record twice, and loads differ by at most one, as far as answers and quotas
        allow.
    """
    names = sorted({*plan.people, *people})
    records = {
        identifier: _begun_and_idle(
            assigned.people, answered.get(identifier, {}), names, kept=assigned.calibration
        )
        for identifier, assigned in plan.records()
    }
    taken_off, open_records = 0, []
    for identifier, record in records.items():
        settled = sure.get(identifier, 0.0) >= aim.until
        taken_off += record.judge(aim, people, settled=settled)
        if record.state is None and not record.busy:
            open_records.append(identifier)
    open_records.sort(key=lambda identifier: (sure.get(identifier, 0.0), identifier))
    ready = sorted(set(people).difference(plan.practice.held)) or sorted(people)
    asked = _ask(records, open_records, ready, aim, choose)
    for identifier, person in asked.items():
        records[identifier].idle.append(person)
    return AdaptedPlan(
        _rebuilt(plan, names, people, records, aim),
        asked,
        taken_off,
        [identifier for identifier in open_records if identifier not in asked],
    )


def _begun_and_idle(
    assigned: Sequence[str], answers: Mapping[str, bool], names: Sequence[str], *, kept: bool
) -> _Record:
    """Whoever answered is on the record, assigned or not: they may have begun while they were taken off."""
    others = sorted(set(answers).intersection(names).difference(assigned))
    begun = [*(name for name in assigned if name in answers), *others]
    return _Record(begun, [name for name in assigned if name not in answers], not all(answers.values()), kept)


def _ask(
    records: Mapping[str, _Record], open_records: Sequence[str], people: Sequence[str], aim: Aim, choose: Choose
) -> dict[str, str]:
    """Record -> who is asked: by the chooser where loads stay even, else whoever has the least to do."""
    loads = dict.fromkeys(people, 0)
    for record in records.values():
        for person in record.people:
            if person in loads:
                loads[person] += 1
    left = {person: aim.quotas.get(person, len(records)) - load for person, load in loads.items()}
    candidates = {
        identifier: [person for person in people if person not in records[identifier].begun]
        for identifier in open_records
    }
    even = (sum(loads.values()) + len(open_records)) / max(1, len(people))
    room = {person: max(0.0, min(left[person], np.ceil(even) - loads[person])) for person in people}
    asked = dict(choose(open_records, candidates, room))
    for person in asked.values():
        left[person] -= 1
        loads[person] += 1
    for identifier in open_records:
        free = [person for person in candidates[identifier] if left[person] > 0]
        if identifier not in asked and free:
            asked[identifier] = min(free, key=lambda person: (loads[person], person))
            left[asked[identifier]] -= 1
            loads[asked[identifier]] += 1
    return asked


def _rebuilt(
    plan: Plan, names: Sequence[str], people: Collection[str], records: Mapping[str, _Record], aim: Aim
) -> Plan:
    """The plan with these people, and with what nobody began moved until the loads are even."""
    numbers = {name: number for number, name in enumerate(names)}
    listed = [records[identifier] for identifier in plan.ids]
    starts = np.concatenate(([0], np.cumsum([len(record.people) for record in listed]))).astype(np.int64)
    holders = np.array([numbers[name] for record in listed for name in record.people], np.int64)
    practice = frozenset(plan.practice.rows)
    fixed = np.array(
        [name in records[row].begun or row in practice for row in plan.ids for name in records[row].people],
        bool,
    )
    active = np.array([name in set(people) for name in names])
    random = np.random.default_rng([aim.seed, len(holders), int(fixed.sum())])
    most = np.array([min(aim.quotas.get(name, len(listed)), len(listed)) for name in names], np.int64)
    slots = Slots(holders, starts, fixed, active, random, most)
    slots.level(_targets(slots))
    states = {identifier: record.state for identifier, record in records.items() if record.state}
    return Plan(plan.ids, names, starts, slots.holders, plan.ranks, plan.calibration, states, plan.practice)


def _targets(slots: Slots) -> Integers:
    least = np.bincount(slots.holders[slots.fixed], minlength=len(slots.active))
    total, active = len(slots.holders) - int(least[~slots.active].sum()), slots.active
    targets = np.zeros(len(active), np.int64)
    targets[active] = even_loads(total, least[active], slots.most[active], slots.loads()[active], slots.random)
    return targets


def state_counts(plan: Plan) -> dict[str, int]:
    """``settled``, ``open`` and ``given_up``: numbers of records."""
    states = list(plan.states.values())
    settled, given_up = states.count("settled"), states.count("given_up")
    return {"settled": settled, "open": len(plan.ids) - settled - given_up, "given_up": given_up}
