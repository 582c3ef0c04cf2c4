"""What an order of the queue teaches: how right a classifier is after so many answers, in each order.

``python -m bench.order FILE --text KEY --label KEY`` reads JSON Lines with one label a text. A fifth of
the texts is kept for judging. The others are "answered" with their labels, in the orders of
``plan --order``: ``random`` by a seed, ``diverse``, and ``uncertain``. There the first step is that of ``random``,
and each further one is chosen by the classifier that ``train`` makes of the answers so far. Numbers are means over
the seeds, which decide what is kept for judging and what is random.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev

import numpy as np

from bench.train import read_task
from sharegpt_argilla.common.linear_classifier import LinearClassifier
from sharegpt_argilla.project.teaching_order import unsureness
from sharegpt_argilla.records.queue_order import diverse
from sharegpt_argilla.training.classifier.base import Case, Task
from sharegpt_argilla.training.classifier.text_classifier import chances_of, train_classifier

STEPS = (50, 100, 200, 400)
"""Answers after which a classifier is trained."""
JUDGED = 0.2
"""Share of the texts that nobody answers."""
ORDERS = ("random", "diverse", "uncertain")


def right(model: LinearClassifier, judged: Sequence[Case]) -> float:
    """The share of the judged texts whose label a classifier gives."""
    said = chances_of(model, [case.text for case in judged])
    pairs = zip(said, judged, strict=True)
    return fmean(max(chances, key=lambda label: chances[label]) in case.labels for chances, case in pairs)


def next_uncertain(model: LinearClassifier, rest: Sequence[Case], count: int) -> list[Case]:
    """What a classifier is least sure of."""
    said = chances_of(model, [case.text for case in rest])
    unsure = np.array([unsureness(chances, several=False) for chances in said])
    return [rest[number] for number in np.argsort(-unsure, kind="stable")[:count].tolist()]


def curve(task: Task, order: str, seed: int) -> dict[int, float]:
    """Answers -> how right the classifier is after them, for one seed."""
    shuffled = [task.cases[number] for number in np.random.default_rng(seed).permutation(len(task.cases))]
    kept = round(JUDGED * len(shuffled))
    judged, pool = shuffled[:kept], shuffled[kept:]
    if order == "diverse":
        pool = [pool[number] for number in diverse(case.text for case in pool)]
    curve: dict[int, float] = {}
    model: LinearClassifier | None = None
    answered = 0
    for step in (step for step in STEPS if step <= len(pool)):
        if order == "uncertain" and model is not None:
            rest = pool[answered:]
            chosen = next_uncertain(model, rest, step - answered)
            taken = set(map(id, chosen))
            pool = [*pool[:answered], *chosen, *(case for case in rest if id(case) not in taken)]
        answered = step
        model = train_classifier(task, pool[:answered], 1)
        curve[step] = right(model, judged)
    return curve


def main() -> int:
    """Print a line for each order: the mean, and what it has more than random with its standard error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--text", default="text", metavar="KEY")
    parser.add_argument("--label", default="label", metavar="KEY")
    parser.add_argument("--seeds", type=int, default=8)
    arguments = parser.parse_args()
    task = read_task(arguments.file, arguments.text, arguments.label)
    curves = {order: [curve(task, order, seed) for seed in range(arguments.seeds)] for order in ORDERS}
    for order, of_seeds in curves.items():
        cells = []
        for step in of_seeds[0]:
            more = [mine[step] - plain[step] for mine, plain in zip(of_seeds, curves["random"], strict=True)]
            error = stdev(more) / len(more) ** 0.5 if len(more) > 1 else 0.0
            cells.append(f"{step}: {fmean(one[step] for one in of_seeds):.3f} ({fmean(more):+.3f} ± {error:.3f})")
        print(f"{order:10} {'  '.join(cells)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
