"""Places of records dealt out to people: evenly, at random, nobody twice on a record.

A *place* is one person's turn at one record; a record with overlap 3 has three places. Places lie one behind the
other in an array, record after record.
"""

from __future__ import annotations

from collections.abc import Iterator
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
