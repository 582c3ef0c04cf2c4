"""Makes any two people share about as many records as any other two, by swaps that change nobody's load."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np

from sharegpt_argilla.records.plan_moves import Integers

MAX_SWEEPS = 60
"""How often each record is tried at most; a few people on some hundred records need about five."""

MAX_TRIALS = 200_000
"""Swaps that are tried at most, about a second; with more slots chance alone leaves pairs within a few percent."""


def balance_pairs(
    holders: Integers, slots: Integers, groups: Integers, shared: Integers, random: np.random.Generator
) -> None:
    """Swap people between records until any two share as many records as any other two, give or take one.

    Only slots of one group are swapped, so that what everybody has of a group stays. Where that leaves no better
    swap, the numbers stay as even as they became.

    Args:
        holders: the person of each slot, record by record; modified. Nobody is on a record twice.
        slots: number of slots of each record.
        groups: group of each record.
        shared: people x people: records that both have elsewhere.
        random: the random generator.
    """
    if int(slots.max(initial=0)) < 2:
        return
    starts = np.concatenate(([0], np.cumsum(slots))).tolist()
    records = [holders[begin:end].tolist() for begin, end in pairwise(starts)]
    pairs = _pairs(records, shared)
    members = [np.flatnonzero((groups == group) & (slots > 1)) for group in np.unique(groups)]
    tried = 0
    for _ in range(MAX_SWEEPS):
        if _even(pairs) or tried > MAX_TRIALS:
            break
        for group in members:
            tried += _sweep(records, random.permutation(group), pairs, random)
    holders[:] = [person for record in records for person in record]


def _pairs(records: list[list[int]], shared: Integers) -> list[list[int]]:
    pairs: list[list[int]] = shared.tolist()
    for record in records:
        for one, other in combinations(record, 2):
            pairs[one][other] += 1
            pairs[other][one] += 1
    return pairs


def _even(pairs: list[list[int]]) -> bool:
    counts = [pairs[person][other] for person in range(len(pairs)) for other in range(person)]
    return not counts or max(counts) - min(counts) <= 1


def _sweep(records: list[list[int]], group: Integers, pairs: list[list[int]], random: np.random.Generator) -> int:
    """Try each record of a group with another one of it, at random slots; returns how many swaps were tried."""
    others = random.permutation(group).tolist()
    draws = random.random((len(group), 2)).tolist()
    for first, second, (draw, other_draw) in zip(group.tolist(), others, draws, strict=True):
        first_people, second_people = records[first], records[second]
        slot, other_slot = int(draw * len(first_people)), int(other_draw * len(second_people))
        if (
            first_people[slot] not in second_people
            and second_people[other_slot] not in first_people
            and _gain(first_people, second_people, first_people[slot], second_people[other_slot], pairs) >= 0
        ):
            _swap(first_people, second_people, slot, other_slot, pairs)
    return len(group)


def _gain(first: list[int], second: list[int], leaves: int, comes: int, pairs: list[list[int]]) -> int:
    """By how much half the sum of squares falls if ``leaves`` of ``one`` and ``comes`` of ``two`` swap."""
    lost, won = pairs[leaves], pairs[comes]
    gain = sum(lost[other] - won[other] - 1 for other in first if other != leaves and other not in second)
    return gain + sum(won[other] - lost[other] - 1 for other in second if other != comes and other not in first)


def _swap(first: list[int], second: list[int], slot: int, other_slot: int, pairs: list[list[int]]) -> None:
    leaves, comes = first[slot], second[other_slot]
    for record, old, new in ((first, leaves, comes), (second, comes, leaves)):
        for other in record:
            if other != old:
                for person, step in ((old, -1), (new, 1)):
                    pairs[person][other] += step
                    pairs[other][person] += step
    first[slot], second[other_slot] = comes, leaves
