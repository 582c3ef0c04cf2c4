"""Whether an agent that counts as a rater is trusted too much: simulated teams with an agent that errs in one way.

    python -m bench.agent_raters

Six people of ability 0.7 to 0.95 answer 300 records with three labels, one person each, a tenth of the records
three. The agent has suggested an answer to each. Its errors are correlated: it gives every record of the third
label the first one (``class``), or it errs on a fifth of the records, always towards the next label (``kind``).
People either answer by themselves, or take over what they see in a share of cases. Printed for 20 teams: how right
the most probable labels are, how probable they are called, and what is right of those that a round of
``plan --adapt`` calls settled at 0.9, without the agent as a rater and with it.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np

from sharegpt_argilla.responses.adaptive_asking import settled_by_people, sureness
from sharegpt_argilla.responses.confidence import Answer, estimate

RECORDS, PEOPLE, LABELS = 300, 6, 3
ABLE = (0.7, 0.95)
THREE = 0.1
"""Share of the records that three people answer."""
WRONG = 0.2
"""Share of the records on which an agent of the second kind errs."""
UNTIL = 0.9
TEAMS = 20
COPYING = (0.0, 0.3, 0.6)
GOLD = (0, 30)


class Outcome(NamedTuple):
    """What came out of one team, gold left out.

    Attributes:
        stated: probability of the most probable label of each record.
        settled: whether a plan that adapts calls it settled.
        right: whether the most probable label is right.
        misled: whether the agent is wrong about the record.
        ability: the agent's, as estimated; not a number where it does not count.
    """

    stated: np.ndarray
    settled: np.ndarray
    right: np.ndarray
    misled: np.ndarray
    ability: float


def simulate(seed: int, errs: str, copying: float, gold: int, *, counts: bool) -> Outcome:
    """One team.

    Args:
        seed: of everything that is random.
        errs: ``class`` or ``kind``, see above.
        copying: share of the answers that are the agent's.
        gold: number of records whose answer is known.
        counts: whether the agent counts as a rater.
    """
    random = np.random.default_rng(seed)
    abilities = random.uniform(*ABLE, PEOPLE)
    truth = random.integers(0, LABELS, RECORDS)
    said = _suggested(random, truth, errs)
    answers: list[Answer] = []
    people: dict[int, list[int]] = {}
    for record in range(RECORDS):
        count = 3 if random.random() < THREE else 1
        people[record] = random.choice(PEOPLE, count, replace=False).tolist()
        for person in people[record]:
            answer = (truth[record] + random.integers(1, LABELS)) % LABELS
            if random.random() < copying:
                answer = said[record]
            elif random.random() < abilities[person]:
                answer = truth[record]
            answers.append((record, f"person {person}", int(answer)))
    known = {int(record): int(truth[record]) for record in random.choice(RECORDS, gold, replace=False)}
    found = alone = estimate(answers, range(LABELS), known)
    if counts:
        suggested = [(record, "agent", int(said[record])) for record in range(RECORDS)]
        found = estimate([*answers, *suggested], range(LABELS), known)
    stated = sureness(found)
    settled = settled_by_people(stated, sureness(alone), people)
    rest = [record for record in range(RECORDS) if record not in known]
    best = [max(found.answers[record], key=found.answers[record].__getitem__) for record in rest]
    return Outcome(
        np.array([stated[record] for record in rest]),
        np.array([settled[record] >= UNTIL for record in rest]),
        np.array(best) == truth[rest],
        (said != truth)[rest],
        found.people["agent"].ability if counts else float("nan"),
    )


def _suggested(random: np.random.Generator, truth: np.ndarray, errs: str) -> np.ndarray:
    if errs == "class":
        return np.where(truth == LABELS - 1, 0, truth)
    return np.where(random.random(len(truth)) < WRONG, (truth + 1) % LABELS, truth)


def pooled(outcomes: list[Outcome]) -> dict[str, float]:
    """Figures of several teams.

    Returns:
        ``right``: share of the records; ``stated``: mean probability; ``settled``: share at `UNTIL`;
        ``right of settled``; ``misled``: share settled of the records that the agent has wrong, and wrongly so;
        ``ability``: the agent's.
    """
    stated, settled, right, misled, _ = (np.array(column).ravel() for column in zip(*outcomes, strict=True))
    return {
        "right": float(right.mean()),
        "stated": float(stated.mean()),
        "settled": float(settled.mean()),
        "right of settled": float(right[settled].mean()) if settled.any() else float("nan"),
        "misled": float((settled & misled & ~right).sum() / misled.sum()),
        "ability": float(np.mean([one.ability for one in outcomes])),
    }


def main() -> int:
    """Print a line for each kind of error, share of copied answers, number of gold records, without and with."""
    print("| errs | copied | gold | agent | right | stated | settled | right of settled | misled | ability |")
    print("|---|--:|--:|---|--:|--:|--:|--:|--:|--:|")
    for errs in ("class", "kind"):
        for copying in COPYING:
            for gold in GOLD:
                for counts in (False, True):
                    teams = [simulate(seed, errs, copying, gold, counts=counts) for seed in range(TEAMS)]
                    cells = " | ".join(f"{figure:.3f}" for figure in pooled(teams).values())
                    print(
                        f"| {errs} | {copying:g} | {gold} | {'counts' if counts else '-'} | {cells} |", flush=True
                    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
