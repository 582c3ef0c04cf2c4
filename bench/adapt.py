"""Asking until an answer is settled, replayed on real crowd answers: how many answers that saves.

    python -m bench.adapt FOLDER                   a folder of sets, see bench/crowd_sets.py
    POTATO_PYTHON=… python -m bench.adapt FOLDER   potato's routing as well

Every item has its recorded answers in a random order. Each item is asked once, a tenth of them three times; then
`adaptive_asking` says in every round which items get one answer more, and from whom of those who have an answer
to it. What is left is judged by `estimate_answers`, without gold. The thresholds are gone through, and the answers
that reach the accuracy of a fixed overlap are read off between the two next to it. Yardsticks, with the same
estimate at the end: the fixed overlap, stopping when two agree, and potato's routing by expected information,
which decides what is asked next, and of whom, under the same loads. Exit code 1 when a target was missed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
from collections import Counter
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bench.confidence_reference import POTATO
from bench.crowd_sets import CrowdSet, judge, read_sets
from sharegpt_argilla.responses.adaptive_asking import abilities_in_all, choose_people, sureness, unsettled
from sharegpt_argilla.responses.confidence import Estimate, estimate

THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.96)
START = 0.1
"""Share of the items that three people answer at once, so that there is something to know people by."""
LOAD = 2.0
"""Times the even share of the answers that one person may give: even by how many they gave in the data."""
SAVED = {3: 0.28, 5: 0.48}
"""Fixed overlap -> share of its answers that is to be saved, on the mean of the sets."""
MOST = {3: 4, 5: 5}
"""Fixed overlap -> answers after which an item is given up, by ours and by the rule of thumb."""
STEP = 5
"""potato's routing chooses for this part of the items at a time."""

Mask = npt.NDArray[np.bool_]


class Point(NamedTuple):
    """Answers an item, and the share of items that come out right."""

    answers: float
    right: float


def outcome(crowd: CrowdSet, asked: Mask) -> tuple[Estimate, float]:
    """What is known from some of the answers, and how right it is."""
    found = estimate(crowd.keep(asked).triples(), range(crowd.labels))
    shares = [[found.answers[item][label] for label in range(crowd.labels)] for item in range(len(crowd.truth))]
    return found, float(judge(np.array(shares), crowd.truth).right.mean())


def ranks(crowd: CrowdSet, seed: int) -> npt.NDArray[np.int64]:
    """Of each answer its place in a random order of the answers to its item, from 0."""
    keys = np.random.default_rng(seed).random(len(crowd.items))
    order = np.lexsort((keys, crowd.items))
    starts = np.flatnonzero(np.r_[True, np.diff(crowd.items[order]) > 0])
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    return places


def two_agree(crowd: CrowdSet, order: npt.NDArray[np.int64], most: int) -> Mask:
    """The answers that are asked for when one stops as soon as two agree."""
    asked = np.zeros(len(order), dtype=bool)
    seen: dict[int, Counter[int]] = {}
    for number in np.lexsort((order, crowd.items)):
        votes = seen.setdefault(int(crowd.items[number]), Counter())
        if votes.total() < most and max(votes.values(), default=0) < 2:
            votes[int(crowd.answers[number])] += 1
            asked[number] = True
    return asked


def begin(crowd: CrowdSet, order: npt.NDArray[np.int64], seed: int) -> Mask:
    """What is asked before anything is known."""
    several = np.random.default_rng(seed).random(len(crowd.truth)) < START
    return (order == 0) | ((order < 3) & several[crowd.items])


def candidates_of(crowd: CrowdSet, asked: Mask, items: list[int]) -> dict[int, dict[int, int]]:
    """Item -> person -> number of the answer, of answers that were not asked for yet."""
    found: dict[int, dict[int, int]] = {item: {} for item in items}
    for number in np.flatnonzero(~asked & np.isin(crowd.items, items)):
        found[int(crowd.items[number])][int(crowd.people[number])] = int(number)
    return found


def room_of(crowd: CrowdSet, asked: Mask, more: int) -> dict[int, float]:
    """Person -> answers that they may still give."""
    recorded = np.bincount(crowd.people)
    given = np.bincount(crowd.people[asked], minlength=len(recorded))
    allowed = LOAD * (asked.sum() + more) * recorded / recorded.sum() - given
    return dict(enumerate(allowed.tolist()))


def adapted(crowd: CrowdSet, start: Mask, until: float, most: int) -> Point:
    """Ask until everything is settled or given up."""
    asked = start.copy()
    while True:
        estimates, right = outcome(crowd, asked)
        answer_counts = dict(enumerate(np.bincount(crowd.items[asked], minlength=len(crowd.truth)).tolist()))
        waiting = unsettled(sureness(estimates), answer_counts, until, most)
        answers = candidates_of(crowd, asked, waiting)
        people = {item: list(of_item) for item, of_item in answers.items()}
        chosen = choose_people(
            abilities_in_all([{None: estimates}]), waiting, people, room_of(crowd, asked, len(waiting))
        )
        if not chosen:
            return Point(asked.sum() / len(crowd.truth), right)
        asked[[answers[item][person] for item, person in chosen.items()]] = True


_ROUTE = """
import json, sys
from potato.psychometrics.irt import IRTModel
triples, candidates, room, count = json.load(sys.stdin)
model = IRTModel().fit([tuple(one) for one in triples])
gains = [(model.expected_information_gain(item, person), number) for item, person, number in candidates]
people = {number: (item, str(person)) for item, person, number in candidates}
taken, chosen = set(), []
for gain, number in sorted(gains, key=lambda pair: (-pair[0], pair[1])):
    item, person = people[number]
    if item not in taken and room[person] >= 1 and len(chosen) < count:
        taken.add(item); chosen.append(number); room[person] -= 1
print(json.dumps(chosen))
"""


def routed(crowd: CrowdSet, start: Mask, goal: float, most: float) -> list[Point]:
    """potato's routing, until it is that right or has so many answers an item."""
    asked = start.copy()
    everything = list(range(len(crowd.truth)))
    points = [Point(asked.sum() / len(everything), outcome(crowd, asked)[1])]
    while points[-1].right < goal and points[-1].answers < most:
        pairs = candidates_of(crowd, asked, everything)
        listed = [(item, who, number) for item, of_item in pairs.items() for who, number in of_item.items()]
        count = len(everything) // STEP
        document = [crowd.keep(asked).triples(), listed, room_of(crowd, asked, count), count]
        said = subprocess.run(
            [os.environ[POTATO], "-c", _ROUTE],
            input=json.dumps(document),
            capture_output=True,
            text=True,
            check=True,
        )
        if not (chosen := json.loads(said.stdout)):
            break
        asked[chosen] = True
        points.append(Point(asked.sum() / len(everything), outcome(crowd, asked)[1]))
    return points


def answers_for(points: list[Point], right: float) -> float:
    """The fewest answers that reach an accuracy, between the two points next to it; not a number if none does."""
    best = math.nan
    before: Point | None = None
    for point in sorted(points):
        if point.right >= right:
            if before is None:
                return point.answers
            share = (right - before.right) / (point.right - before.right)
            return before.answers + share * (point.answers - before.answers)
        before = point if before is None or point.right > before.right else before
    return best


def mean_points(runs: list[list[Point]]) -> list[Point]:
    """The means of the same settings over several runs."""
    return [Point(*map(fmean, zip(*same, strict=True))) for same in zip(*runs, strict=True)]


def replay(crowd: CrowdSet, overlap: int, seeds: int) -> dict[str, float]:
    """Method -> answers an item that give the accuracy of a fixed overlap; of the rule of thumb as it comes."""
    most = min(MOST[overlap], int(np.bincount(crowd.items).max()))
    orders = [ranks(crowd, seed) for seed in range(seeds)]
    starts = [begin(crowd, order, seed) for seed, order in enumerate(orders)]
    fixed = fmean(outcome(crowd, order < overlap)[1] for order in orders)
    thumb = [two_agree(crowd, order, most) for order in orders]
    thumb_point = Point(
        fmean(one.sum() / len(crowd.truth) for one in thumb), fmean(outcome(crowd, one)[1] for one in thumb)
    )
    ours = mean_points([[adapted(crowd, start, until, most) for until in THRESHOLDS] for start in starts])
    results = {
        "fixed": fixed,
        "ours": answers_for(ours, fixed),
        "two agree": thumb_point.answers,
        "its accuracy": thumb_point.right,
        "ours at that": answers_for(ours, thumb_point.right),
    }
    if os.environ.get(POTATO):
        results["potato"] = answers_for(routed(crowd, starts[0], fixed, overlap), fixed)
    return results


def missed_targets(overlap: int, results: dict[str, dict[str, float]]) -> list[str]:
    """Which targets were not met at an overlap."""
    used = [figures["ours"] if not math.isnan(figures["ours"]) else overlap for figures in results.values()]
    saved = 1 - fmean(used) / overlap
    print(f"saved on the mean: {saved:.1%}, wanted {SAVED[overlap]:.0%}")
    missed = (
        [f"overlap {overlap}: {saved:.1%} saved, wanted {SAVED[overlap]:.0%}"] if saved < SAVED[overlap] else []
    )
    for name, figures in results.items():
        if not figures["ours at that"] < figures["two agree"]:
            missed.append(f"{name}, overlap {overlap}: not fewer answers than stopping when two agree")
        if "potato" in figures and not math.isnan(figures["potato"]) and not figures["ours"] < figures["potato"]:
            missed.append(f"{name}, overlap {overlap}: not fewer answers than potato's routing")
    return missed


def main() -> int:
    """Measure and print; 1 when a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=os.environ.get("CROWD_SETS"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="*", default=())
    options = parser.parse_args()
    if options.folder is None:
        print("no folder of crowd sets was given (nor CROWD_SETS): nothing measured")
        return 0
    if not os.environ.get(POTATO):
        print(f"potato's routing is absent: {POTATO} names no interpreter")
    missed = []
    for overlap in SAVED:
        results = {}
        for crowd in read_sets(options.folder):
            fits = crowd.labels and len(crowd.items) >= overlap * len(crowd.truth)
            if fits and (not options.sets or crowd.name in options.sets):
                results[crowd.name] = replay(crowd, overlap, options.seeds)
                cells = "  ".join(f"{name} {value:.3f}" for name, value in results[crowd.name].items())
                print(f"overlap {overlap}, {crowd.name}: {cells}", flush=True)
        missed += missed_targets(overlap, results) if results else []
    print("\n" + ("\n".join(f"MISSED {one}" for one in missed) or "every target was met"))
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
