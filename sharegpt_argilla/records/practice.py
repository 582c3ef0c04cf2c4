"""Practice: the first gold rows of newcomers, how their answers were judged, and who has passed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Literal

import numpy as np

State = Literal["passed", "practising", "failed", "exempt"]
"""``exempt``: somebody who need not pass, by the project file or because they answered other records before."""

HELD = " (practising)"
"""Follows a username on records that are kept for the person; no username has a space in it."""


@dataclass(frozen=True)
class PlanPractice:
    """The practice of a plan.

    Attributes:
        rows: ids of the rows that everybody answers first, in order.
        judged: person -> row -> whether the answers were right when they were first seen; later changes say
            nothing, since the right answers are shown from then on.
        held: usernames of those who have not passed and get no other records yet.
    """

    rows: Sequence[str] = ()
    judged: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    held: Collection[str] = ()


@dataclass(frozen=True)
class Standing:
    """How far somebody is.

    Attributes:
        person: username.
        state: whether they get other records: ``passed`` and ``exempt`` do.
        answered: practice rows with an answer.
        right: of those, rows with all answers right.
        rows: practice rows in all.
        wanted: right rows that are enough.
    """

    person: str
    state: State
    answered: int
    right: int
    rows: int
    wanted: int

    @property
    def held(self) -> bool:
        """Whether the person gets no other records yet."""
        return self.state in ("practising", "failed")

    def why(self) -> str:
        """``3 of 10 answered`` or ``6 of 10 right, 8 wanted``; what the state rests on."""
        if self.state == "practising":
            return f"{self.answered:,} of {self.rows:,} answered"
        if self.state == "exempt":
            return "need not pass"
        return f"{self.right:,} of {self.rows:,} right, {self.wanted:,} wanted"


def choose_practice(before: Sequence[str], candidates: Collection[str], count: int, seed: int) -> list[str]:
    """The practice rows: those from before, in their order, then others that the seed draws, up to ``count``.

    Args:
        before: rows of the practice so far.
        candidates: ids of all gold rows in the plan.
        count: number of rows that are wanted.
        seed: of the plan.
    """
    others = sorted(set(candidates).difference(before))
    order = np.random.default_rng([seed, count]).permutation(len(others))
    return [*before, *(others[number] for number in order[: max(0, count - len(before))].tolist())]


def standings(
    practice: PlanPractice, people: Sequence[str], count: int, share: float, exempt: Collection[str] = ()
) -> list[Standing]:
    """How far everybody is, in the order of ``people``.

    Args:
        practice: with what was judged so far.
        people: usernames of those who take part.
        count: practice rows that count, the first ones.
        share: of these rows that must be right, 0 to 1.
        exempt: usernames of those who need not pass.
    """
    rows = practice.rows[:count]
    # Without the subtraction 0.55 of 100 rows would be 56, as the product is a little more than 55.
    wanted = ceil(share * len(rows) - 1e-9)
    everybody = []
    for person in people:
        judged = practice.judged.get(person, {})
        verdicts = [judged[row] for row in rows if row in judged]
        right, state = sum(verdicts), _state(whole=len(verdicts) == len(rows), enough=sum(verdicts) >= wanted)
        if state != "passed" and person in exempt:
            state = "exempt"
        everybody.append(Standing(person, state, len(verdicts), right, len(rows), wanted))
    return everybody


def _state(*, whole: bool, enough: bool) -> State:
    if not whole:
        return "practising"
    return "passed" if enough else "failed"
