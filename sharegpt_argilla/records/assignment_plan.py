"""The assignment plan: which person answers which record, and in which order.

Each record has as many slots as people who answer it. The same seed, records, people and rules give the same plan,
and a later change moves as few slots as possible: when people join or leave, only unanswered work moves.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.records.pair_balance import balance_pairs
from sharegpt_argilla.records.plan_moves import Integers, Slots, Truths, deal, even_loads
from sharegpt_argilla.records.practice import HELD, PlanPractice


@dataclass(frozen=True)
class Rules:
    """The rules for a plan.

    Attributes:
        overlap: people for each record.
        calibration_share: share of the records, 0 to 1, that more people answer, to measure agreement.
        calibration_overlap: people for each of those; everybody if there are fewer.
        seed: decides everything random.
        quotas: person -> the most records that they get; people without a quota have no limit.
        gold_rate: share of the slots, 0 to 1, that are on gold records; these are calibration records in addition
            to those of ``calibration_share``.
    """

    overlap: int = 1
    calibration_share: float = 0.1
    calibration_overlap: int = 3
    seed: int = 0
    quotas: Mapping[str, int] = field(default_factory=dict)
    gold_rate: float = 0


class Assigned(NamedTuple):
    """One record of a plan.

    Attributes:
        people: who answers it.
        rank: its position in the order of all records.
        calibration: whether it is a record that more people answer.
    """

    people: tuple[str, ...]
    rank: int
    calibration: bool


@dataclass(frozen=True)
class Plan:
    """Who answers what.

    Attributes:
        ids: ids of the records.
        people: everybody who has or had a slot, sorted.
        starts: where each record's slots begin in ``holders``, and the end of the last.
        holders: number of the person at each slot.
        ranks: position of each record in the order of all.
        calibration: which records more people answer.
        states: record -> ``settled`` or ``given_up``, where the plan adapts; see `plan_adaptation`.
        practice: what newcomers answer first, and who has not passed.
    """

    ids: Sequence[str]
    people: Sequence[str]
    starts: Integers
    holders: Integers
    ranks: Integers
    calibration: Truths
    states: Mapping[str, Any] = field(default_factory=dict)
    practice: PlanPractice = field(default_factory=PlanPractice)

    def records(self) -> Iterator[tuple[str, Assigned]]:
        """Every record with its people, in the order of ``ids``."""
        begins, holders = self.starts.tolist(), self.holders.tolist()
        ranks, more = self.ranks.tolist(), self.calibration.tolist()
        for number, identifier in enumerate(self.ids):
            people = tuple(self.people[holder] for holder in holders[begins[number] : begins[number + 1]])
            yield identifier, Assigned(people, ranks[number], more[number])

    def record(self, number: int) -> Assigned:
        """The record at a position of ``ids``."""
        holders = self.holders[self.starts[number] : self.starts[number + 1]].tolist()
        people = tuple(self.people[holder] for holder in holders)
        return Assigned(people, int(self.ranks[number]), bool(self.calibration[number]))

    def offered(self) -> Iterator[tuple[str, Assigned]]:
        """Every record as a server is to have it: kept for those who practise, but not offered to them yet.

        Their names have `HELD` behind them, so that nobody is offered the record and it is not complete either.
        """
        held, rows = frozenset(self.practice.held), frozenset(self.practice.rows)
        for identifier, assigned in self.records():
            yield identifier, assigned if identifier in rows else _held_back(assigned, held)

    def offered_by_id(self) -> Mapping[str, Assigned]:
        """The records of `offered` by their ids, made when they are asked for."""
        return _Offered(self)

    def loads(self) -> dict[str, int]:
        """Person -> records."""
        counts = np.bincount(self.holders, minlength=len(self.people)).tolist()
        return dict(zip(self.people, counts, strict=True))

    def calibration_loads(self) -> dict[str, int]:
        """Person -> calibration records."""
        of_slot = np.repeat(self.calibration, np.diff(self.starts))
        counts = np.bincount(self.holders[of_slot], minlength=len(self.people)).tolist()
        return dict(zip(self.people, counts, strict=True))

    def pair_overlaps(self) -> Integers:
        """People x people: records that both answer; on the diagonal, all records of a person."""
        return _shared(self.holders, self.starts, len(self.people))


class _Offered(Mapping[str, Assigned]):
    """The records of a plan by id: of 1,000,000 records only their order is kept: 8 MB, as objects 184."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._held, self._rows = frozenset(plan.practice.held), frozenset(plan.practice.rows)
        self._order = np.argsort(np.array(plan.ids, object), kind="stable")

    def __len__(self) -> int:
        return len(self._plan.ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self._plan.ids)

    def __getitem__(self, identifier: str) -> Assigned:
        ids, order = self._plan.ids, self._order
        at = bisect_left(order, identifier, key=ids.__getitem__)
        if at == len(order) or ids[order[at]] != identifier:
            raise KeyError(identifier)
        assigned = self._plan.record(int(order[at]))
        return assigned if identifier in self._rows else _held_back(assigned, self._held)


def _held_back(assigned: Assigned, held: frozenset[str]) -> Assigned:
    """The record without those who practise, whose names are marked."""
    if held.isdisjoint(assigned.people):
        return assigned
    return assigned._replace(people=tuple(name + HELD if name in held else name for name in assigned.people))


def make_plan(
    ids: Sequence[str],
    people: Collection[str],
    rules: Rules = Rules(),
    strata: Sequence[Hashable] | None = None,
    gold: Collection[str] = (),
) -> Plan:
    """Make a new plan.

    Args:
        ids: ids of the records, each once.
        people: usernames.
        rules: the rules for the plan.
        strata: stratum of each record; each stratum is distributed evenly. None for no strata.
        gold: ids of records whose right answers are known; as many as the rate needs are dealt as gold.

    Returns:
        A plan in which loads differ by at most one, as far as the quotas allow, and nobody has a record twice.

    Raises:
        UsageError: there are too few people for the overlap, or the quotas are too small.
    """
    names = sorted(people)
    _check_people(names, rules)
    random = np.random.default_rng(rules.seed)
    groups = _numbered(strata, len(ids))
    calibration = _calibration(groups, rules, random)
    gold_records = _gold(ids, gold, calibration, rules, len(names))
    calibration |= gold_records
    slots = _slots(calibration, rules, len(names))
    zeros = np.zeros(len(names), np.int64)
    loads = even_loads(int(slots.sum()), zeros, _most(names, rules, len(ids)), zeros, random)
    none = np.zeros((len(names), len(names)), np.int64)
    holders = _dealt(slots, _classes(gold_records, calibration), groups, loads, none, random)
    return Plan(ids, names, _starts(slots), holders, random.permutation(len(ids)), calibration)


def extend_plan(
    plan: Plan,
    people: Collection[str],
    answered: Collection[tuple[str, str]],
    rules: Rules = Rules(),
    new: Sequence[str] = (),
    strata: Sequence[Hashable] | None = None,
    gold: Collection[str] = (),
) -> Plan:
    """The plan after people joined or left, quotas changed or records were added.

    Answered slots stay with the people who answered, and as few others as possible move. Loads, including answered
    work, again differ by at most one, as far as the answers allow.

    Args:
        plan: the plan so far.
        people: usernames of the people who take part from now on.
        answered: record and person of every response.
        rules: the rules for the plan; the overlaps apply to new records only.
        new: ids of records that are not in the plan yet; they come last in everybody's order.
        strata: stratum of each new record.
        gold: ids of new records whose right answers are known.

    Raises:
        UsageError: as for `make_plan`.
    """
    names = sorted({*plan.people, *people})
    _check_people(sorted(people), rules)
    random = np.random.default_rng([rules.seed, len(plan.ids), len(names), len(answered)])
    groups = _numbered(strata, len(new))
    calibration = _calibration(groups, rules, random)
    gold_records = _gold(new, gold, calibration, rules, len(people))
    calibration |= gold_records
    widths = np.concatenate((np.diff(plan.starts), _slots(calibration, rules, len(people))))
    renumbered = np.array([names.index(name) for name in plan.people], np.int64)
    active = np.array([name in set(people) for name in names])
    previous = renumbered[plan.holders]
    ids = [*plan.ids, *new]
    fixed = _fixed(ids, names, _starts(widths), previous, answered)
    _check_widths(plan, fixed[: len(previous)] & ~active[previous], len(people))
    previous_loads = np.bincount(previous, minlength=len(names))
    least = np.bincount(previous[fixed[: len(previous)]], minlength=len(names))
    most = _most(names, rules, len(ids))
    targets = _targets(int(widths.sum()), least, most, previous_loads, active, random)
    fresh = _deal_new(
        widths[len(plan.ids) :],
        _classes(gold_records, calibration),
        groups,
        np.where(active, targets - previous_loads, 0),
        active,
        _shared(previous, plan.starts, len(names)),
        random,
    )
    slots = Slots(np.concatenate((previous, fresh)), _starts(widths), fixed, active, random, most)
    slots.level(targets)
    ranks = np.concatenate((plan.ranks, len(plan.ids) + random.permutation(len(new))))
    flags = np.concatenate((plan.calibration, calibration))
    return Plan(ids, names, slots.starts, slots.holders, ranks, flags, plan.states, plan.practice)


def with_answers(plan: Plan, answered: Collection[tuple[str, str]]) -> Plan:
    """The plan with everybody on the records that they answered, instead of people who did not answer.

    Args:
        plan: made while there were answers already.
        answered: record and person of every response. More people than a record has slots for are left out.
    """
    names = sorted({*plan.people, *(person for _, person in answered)})
    numbers = {name: number for number, name in enumerate(names)}
    holders = np.array([numbers[name] for name in plan.people], np.int64)[plan.holders]
    records = {identifier: number for number, identifier in enumerate(plan.ids)}
    by_record: dict[int, list[int]] = {}
    for identifier, person in sorted(answered):
        if identifier in records:
            by_record.setdefault(records[identifier], []).append(numbers[person])
    for record, respondents in by_record.items():
        begin, end = plan.starts[record : record + 2].tolist()
        others = [holder for holder in holders[begin:end].tolist() if holder not in respondents]
        holders[begin:end] = [*respondents, *others][: end - begin]
    return replace(plan, people=names, holders=holders)


def moved(before: Plan, after: Plan) -> int:
    """Number of slots of ``before`` that another person has in ``after``."""
    if not np.array_equal(before.starts, after.starts[: len(before.starts)]):
        # PlanPractice rows got more or fewer people.
        people = {identifier: assigned.people for identifier, assigned in after.records()}
        return sum(len(set(one.people).difference(people[row])) for row, one in before.records())
    old, new = (np.array(plan.people, object)[plan.holders] for plan in (before, after))
    return int((old != new[: len(old)]).sum())


def _most(names: Sequence[str], rules: Rules, records: int) -> Integers:
    """The most records of each person: all records, or the person's quota."""
    return np.array([min(rules.quotas.get(name, records), records) for name in names], np.int64)


def _targets(
    total: int, least: Integers, most: Integers, current: Integers, active: Truths, random: np.random.Generator
) -> Integers:
    """Loads of the people who take part; people who left keep their answered slots, which ``total`` includes."""
    targets = np.zeros(len(active), np.int64)
    shared = total - int(least[~active].sum())
    targets[active] = even_loads(shared, least[active], most[active], current[active], random)
    return targets


def _deal_new(
    slots: Integers,
    classes: Integers,
    groups: Integers,
    wanted: Integers,
    active: Truths,
    shared: Integers,
    random: np.random.Generator,
) -> Integers:
    """Deal new records, first to the people who have too little work."""
    if not len(slots):
        return np.zeros(0, np.int64)
    most = np.where(active, np.minimum(np.maximum(wanted, 0), len(slots)), 0)
    if int(most.sum()) < int(slots.sum()):
        most = np.where(active, len(slots), 0)
    share = np.minimum(np.maximum(wanted, 0), most)
    if int(share.sum()) > int(slots.sum()):
        share = np.zeros_like(share)
    loads = even_loads(int(slots.sum()), share, most, wanted, random)
    return _dealt(slots, classes, groups, loads, shared, random)


def _dealt(
    slots: Integers,
    classes: Integers,
    groups: Integers,
    loads: Integers,
    shared: Integers,
    random: np.random.Generator,
) -> Integers:
    order = np.lexsort((random.random(len(slots)), groups, classes))
    dealt = deal(slots[order], loads, random)
    # A generator of its own, so that the rest of the plan is the same whatever is swapped.
    own = np.random.default_rng([len(slots), len(loads), *loads.tolist()])
    _, same = np.unique(np.stack((classes, groups)), axis=1, return_inverse=True)
    balance_pairs(dealt, slots[order], same.reshape(-1)[order], shared, own)
    starts = _starts(slots)
    holders = np.empty(len(dealt), np.int64)
    offsets = np.arange(len(dealt)) - np.repeat(_starts(slots[order])[:-1], slots[order])
    holders[np.repeat(starts[:-1][order], slots[order]) + offsets] = dealt
    return holders


def _shared(holders: Integers, starts: Integers, count: int) -> Integers:
    """People x people: records that both have; on the diagonal, all records of a person."""
    overlaps = np.zeros(count * count, np.int64)
    widths = np.diff(starts)
    for width in np.unique(widths).tolist():
        table = holders[starts[:-1][widths == width, None] + np.arange(width)]
        for first in range(width):
            for second in range(width):
                overlaps += np.bincount(table[:, first] * count + table[:, second], minlength=count * count)
    return overlaps.reshape(count, count)


def _fixed(
    ids: Sequence[str],
    names: Sequence[str],
    starts: Integers,
    holders: Integers,
    answered: Collection[tuple[str, str]],
) -> Truths:
    fixed = np.zeros(int(starts[-1]), bool)
    numbers_of_records = {identifier: number for number, identifier in enumerate(ids)} if answered else {}
    numbers = {name: number for number, name in enumerate(names)}
    for identifier, person in answered:
        if identifier in numbers_of_records and person in numbers:
            begin, end = starts[numbers_of_records[identifier] : numbers_of_records[identifier] + 2]
            holders_of_record = holders[begin:end]
            fixed[begin : begin + len(holders_of_record)] |= holders_of_record == numbers[person]
    return fixed


def _calibration(groups: Integers, rules: Rules, random: np.random.Generator) -> Truths:
    """Records at equal intervals of a random order, stratum by stratum."""
    count = len(groups)
    wanted = round(rules.calibration_share * count) if rules.calibration_overlap != rules.overlap else 0
    chosen = np.zeros(count, bool)
    order = np.lexsort((random.random(count), groups))
    chosen[order[(np.arange(wanted) * count) // max(wanted, 1)]] = True
    return chosen


def _gold(ids: Sequence[str], gold: Collection[str], calibration: Truths, rules: Rules, people: int) -> Truths:
    """The records that are dealt as gold: randomly chosen known records, as many as the rate of all slots needs.

    A gold record has ``more`` slots instead of ``rules.overlap``, which increases the number of all slots.
    """
    chosen = np.zeros(len(ids), bool)
    candidates = [number for number, identifier in enumerate(ids) if identifier in gold] if gold else []
    if not candidates:
        return chosen
    usual = int(_slots(calibration, rules, people).sum())
    more = int(_slots(np.ones(1, bool), rules, people)[0])
    wanted = round(rules.gold_rate * usual / (more - rules.gold_rate * (more - rules.overlap)))
    # A separate generator, so that the rest of the plan is the same without gold.
    order = np.random.default_rng([rules.seed, len(ids)]).permutation(candidates)
    chosen[order[:wanted]] = True
    return chosen


def _classes(gold: Truths, calibration: Truths) -> Integers:
    """The order of dealing, so that everybody gets an even share of each class: gold, calibration, the rest."""
    return np.where(gold, 0, np.where(calibration, 1, 2))


def _slots(calibration: Truths, rules: Rules, people: int) -> Integers:
    return np.where(calibration, max(min(rules.calibration_overlap, people), rules.overlap), rules.overlap)


def _numbered(strata: Sequence[Hashable] | None, count: int) -> Integers:
    numbers: dict[Hashable, int] = {}
    numbered = [numbers.setdefault(stratum, len(numbers)) for stratum in strata or [0] * count]
    return np.array(numbered, np.int64)


def _starts(slots: Integers) -> Integers:
    return np.concatenate(([0], np.cumsum(slots))).astype(np.int64)


def _check_people(names: Sequence[str], rules: Rules) -> None:
    if rules.overlap > len(names):
        raise UsageError(_too_few(rules.overlap, len(names)))


def _check_widths(plan: Plan, left_answers: Truths, people: int) -> None:
    """No record may need more people than take part; what somebody answered who left needs nobody."""
    record_of = np.repeat(np.arange(len(plan.ids)), np.diff(plan.starts))
    needed = int(np.bincount(record_of[~left_answers], minlength=1).max())
    if needed > people:
        raise UsageError(_too_few(needed, people))


def _too_few(overlap: int, people: int) -> str:
    return (
        f"assignment: {overlap} people for each record, but only {people} take part; "
        "add people or lower the overlap"
    )
