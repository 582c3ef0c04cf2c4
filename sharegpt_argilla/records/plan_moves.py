"""The slots of a plan: even loads, dealing, and moving as few unanswered slots as possible between people."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from sharegpt_argilla.errors import UsageError

Integers = NDArray[np.int64]


def even_loads(
    total: int, least: Integers, most: Integers, current: Integers, random: np.random.Generator
) -> Integers:
    """How many slots each person gets: as equal as the bounds allow; without bounds they differ by at most one.

    Args:
        total: number of all slots.
        least: minimum of each person.
        most: maximum of each person.
        current: number of each person now; remaining slots go to people who have more now, then at random.
        random: the random generator.

    Raises:
        UsageError: the sum of ``most`` is less than ``total``.
    """
    most = np.maximum(most, least)
    if int(most.sum()) < total:
        raise UsageError(
            f"assignment: the quotas leave room for {int(most.sum()):,} of {total:,} slots; "
            "raise them, or add people"
        )
    low, high = 0, int(most.max(initial=0))
    while low < high:
        middle = (low + high + 1) // 2
        if int(np.clip(middle, least, most).sum()) <= total:
            low = middle
        else:
            high = middle - 1
    loads: Integers = np.clip(low, least, most)
    # People for whom one more is within their bounds.
    open_to_more = np.flatnonzero(np.clip(low + 1, least, most) > loads)
    by_current = np.lexsort((random.random(len(open_to_more)), -current[open_to_more]))
    loads[open_to_more[by_current[: total - int(loads.sum())]]] += 1
    return loads


def deal(slots: Integers, loads: Integers, random: np.random.Generator) -> Integers:
    """Assign slots to people in random order, with each person's slots spread evenly from first to last.

    Neighbouring records are thus shared evenly by everybody, whatever they have in common.

    Args:
        slots: number of slots of each record, in an order of which any stretch is to be shared evenly.
        loads: number of slots of each person; the sum is that of ``slots``.
        random: the random generator.

    Returns:
        The person of each slot.

    Raises:
        UsageError: a record would need the same person twice.
    """
    people = np.repeat(np.arange(len(loads)), loads)
    turns = np.arange(len(people)) - np.repeat(np.cumsum(loads) - loads, loads)
    # In each interval of length 1/load a person has exactly one turn, at a random moment.
    moments = (turns + random.random(len(people))) / np.repeat(loads, loads)
    holders = people[np.argsort(moments, kind="stable")]
    _part_twins(holders, slots)
    return holders


def _part_twins(holders: Integers, slots: Integers) -> None:
    """Swap slots, each with the nearest suitable one, until no record has the same person twice."""
    starts = np.concatenate(([0], np.cumsum(slots)))
    record_of = np.repeat(np.arange(len(slots)), slots)
    if len(holders) == len(slots):
        return
    # Only records with the same person twice need a swap, and a swap never creates another such record.
    for slot in _twins(holders, slots, starts):
        begin, end = starts[record_of[slot]], starts[record_of[slot] + 1]
        person = holders[slot]
        people = holders[begin:end].tolist()
        if people.count(person) < 2:
            continue
        for other in _outward(int(slot), len(holders)):
            other_people = holders[starts[record_of[other]] : starts[record_of[other] + 1]]
            if holders[other] not in people and person not in other_people:
                holders[slot], holders[other] = holders[other], person
                break
        else:
            raise UsageError(
                "assignment: the quotas leave too few people for the overlap; raise them, or add people"
            )


def _twins(holders: Integers, slots: Integers, starts: Integers) -> Iterator[int]:
    """Slots whose person has an earlier slot of the same record."""
    twins = []
    for overlap in np.unique(slots[slots > 1]).tolist():
        begins = starts[:-1][slots == overlap]
        table = holders[begins[:, None] + np.arange(overlap)]
        for later in range(1, overlap):
            twin = (table[:, :later] == table[:, [later]]).any(axis=1)
            twins.append(begins[twin] + later)
    return iter(chain.from_iterable(indices.tolist() for indices in twins))


def _outward(slot: int, count: int) -> Iterator[int]:
    for step in range(1, count):
        if slot + step < count:
            yield slot + step
        if step <= slot:
            yield slot - step


Truths = NDArray[np.bool_]
_NOBODY = -1

_Chain = list[tuple[int, int]]
"""Slots and their new holders: each slot moves from its holder to the next person of the chain."""


@dataclass
class Slots:
    """The person of each slot, with operations that move slots.

    Attributes:
        holders: the person of each slot, record by record; modified.
        starts: where each record's slots begin, and the end of the last.
        fixed: slots that cannot move, because they are answered.
        active: for each person, whether they may get slots.
        random: the random generator.
        most: for each person, the most slots that they may get.
    """

    holders: Integers
    starts: Integers
    fixed: Truths
    active: Truths
    random: np.random.Generator
    most: Integers

    def __post_init__(self) -> None:
        self._record_of = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        self._moved = np.zeros(len(self.holders), bool)

    def loads(self) -> Integers:
        """Number of slots of each person."""
        return np.bincount(self.holders[self.holders != _NOBODY], minlength=len(self.active))

    def level(self, targets: Integers) -> None:
        """Give each active person as many slots as ``targets`` says, and people who left only their answered ones.

        If answered slots make that impossible, loads become as even as possible. If they are, nothing moves.

        Raises:
            UsageError: they leave no way to keep the quotas.
        """
        if self._is_level():
            return
        pool = self._take(targets)
        self._moved[pool] = True
        lacking = np.where(self.active, targets - self.loads(), 0)
        for slot in self.random.permutation(pool).tolist():
            person = self._neediest(slot, lacking)
            if person is not None:
                self.holders[slot] = person
                lacking[person] -= 1
            else:
                self._squeeze_in(slot, lacking)
        self._keep_quotas()
        self._even_out()

    def _is_level(self) -> bool:
        """Whether nobody has a slot that must move, and no chain makes the loads more even."""
        over_quota = self.active & (self.loads() > self.most)
        must_move = ~self.fixed & (~self.active | over_quota)[self.holders]
        return not must_move.any() and self._evening_chain() is None

    def _take(self, targets: Integers) -> Integers:
        """Take the slots that must move from their holders, and return them.

        Slots on records with few other moving slots and few people who need slots come first, because each slot
        needs a taker who is not on the record.
        """
        pool = [np.flatnonzero(~self.active[self.holders] & ~self.fixed)]
        loads = self.loads()
        crowded = np.zeros(len(self.starts) - 1, np.int64)
        lacking = self.active & (loads < targets)
        for slots in (pool[0], np.flatnonzero(lacking[self.holders])):
            np.add.at(crowded, self._record_of[slots], 1)
        for person in np.flatnonzero(self.active & (loads > targets)).tolist():
            movable = self.random.permutation(self._movable(person))
            by_room = movable[np.argsort(crowded[self._record_of[movable]], kind="stable")]
            pool.append(by_room[: int(loads[person] - targets[person])])
            np.add.at(crowded, self._record_of[pool[-1]], 1)
        taken = np.concatenate(pool)
        self.holders[taken] = _NOBODY
        return taken

    def _neediest(self, slot: int, lacking: Integers) -> int | None:
        """Among people who need slots and are not on the record, the one who needs most."""
        needs = lacking + self.random.random(len(lacking))
        needs[self._on_record(slot)] = 0
        person = int(np.argmax(needs))
        return person if needs[person] >= 1 else None

    def _squeeze_in(self, slot: int, lacking: Integers) -> None:
        """Give the slot to a person who passes another to people who need one; else to the least busy person."""
        free = self._free_for(slot)
        for moved_only in (True, False):
            chain = self._chain(free, lacking > 0, moved_only=moved_only)
            if chain is not None:
                # The first person of the chain is not a taker in it.
                first = int(self.holders[chain[0][0]])
                self._follow(chain)
                self.holders[slot] = first
                lacking[chain[-1][1]] -= 1
                return
        loads = self.loads()
        full = loads >= self.most
        person = min(free, key=lambda candidate: (bool(full[candidate]), int(loads[candidate]), candidate))
        self.holders[slot] = person
        lacking[person] -= 1

    def _keep_quotas(self) -> None:
        """Move slots along chains from people above their quota to people below theirs.

        Chains are augmenting paths of the flow from records to people; without one no plan keeps the quotas.

        Raises:
            UsageError: there is none.
        """
        for person in np.flatnonzero(self.active & (self.loads() > self.most)).tolist():
            while self.loads()[person] > self.most[person] and len(self._movable(person)):
                takers = self.active & (self.loads() < self.most)
                chain = self._chain([person], takers, moved_only=False)
                if chain is None:
                    raise UsageError(
                        "assignment: the quotas leave too few people for the overlap; raise them, or add people"
                    )
                self._follow(chain)

    def _even_out(self) -> None:
        """Move slots along chains until none makes the loads more even."""
        while chain := self._evening_chain():
            self._follow(chain)

    def _evening_chain(self) -> _Chain | None:
        """A chain from one of the busiest people to somebody with room and at least two fewer; None if none is."""
        loads = self.loads()
        busy = [person for person in np.argsort(-loads, kind="stable").tolist() if self.active[person]]
        least = min((int(loads[person]) for person in busy), default=0)
        for giver in busy:
            if loads[giver] < least + 2:
                return None
            takers = self.active & (loads <= loads[giver] - 2) & (loads < self.most)
            if chain := self._chain([giver], takers, moved_only=False):
                return chain
        return None

    def _chain(self, givers: list[int], takers: Truths, *, moved_only: bool) -> _Chain | None:
        """The shortest chain of slots that ends with a taker; None if there is none.

        Args:
            givers: people with whom the chain may begin.
            takers: for each person, whether the chain may end with them.
            moved_only: use only slots that moved already, so that no others move.
        """
        reached: dict[int, tuple[int, int] | None] = dict.fromkeys(givers)
        waiting = deque(reached)
        while waiting:
            giver = waiting.popleft()
            for slot in self._movable(giver).tolist():
                if moved_only and not self._moved[slot]:
                    continue
                for taker in self._free_for(slot):
                    if taker in reached:
                        continue
                    reached[taker] = (giver, slot)
                    if takers[taker]:
                        return _unwound(reached, taker)
                    waiting.append(taker)
            if len(reached) == len(self.active):
                return None
        return None

    def _follow(self, chain: _Chain) -> None:
        for slot, taker in chain:
            self.holders[slot] = taker
            self._moved[slot] = True

    def _movable(self, person: int) -> Integers:
        slots: Integers = np.flatnonzero((self.holders == person) & ~self.fixed)
        return slots

    def _on_record(self, slot: int) -> Integers:
        record = self._record_of[slot]
        people = self.holders[self.starts[record] : self.starts[record + 1]]
        holders: Integers = people[people != _NOBODY]
        return holders

    def _free_for(self, slot: int) -> list[int]:
        on_record = set(self._on_record(slot).tolist())
        return [person for person in np.flatnonzero(self.active).tolist() if person not in on_record]


def _unwound(reached: dict[int, tuple[int, int] | None], last: int) -> _Chain:
    chain: _Chain = []
    taker, link = last, reached[last]
    while link is not None:
        giver, slot = link
        chain.append((slot, taker))
        taker, link = giver, reached[giver]
    return chain[::-1]
