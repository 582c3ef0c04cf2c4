"""The plan: which person answers which record, and in which order.

Everything follows from a seed: the same records, people and rules give the same plan. A plan is made once and
changed as little as possible afterwards: when people join or leave, only unanswered work moves.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.records.plan_moves import Integers, Places, Truths, deal, even_loads


@dataclass(frozen=True)
class Rules:
    """What a plan has to be.

    Attributes:
        overlap: people for each record.
        calibration_share: share of the records, 0 to 1, that more people answer, to measure agreement.
        calibration_overlap: people for each of those; everybody where there are fewer.
        seed: of all that chance decides.
        quotas: person -> the most records that they get; no limit where there is none.
        gold_rate: share of the places, 0 to 1, that shall be on gold records; they are calibration records beside
            those of ``calibration_share``.
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
        rank: its place in the order of all records.
        calibration: whether it is one that more people answer.
    """

    people: tuple[str, ...]
    rank: int
    calibration: bool


@dataclass(frozen=True)
class Plan:
    """Who answers what.

    Attributes:
        ids: of the records.
        people: everybody who has or had a place, sorted.
        starts: where each record's places begin in ``holders``, and the end of the last.
        holders: number of the person at each place.
        ranks: place of each record in the order of all.
        calibration: which records more people answer.
    """

    ids: Sequence[str]
    people: Sequence[str]
    starts: Integers
    holders: Integers
    ranks: Integers
    calibration: Truths

    def records(self) -> Iterator[tuple[str, Assigned]]:
        """Every record with its people, in the order of ``ids``."""
        begins, holders = self.starts.tolist(), self.holders.tolist()
        ranks, more = self.ranks.tolist(), self.calibration.tolist()
        for number, identifier in enumerate(self.ids):
            people = tuple(self.people[one] for one in holders[begins[number] : begins[number + 1]])
            yield identifier, Assigned(people, ranks[number], more[number])

    def loads(self) -> dict[str, int]:
        """Person -> records."""
        counts = np.bincount(self.holders, minlength=len(self.people)).tolist()
        return dict(zip(self.people, counts, strict=True))

    def calibration_loads(self) -> dict[str, int]:
        """Person -> calibration records."""
        of_place = np.repeat(self.calibration, np.diff(self.starts))
        counts = np.bincount(self.holders[of_place], minlength=len(self.people)).tolist()
        return dict(zip(self.people, counts, strict=True))

    def pair_overlaps(self) -> Integers:
        """People x people: records that both answer; on the diagonal, each one's own."""
        count = len(self.people)
        found = np.zeros(count * count, np.int64)
        widths = np.diff(self.starts)
        for width in np.unique(widths).tolist():
            table = self.holders[self.starts[:-1][widths == width, None] + np.arange(width)]
            for one in range(width):
                for other in range(width):
                    found += np.bincount(table[:, one] * count + table[:, other], minlength=count * count)
        return found.reshape(count, count)


def make_plan(
    ids: Sequence[str],
    people: Collection[str],
    rules: Rules = Rules(),
    strata: Sequence[Hashable] | None = None,
    gold: Collection[str] = (),
) -> Plan:
    """A new plan.

    Args:
        ids: of the records, each once.
        people: usernames.
        rules: what the plan has to be.
        strata: what each record belongs to; each stratum is shared out evenly. None for no strata.
        gold: ids of records whose answers are known; as many as make the rate are dealt as gold.

    Returns:
        Everybody's loads are equal to within one, as far as the quotas allow; nobody has a record twice.

    Raises:
        UsageError: there are too few people for the overlap, or the quotas are too small.
    """
    names = sorted(people)
    _check_people(names, rules)
    random = np.random.default_rng(rules.seed)
    groups = _numbered(strata, len(ids))
    calibration = _calibration(groups, rules, random)
    known = _gold(ids, gold, calibration, rules, len(names))
    calibration |= known
    places = _places(calibration, rules, len(names))
    nothing = np.zeros(len(names), np.int64)
    loads = even_loads(int(places.sum()), nothing, _most(names, rules, len(ids)), nothing, random)
    holders = _dealt(places, _classes(known, calibration), groups, loads, random)
    return Plan(ids, names, _starts(places), holders, random.permutation(len(ids)), calibration)


def extend_plan(
    plan: Plan,
    people: Collection[str],
    answered: Collection[tuple[str, str]],
    rules: Rules = Rules(),
    new: Sequence[str] = (),
    strata: Sequence[Hashable] | None = None,
    gold: Collection[str] = (),
) -> Plan:
    """The plan after people joined or left, quotas changed or records came.

    Places that are answered stay with those who answered. Of the others as few as possible move, and loads,
    answered work included, are again equal to within one, as far as the answers allow.

    Args:
        plan: the plan so far.
        people: usernames of those who take part from now on.
        answered: record and person of every response.
        rules: what the plan has to be; of the overlaps, what new records have to be.
        new: ids of records that are not in the plan yet; they come last in everybody's order.
        strata: what each of those belongs to.
        gold: those of them whose answers are known.

    Raises:
        UsageError: as for `make_plan`.
    """
    names = sorted({*plan.people, *people})
    _check_people(sorted(people), rules)
    random = np.random.default_rng([rules.seed, len(plan.ids), len(names), len(answered)])
    groups = _numbered(strata, len(new))
    calibration = _calibration(groups, rules, random)
    known = _gold(new, gold, calibration, rules, len(people))
    calibration |= known
    widths = np.concatenate((np.diff(plan.starts), _places(calibration, rules, len(people))))
    renumbered = np.array([names.index(name) for name in plan.people], np.int64)
    active = np.array([name in set(people) for name in names])
    if int(widths.max(initial=0)) > len(people):
        raise UsageError(_too_few(int(widths.max()), len(people)))
    old = renumbered[plan.holders]
    ids = [*plan.ids, *new]
    fixed = _fixed(ids, names, _starts(widths), old, answered)
    held = np.bincount(old, minlength=len(names))
    least = np.bincount(old[fixed[: len(old)]], minlength=len(names))
    targets = _targets(int(widths.sum()), least, _most(names, rules, len(ids)), held, active, random)
    fresh = _deal_new(
        widths[len(plan.ids) :],
        _classes(known, calibration),
        groups,
        np.where(active, targets - held, 0),
        active,
        random,
    )
    places = Places(np.concatenate((old, fresh)), _starts(widths), fixed, active, random)
    places.level(targets)
    ranks = np.concatenate((plan.ranks, len(plan.ids) + random.permutation(len(new))))
    return Plan(ids, names, places.starts, places.holders, ranks, np.concatenate((plan.calibration, calibration)))


def with_answers(plan: Plan, answered: Collection[tuple[str, str]]) -> Plan:
    """The plan with everybody on the records that they answered, in the place of somebody who did not.

    Args:
        plan: made while there were answers already.
        answered: record and person of every response. Of those to one record more than its places are left out.
    """
    names = sorted({*plan.people, *(person for _, person in answered)})
    numbers = {name: number for number, name in enumerate(names)}
    holders = np.array([numbers[name] for name in plan.people], np.int64)[plan.holders]
    records = {identifier: number for number, identifier in enumerate(plan.ids)}
    by_record: dict[int, list[int]] = {}
    for identifier, person in sorted(answered):
        if identifier in records:
            by_record.setdefault(records[identifier], []).append(numbers[person])
    for record, said in by_record.items():
        begin, end = plan.starts[record : record + 2].tolist()
        others = [one for one in holders[begin:end].tolist() if one not in said]
        holders[begin:end] = [*said, *others][: end - begin]
    return Plan(plan.ids, names, plan.starts, holders, plan.ranks, plan.calibration)


def moved(before: Plan, after: Plan) -> int:
    """Places of ``before`` that somebody else has now."""
    old, new = (np.array(plan.people, object)[plan.holders] for plan in (before, after))
    return int((old != new[: len(old)]).sum())


def _most(names: Sequence[str], rules: Rules, records: int) -> Integers:
    """Nobody can answer a record twice, nor more than their quota."""
    return np.array([min(rules.quotas.get(name, records), records) for name in names], np.int64)


def _targets(
    total: int, least: Integers, most: Integers, held: Integers, active: Truths, random: np.random.Generator
) -> Integers:
    """Loads of those who take part; those who left keep what they answered, which ``total`` counts too."""
    targets = np.zeros(len(active), np.int64)
    shared = total - int(least[~active].sum())
    targets[active] = even_loads(shared, least[active], most[active], held[active], random)
    return targets


def _deal_new(
    places: Integers,
    classes: Integers,
    groups: Integers,
    wanted: Integers,
    active: Truths,
    random: np.random.Generator,
) -> Integers:
    """New records dealt to those who lack work first."""
    if not len(places):
        return np.zeros(0, np.int64)
    most = np.where(active, np.minimum(np.maximum(wanted, 0), len(places)), 0)
    if int(most.sum()) < int(places.sum()):
        most = np.where(active, len(places), 0)
    share = np.minimum(np.maximum(wanted, 0), most)
    if int(share.sum()) > int(places.sum()):
        share = np.zeros_like(share)
    loads = even_loads(int(places.sum()), share, most, wanted, random)
    return _dealt(places, classes, groups, loads, random)


def _dealt(
    places: Integers, classes: Integers, groups: Integers, loads: Integers, random: np.random.Generator
) -> Integers:
    order = np.lexsort((random.random(len(places)), groups, classes))
    dealt = deal(places[order], loads, random)
    starts = _starts(places)
    holders = np.empty(len(dealt), np.int64)
    inside = np.arange(len(dealt)) - np.repeat(_starts(places[order])[:-1], places[order])
    holders[np.repeat(starts[:-1][order], places[order]) + inside] = dealt
    return holders


def _fixed(
    ids: Sequence[str],
    names: Sequence[str],
    starts: Integers,
    holders: Integers,
    answered: Collection[tuple[str, str]],
) -> Truths:
    fixed = np.zeros(int(starts[-1]), bool)
    places = {identifier: number for number, identifier in enumerate(ids)} if answered else {}
    numbers = {name: number for number, name in enumerate(names)}
    for identifier, person in answered:
        if identifier in places and person in numbers:
            begin, end = starts[places[identifier] : places[identifier] + 2]
            here = holders[begin:end]
            fixed[begin : begin + len(here)] |= here == numbers[person]
    return fixed


def _calibration(groups: Integers, rules: Rules, random: np.random.Generator) -> Truths:
    """Every so manieth record of a random order, stratum by stratum."""
    count = len(groups)
    wanted = round(rules.calibration_share * count) if rules.calibration_overlap != rules.overlap else 0
    chosen = np.zeros(count, bool)
    order = np.lexsort((random.random(count), groups))
    chosen[order[(np.arange(wanted) * count) // max(wanted, 1)]] = True
    return chosen


def _gold(ids: Sequence[str], gold: Collection[str], calibration: Truths, rules: Rules, people: int) -> Truths:
    """Which records are dealt as gold: so many of those that are known, at random, as make the rate of all places.

    A known record takes ``more`` places in place of ``rules.overlap``, so that there are more places in all.
    """
    chosen = np.zeros(len(ids), bool)
    known = [number for number, identifier in enumerate(ids) if identifier in gold] if gold else []
    if not known:
        return chosen
    usual = int(_places(calibration, rules, people).sum())
    more = int(_places(np.ones(1, bool), rules, people)[0])
    wanted = round(rules.gold_rate * usual / (more - rules.gold_rate * (more - rules.overlap)))
    # A generator of its own: the rest of the plan is the same without gold.
    order = np.random.default_rng([rules.seed, len(ids)]).permutation(known)
    chosen[order[:wanted]] = True
    return chosen


def _classes(gold: Truths, calibration: Truths) -> Integers:
    """What is dealt first, so that everybody gets an even share of it: gold, then calibration, then the rest."""
    return np.where(gold, 0, np.where(calibration, 1, 2))


def _places(calibration: Truths, rules: Rules, people: int) -> Integers:
    return np.where(calibration, max(min(rules.calibration_overlap, people), rules.overlap), rules.overlap)


def _numbered(strata: Sequence[Hashable] | None, count: int) -> Integers:
    numbers: dict[Hashable, int] = {}
    found = [numbers.setdefault(one, len(numbers)) for one in strata or [0] * count]
    return np.array(found, np.int64)


def _starts(places: Integers) -> Integers:
    return np.concatenate(([0], np.cumsum(places))).astype(np.int64)


def _check_people(names: Sequence[str], rules: Rules) -> None:
    if rules.overlap > len(names):
        raise UsageError(_too_few(rules.overlap, len(names)))


def _too_few(overlap: int, people: int) -> str:
    return (
        f"assignment: {overlap} people for each record, but only {people} take part; "
        "add people or lower the overlap"
    )
