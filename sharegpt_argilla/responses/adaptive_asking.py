"""When an item has been asked often enough, and who is asked next: the rule that saves answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sharegpt_argilla.responses.confidence import Estimate

UNKNOWN_ABILITY = 0.5
"""Of somebody who answered nothing yet: whoever has proved better is asked first."""


def unsettled(estimate: Estimate, given: Mapping[Any, int], until: float, most: int) -> list[Any]:
    """The items that need one answer more, the least sure first.

    Args:
        estimate: of all answers so far.
        given: item -> how many answers it has.
        until: an item is settled when one label is at least that probable.
        most: an item with so many answers is given up: it is not asked again.
    """
    surest = {item: max(shares.values()) for item, shares in estimate.answers.items()}
    waiting = [item for item, share in surest.items() if share < until and given[item] < most]
    return sorted(waiting, key=surest.__getitem__)


def choose_people(
    estimate: Estimate,
    items: Sequence[Any],
    candidates: Mapping[Any, Sequence[Any]],
    room: Mapping[Any, float],
) -> dict[Any, Any]:
    """Item -> who answers it next; items for whom nobody has room are absent.

    Of the abler half of those who may answer it, the one with the most room. Always the ablest was worse where
    people err together: whom the model believes ablest shares the errors of the many.

    Args:
        estimate: of all answers so far.
        items: in the order in which they choose.
        candidates: item -> people who did not answer it yet; of equals the first is taken.
        room: person -> how many answers they may still give.
    """
    left = dict(room)
    abilities = {person: ability.ability for person, ability in estimate.people.items()}
    chosen = {}
    for item in items:
        free = [person for person in candidates.get(item, ()) if left.get(person, 0) >= 1]
        if free:
            ranked = sorted(free, key=lambda person: -abilities.get(person, UNKNOWN_ABILITY))
            chosen[item] = max(ranked[: (len(ranked) + 1) // 2], key=left.__getitem__)
            left[chosen[item]] -= 1
    return chosen
