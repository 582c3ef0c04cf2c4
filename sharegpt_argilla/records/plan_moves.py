"""Places moved from one person to another: as few as possible, none that is answered."""

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
    total: int, least: Integers, most: Integers, held: Integers, random: np.random.Generator
) -> Integers:
    """How many places each person gets: as equal as the bounds allow, and equal to within one where they do not.

    Args:
        total: places in all.
        least: what each person must keep.
        most: the most that each may have.
        held: what each has now; where places are left over, those who have more keep more, chance decides last.
        random: decides.

    Raises:
        UsageError: all of ``most`` together is less than ``total``.
    """
    most = np.maximum(most, least)
    if int(most.sum()) < total:
        raise UsageError(
            f"assignment: the quotas leave room for {int(most.sum()):,} of {total:,} places; "
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
    # Those whom one more would not take out of their bounds.
    open_to_more = np.flatnonzero(np.clip(low + 1, least, most) > loads)
    by_held = np.lexsort((random.random(len(open_to_more)), -held[open_to_more]))
    loads[open_to_more[by_held[: total - int(loads.sum())]]] += 1
    return loads


def deal(places: Integers, loads: Integers, random: np.random.Generator) -> Integers:
    """Who gets which place: person after person at random, each one's places spread evenly from first to last.

    Neighbouring records so form an even share of everybody's work, whatever they have in common.

    Args:
        places: of each record, in an order of which any stretch shall be shared evenly.
        loads: of each person; together as many as there are places.
        random: decides.

    Returns:
        The person of each place.

    Raises:
        UsageError: some record would need the same person twice.
    """
    people = np.repeat(np.arange(len(loads)), loads)
    turns = np.arange(len(people)) - np.repeat(np.cumsum(loads) - loads, loads)
    # In every stretch of 1/load each person has exactly one turn, at a random moment.
    moments = (turns + random.random(len(people))) / np.repeat(loads, loads)
    holders = people[np.argsort(moments, kind="stable")]
    _part_twins(holders, places)
    return holders


def _part_twins(holders: Integers, places: Integers) -> None:
    """Swap places, each with the nearest that will do, until no record has the same person twice."""
    starts = np.concatenate(([0], np.cumsum(places)))
    record_of = np.repeat(np.arange(len(places)), places)
    if len(holders) == len(places):
        return
    # Only among the records where two places are the same; a swap never makes new ones.
    for place in _twins(holders, places, starts):
        begin, end = starts[record_of[place]], starts[record_of[place] + 1]
        person = holders[place]
        here = holders[begin:end].tolist()
        if here.count(person) < 2:
            continue
        for other in _outward(int(place), len(holders)):
            there = holders[starts[record_of[other]] : starts[record_of[other] + 1]]
            if holders[other] not in here and person not in there:
                holders[place], holders[other] = holders[other], person
                break
        else:
            raise UsageError(
                "assignment: the quotas leave too few people for the overlap; raise them, or add people"
            )


def _twins(holders: Integers, places: Integers, starts: Integers) -> Iterator[int]:
    """Places whose person stands on the record before."""
    found = []
    for overlap in np.unique(places[places > 1]).tolist():
        begins = starts[:-1][places == overlap]
        table = holders[begins[:, None] + np.arange(overlap)]
        for later in range(1, overlap):
            twin = (table[:, :later] == table[:, [later]]).any(axis=1)
            found.append(begins[twin] + later)
    return iter(chain.from_iterable(part.tolist() for part in found))


def _outward(place: int, count: int) -> Iterator[int]:
    for step in range(1, count):
        if place + step < count:
            yield place + step
        if step <= place:
            yield place - step


Truths = NDArray[np.bool_]
_NOBODY = -1

_Chain = list[tuple[int, int]]
"""Places and their new holders: each place goes from the holder before to the next."""


@dataclass
class Places:
    """Who holds which place.

    Attributes:
        holders: the person of each place, record after record; changed in place.
        starts: where each record's places begin, and the end of the last.
        fixed: places that stay, because they are answered.
        active: of each person, whether places may go to them.
        random: decides.
    """

    holders: Integers
    starts: Integers
    fixed: Truths
    active: Truths
    random: np.random.Generator

    def __post_init__(self) -> None:
        self._record_of = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        self._moved = np.zeros(len(self.holders), bool)

    def loads(self) -> Integers:
        """Places of each person."""
        return np.bincount(self.holders[self.holders != _NOBODY], minlength=len(self.active))

    def level(self, targets: Integers) -> None:
        """Give each active person as many places as ``targets`` says, and those who left none but answered ones.

        Where that cannot be, because of who answered what, loads end as even as they can be.
        """
        pool = self._take(targets)
        self._moved[pool] = True
        lacking = np.where(self.active, targets - self.loads(), 0)
        for place in self.random.permutation(pool).tolist():
            person = self._neediest(place, lacking)
            if person is not None:
                self.holders[place] = person
                lacking[person] -= 1
            else:
                self._squeeze_in(place, lacking)
        self._even_out()

    def _take(self, targets: Integers) -> Integers:
        """The places that must go to somebody else, taken from their holders.

        Of those that could go, first such on records where few other places go and few of those who lack places
        are already: what is taken must find a taker who is not on the record.
        """
        pool = [np.flatnonzero(~self.active[self.holders] & ~self.fixed)]
        loads = self.loads()
        crowded = np.zeros(len(self.starts) - 1, np.int64)
        lacking = self.active & (loads < targets)
        for places in (pool[0], np.flatnonzero(lacking[self.holders])):
            np.add.at(crowded, self._record_of[places], 1)
        for person in np.flatnonzero(self.active & (loads > targets)).tolist():
            movable = self.random.permutation(self._movable(person))
            by_room = movable[np.argsort(crowded[self._record_of[movable]], kind="stable")]
            pool.append(by_room[: int(loads[person] - targets[person])])
            np.add.at(crowded, self._record_of[pool[-1]], 1)
        taken = np.concatenate(pool)
        self.holders[taken] = _NOBODY
        return taken

    def _neediest(self, place: int, lacking: Integers) -> int | None:
        """Of those who lack places and are not on the record, the one who lacks most."""
        needs = lacking + self.random.random(len(lacking))
        needs[self._on_record(place)] = 0
        person = int(np.argmax(needs))
        return person if needs[person] >= 1 else None

    def _squeeze_in(self, place: int, lacking: Integers) -> None:
        """Give the place to somebody who passes another on to those who lack; failing that, to the least busy."""
        free = self._free_for(place)
        for moved_only in (True, False):
            chain = self._chain(free, lacking > 0, moved_only=moved_only)
            if chain is not None:
                # The first of the chain is the only one who is not named as a taker in it.
                first = int(self.holders[chain[0][0]])
                self._follow(chain)
                self.holders[place] = first
                lacking[chain[-1][1]] -= 1
                return
        loads = self.loads()
        person = min(free, key=lambda one: (int(loads[one]), one))
        self.holders[place] = person
        lacking[person] -= 1

    def _even_out(self) -> None:
        """Chains from those with most to those with two less or fewer, until there is none."""
        while True:
            loads = self.loads()
            busy = [one for one in np.argsort(-loads, kind="stable").tolist() if self.active[one]]
            least = min((int(loads[one]) for one in busy), default=0)
            for giver in busy:
                if loads[giver] < least + 2:
                    return
                chain = self._chain([giver], self.active & (loads <= loads[giver] - 2), moved_only=False)
                if chain is not None:
                    self._follow(chain)
                    break
            else:
                return

    def _chain(self, givers: list[int], takers: Truths, *, moved_only: bool) -> _Chain | None:
        """The shortest chain of places that ends with a taker; None where there is none.

        Args:
            givers: one of them begins it.
            takers: of each person, whether the chain may end there.
            moved_only: only places that moved already, so that none moves on account of this.
        """
        came: dict[int, tuple[int, int] | None] = dict.fromkeys(givers)
        waiting = deque(came)
        while waiting:
            giver = waiting.popleft()
            for place in self._movable(giver).tolist():
                if moved_only and not self._moved[place]:
                    continue
                for taker in self._free_for(place):
                    if taker in came:
                        continue
                    came[taker] = (giver, place)
                    if takers[taker]:
                        return _unwound(came, taker)
                    waiting.append(taker)
            if len(came) == len(self.active):
                return None
        return None

    def _follow(self, chain: _Chain) -> None:
        for place, taker in chain:
            self.holders[place] = taker
            self._moved[place] = True

    def _movable(self, person: int) -> Integers:
        places: Integers = np.flatnonzero((self.holders == person) & ~self.fixed)
        return places

    def _on_record(self, place: int) -> Integers:
        record = self._record_of[place]
        people = self.holders[self.starts[record] : self.starts[record + 1]]
        there: Integers = people[people != _NOBODY]
        return there

    def _free_for(self, place: int) -> list[int]:
        there = set(self._on_record(place).tolist())
        return [person for person in np.flatnonzero(self.active).tolist() if person not in there]


def _unwound(came: dict[int, tuple[int, int] | None], last: int) -> _Chain:
    chain: _Chain = []
    taker, link = last, came[last]
    while link is not None:
        giver, place = link
        chain.append((place, taker))
        taker, link = giver, came[giver]
    return chain[::-1]
