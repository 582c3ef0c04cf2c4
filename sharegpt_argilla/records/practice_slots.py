"""The slots of practice rows: every newcomer has one, and it never moves to somebody else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from sharegpt_argilla.records.assignment_plan import Plan


def with_practice(
    plan: Plan,
    rows: Sequence[str],
    people: Collection[str],
    newcomers: Collection[str],
    answered: Collection[tuple[str, str]],
) -> Plan:
    """The plan with all newcomers on these rows, which come first, in this order.

    Args:
        plan: the plan so far.
        rows: ids of the practice rows; those that the plan does not have are ignored.
        people: usernames of those who take part; whoever left stays on a row only if they answered it.
        newcomers: those of ``people`` who practise.
        answered: record and person of every response.
    """
    names = sorted({*plan.people, *people})
    numbers = {name: number for number, name in enumerate(names)}
    holders = np.array([numbers[name] for name in plan.people], np.int64)[plan.holders]
    widths, ranks, flags = np.diff(plan.starts), plan.ranks.copy(), plan.calibration.copy()
    order, states = {row: number for number, row in enumerate(rows)}, dict(plan.states)
    pieces, end = [], 0
    for number, row in enumerate(plan.ids):
        if row not in order:
            continue
        pieces.append(holders[end : int(plan.starts[number])])
        end = int(plan.starts[number + 1])
        before = [names[holder] for holder in holders[int(plan.starts[number]) : end].tolist()]
        after = _people_of_row(row, before, people, newcomers, answered)
        if not set(after) <= set(before):
            states.pop(row, None)
        pieces.append(np.array([numbers[name] for name in after], np.int64))
        # The ranks of other records begin with 0.
        widths[number], ranks[number], flags[number] = len(after), order[row] - len(rows), True
    slots = np.concatenate([*pieces, holders[end:]])
    starts = np.concatenate(([0], np.cumsum(widths))).astype(np.int64)
    return replace(plan, people=names, starts=starts, holders=slots, ranks=ranks, calibration=flags, states=states)


def _people_of_row(
    row: str,
    before: Sequence[str],
    people: Collection[str],
    newcomers: Collection[str],
    answered: Collection[tuple[str, str]],
) -> list[str]:
    """Who is on a practice row; somebody, even if all have left."""
    kept = [name for name in before if name in people or (row, name) in answered]
    return [*kept, *sorted(set(newcomers).difference(kept))] or sorted(people)[:1]


def practice_places(plan: Plan, rows: Collection[str]) -> set[tuple[str, str]]:
    """Record and person of all slots on practice rows, which stay where they are as answers do."""
    if not rows:
        return set()
    return {(row, person) for row, assigned in plan.records() if row in rows for person in assigned.people}
