"""When an item has been asked often enough, and who is asked next: the rule that saves answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from sharegpt_argilla.responses.answer_model import QuestionEstimates
from sharegpt_argilla.responses.confidence import Estimate

UNKNOWN_ABILITY = 0.5
"""Of somebody who answered nothing yet: whoever has proved better is asked first."""


def sureness(estimate: Estimate) -> dict[Any, float]:
    """Item -> the probability of its most probable label."""
    return {item: max(shares.values()) for item, shares in estimate.answers.items()}


def sureness_of_all(questions: Iterable[QuestionEstimates]) -> dict[Any, float]:
    """Row id -> the sureness of the least sure of its questions, and of the labels of one with several."""
    least: dict[Any, float] = {}
    for estimates in questions:
        for estimate in estimates.values():
            for item, share in sureness(estimate).items():
                least[item] = min(share, least.get(item, 1.0))
    return least


def compared(
    sure: Mapping[Any, float], people: Mapping[Any, Collection[Any]], known: Collection[Any] = ()
) -> dict[Any, float]:
    """The same once a team's answers were compared with anything; until then 0 for every item.

    Before two people answered one item, or somebody one whose right answer is known, the model knows how common
    each answer is and how able other teams are, and nothing of this one.

    Args:
        sure: item -> the probability of its most probable label.
        people: item -> who answered it.
        known: items whose right answer is known.
    """
    something = any(len(of_item) > 1 or item in known for item, of_item in people.items())
    return dict(sure) if something else dict.fromkeys(sure, 0.0)


def settled_by_people(
    counting_agents: Mapping[Any, float], people_alone: Mapping[Any, float], people: Mapping[Any, Collection[Any]]
) -> dict[Any, float]:
    """Item -> how sure it is, where an agent counts that may be wrong as people are who saw what it suggested.

    With one person an agent only adds doubt: the less sure of both estimates counts. From two people on it is one
    rater more.

    Args:
        counting_agents: item -> the probability of its most probable label, of people's and agents' answers.
        people_alone: the same of people's answers alone.
        people: item -> who answered it.
    """
    return {
        item: share if len(people[item]) > 1 else min(share, people_alone[item])
        for item, share in counting_agents.items()
    }


def abilities_in_all(questions: Iterable[QuestionEstimates]) -> dict[Any, float]:
    """Person -> their ability, on the mean of the questions and labels that they answered."""
    abilities: dict[Any, list[float]] = {}
    for estimates in questions:
        for estimate in estimates.values():
            for person, ability in estimate.people.items():
                abilities.setdefault(person, []).append(ability.ability)
    return {person: fmean(shares) for person, shares in abilities.items()}


def unsettled(sure: Mapping[Any, float], answer_counts: Mapping[Any, int], until: float, most: int) -> list[Any]:
    """The items that need one answer more, the least sure first.

    Args:
        sure: item -> the probability of its most probable label.
        answer_counts: item -> how many answers it has.
        until: an item is settled when one label is at least that probable.
        most: an item with so many answers is given up: it is not asked again.
    """
    waiting = [item for item, share in sure.items() if share < until and answer_counts[item] < most]
    return sorted(waiting, key=sure.__getitem__)


def choose_people(
    abilities: Mapping[Any, float],
    items: Sequence[Any],
    candidates: Mapping[Any, Sequence[Any]],
    room: Mapping[Any, float],
) -> dict[Any, Any]:
    """Item -> who answers it next; items for whom nobody has room are absent.

    Of the abler half of those who may answer it, the one with the most room. Always the ablest was worse where
    people err together: whom the model believes ablest shares the errors of the many.

    Args:
        abilities: person -> how often they are right.
        items: in the order in which they choose.
        candidates: item -> people who did not answer it yet; of equals the first is taken.
        room: person -> how many answers they may still give.
    """
    left = dict(room)
    chosen = {}
    for item in items:
        free = [person for person in candidates.get(item, ()) if left.get(person, 0) >= 1]
        if free:
            ranked = sorted(free, key=lambda person: -abilities.get(person, UNKNOWN_ABILITY))
            chosen[item] = max(ranked[: (len(ranked) + 1) // 2], key=left.__getitem__)
            left[chosen[item]] -= 1
    return chosen
