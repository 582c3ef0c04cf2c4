"""Whether stated confidence is right, on real crowd answers with known truths: ours, and that of others.

    python -m bench.confidence FOLDER                   a folder of sets, see bench/crowd_sets.py
    POTATO_PYTHON=… python -m bench.confidence FOLDER   potato's model as well, see bench/confidence_reference.py
    python -m bench.confidence FOLDER --reference-seeds 1    the others only on the first thinning: they are slow
    python -m bench.confidence FOLDER --keep FOLDER          what the others gave is kept for the next run

Each set is thinned to 2, 3 and 5 answers an item, ten times; runs of one set and thinning are pooled. "gold" gets
the truth of 30 items and is judged on the rest. "left out" is the estimate without gold, with the prior of the
calibration made on the other sets only. Exit code 1 when a target was missed. It takes no time into account.
"""

from __future__ import annotations

import argparse
import math
import os
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import fmean, pstdev

import numpy as np

from bench.confidence_reference import POTATO, judged_references
from bench.crowd_sets import (
    CrowdSet,
    Floats,
    Judged,
    calibration_error,
    judge,
    pool,
    read_sets,
    right_of_sure,
    thin,
)
from sharegpt_argilla.responses.calibration import CROWDS, GRID, Prior
from sharegpt_argilla.responses.confidence import estimate
from sharegpt_argilla.responses.numeric_confidence import estimate_numbers

GOLD = 30
COUNTS = (2, 3, 5)
ACCURACY_GAP = 0.005
MEAN_ERROR, MOST_ERROR, BLIND_ERROR = 0.06, 0.10, 0.15
RIGHT_OF_SURE = 0.87
COVERAGE_GAP = 0.05
LEVELS = (0.8, 0.9)
FREE = 1e-9
"""Spread of a prior that leaves the exponent its median."""

Key = tuple[str, int]
Runs = dict[Key, dict[str, list[Judged]]]


def ours(crowd: CrowdSet, gold: Mapping[int, int] | None = None, prior: Prior = CROWDS) -> Floats:
    """Items x labels."""
    found = estimate(crowd.triples(), range(crowd.labels), gold, prior=prior).answers
    return np.array([[found[item][label] for label in range(crowd.labels)] for item in range(len(crowd.truth))])


def gold_of(crowd: CrowdSet, seed: int) -> dict[int, int]:
    """The truth of some random items."""
    chosen = random.Random(seed).sample(range(len(crowd.truth)), GOLD)
    return {item: int(crowd.truth[item]) for item in chosen}


def measure(sets: list[CrowdSet], seeds: int, reference_seeds: int, kept: Path | None) -> Runs:
    """Set and thinning -> method -> judged runs."""
    runs: Runs = {}
    priors = leave_one_out(sets)
    for crowd in sets:
        for count in COUNTS:
            for seed in range(seeds):
                if (thinned := thin(crowd, count, seed)) is None:
                    continue
                judged = runs.setdefault((crowd.name, count), defaultdict(list))
                _run_ours(judged, thinned, seed, priors[crowd.name])
                if seed < reference_seeds:
                    for name, result in judged_references(thinned, f"{crowd.name} {count} {seed}", kept):
                        judged[name].append(result)
    return runs


def _run_ours(judged: dict[str, list[Judged]], crowd: CrowdSet, seed: int, prior: Prior) -> None:
    judged["ours"].append(judge(ours(crowd), crowd.truth))
    judged["left out"].append(judge(ours(crowd, prior=prior), crowd.truth))
    gold = gold_of(crowd, seed)
    rest = np.array([item not in gold for item in range(len(crowd.truth))])
    judged["gold"].append(judge(ours(crowd, gold)[rest], crowd.truth[rest]))


def leave_one_out(sets: list[CrowdSet]) -> dict[str, Prior]:
    """Set -> the prior of the calibration that the other sets give: mean and deviation of their best exponents."""
    best = {
        crowd.name: [_best(thinned) for count in COUNTS if (thinned := thin(crowd, count, 0))] for crowd in sets
    }
    priors = {}
    for name in best:
        others = [math.log(one) for other, some in best.items() if other != name for one in some]
        priors[name] = Prior(math.exp(fmean(others)), max(pstdev(others), 0.1)) if others else CROWDS
    return priors


def _best(crowd: CrowdSet) -> float:
    """The exponent with which the truths of a set are likeliest."""
    exponents = GRID[::2].tolist()
    return max(exponents, key=lambda one: _likelihood(ours(crowd, prior=Prior(one, FREE)), crowd))


def _likelihood(probabilities: Floats, crowd: CrowdSet) -> float:
    return float(np.log(probabilities[np.arange(len(crowd.truth)), crowd.truth]).sum())


def coverage(crowd: CrowdSet, seeds: int) -> dict[tuple[int, float, bool], float]:
    """Answers an item, level, with gold or without -> the share of intervals that contain the truth."""
    shares = {}
    for count in COUNTS:
        thinnings = [(seed, thin(crowd, count, seed)) for seed in range(seeds)]
        for level in LEVELS:
            for with_gold in (False, True):
                some = [
                    _covered(one, level, gold_of(one, seed) if with_gold else {}) for seed, one in thinnings if one
                ]
                shares[count, level, with_gold] = fmean(some) if some else math.nan
    return shares


def _covered(crowd: CrowdSet, level: float, gold: Mapping[int, int]) -> float:
    found = estimate_numbers(crowd.triples(), gold, level)
    return fmean(low <= crowd.truth[item] <= high for item, (_, low, high) in found.items() if item not in gold)


def print_runs(runs: Runs) -> list[str]:
    """Print a table, and return which targets were missed."""
    missed = []
    methods = list(dict.fromkeys(name for judged in runs.values() for name in judged))
    for title, figure in FIGURES.items():
        print(f"\n{title}\n{'':14}" + "".join(f"{name:>13}" for name in methods))
        for (name, count), judged in runs.items():
            cells = [figure(pool(judged[method])) if judged.get(method) else math.nan for method in methods]
            print(f"{name:11}{count:>3}" + "".join(f"{cell:>13.3f}" for cell in cells))
        means = [
            np.nanmean([figure(pool(one[method])) for one in runs.values() if method in one]) for method in methods
        ]
        print(f"{'mean':14}" + "".join(f"{mean:>13.3f}" for mean in means))
    missed += _accuracy_missed(runs) + _calibration_missed(runs)
    return missed


def _right(judged: Judged) -> float:
    return float(judged.right.mean())


FIGURES: dict[str, Callable[[Judged], float]] = {
    "right": _right,
    "expected calibration error": calibration_error,
    "right of what is called 0.9 or surer": right_of_sure,
}


def _accuracy_missed(runs: Runs) -> list[str]:
    """The mean of a set's thinnings, on those thinnings that the others had too."""
    missed = []
    for name in dict.fromkeys(name for name, _ in runs):
        of_set = [judged for (other, _), judged in runs.items() if other == name]
        others = [method for method in of_set[0] if method not in OURS]
        means = {
            method: fmean(
                _right(pool(judged[method])) - _right(pool(judged["ours"][: len(judged[method])]))
                for judged in of_set
            )
            for method in others
        }
        missed += [
            f"accuracy on {name}: {method} is {100 * gap:.1f} points better"
            for method, gap in means.items()
            if gap > ACCURACY_GAP
        ]
    return missed


OURS = ("ours", "left out", "gold")


def _calibration_missed(runs: Runs) -> list[str]:
    missed = []
    gold = {key: calibration_error(pool(judged["gold"])) for key, judged in runs.items()}
    if fmean(gold.values()) > MEAN_ERROR:
        missed.append(f"calibration error with gold: mean {fmean(gold.values()):.3f}, wanted {MEAN_ERROR}")
    missed += [
        f"calibration error with gold: {name} {count}: {error:.3f}, wanted {MOST_ERROR}"
        for (name, count), error in gold.items()
        if error > MOST_ERROR
    ]
    for method in ("ours", "left out"):
        blind = fmean(calibration_error(pool(judged[method])) for judged in runs.values())
        if blind > BLIND_ERROR:
            missed.append(f"calibration error without gold ({method}): mean {blind:.3f}, wanted {BLIND_ERROR}")
    for name in dict.fromkeys(name for name, _ in runs):
        sure = right_of_sure(
            pool([one for (other, _), judged in runs.items() if other == name for one in judged["gold"]])
        )
        if sure < RIGHT_OF_SURE:
            missed.append(f"0.9 or surer with gold: {sure:.3f} right on {name}, wanted {RIGHT_OF_SURE}")
    return missed


def print_coverage(crowd: CrowdSet, seeds: int) -> list[str]:
    """Print what intervals of a numeric set contain, and return which targets were missed."""
    print(f"\nintervals that contain the truth, {crowd.name}")
    missed = []
    for (count, level, with_gold), share in coverage(crowd, seeds).items():
        how = "with gold" if with_gold else "without gold"
        print(f"{count:>3} answers, {level:.0%} {how:12} {share:.3f}")
        if abs(share - level) > COVERAGE_GAP:
            missed.append(f"{crowd.name}, {count} answers, {how}: {share:.3f} of {level:.0%} intervals")
    return missed


def main() -> int:
    """Measure and print; 1 when a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=os.environ.get("CROWD_SETS"))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--reference-seeds", type=int, default=10)
    parser.add_argument("--sets", nargs="*", default=())
    parser.add_argument("--keep", type=Path, help="folder that keeps what the other methods gave")
    options = parser.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    if options.folder is None:
        print("no folder of crowd sets was given (nor CROWD_SETS): nothing measured")
        return 0
    sets = [crowd for crowd in read_sets(options.folder) if not options.sets or crowd.name in options.sets]
    if not os.environ.get(POTATO):
        print(f"potato's model is absent: {POTATO} names no interpreter")
    labelled = [crowd for crowd in sets if crowd.labels]
    missed = print_runs(measure(labelled, options.seeds, options.reference_seeds, options.keep))
    for crowd in sets:
        missed += [] if crowd.labels else print_coverage(crowd, options.seeds)
    print("\n" + ("\n".join(f"MISSED {one}" for one in missed) or "every target was met"))
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
