"""Crowd answers with known truths for the benches: reading, thinning, and how a set of probabilities is judged.

A folder has one folder for each set, with ``answers.csv`` (item,person,answer) and ``truth.csv`` (item,truth).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

BINS = 10
"""Of the expected calibration error, equally wide."""

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CrowdSet:
    """Answers as three columns of the same length.

    Attributes:
        name: of the folder.
        items: number of the item that each answer is about, from 0.
        people: number of the person who gave it, from 0.
        answers: number of the label, from 0; the number itself where the set is numeric.
        truth: the right answer of each item.
        labels: how many labels there are; 0 where answers are numbers on a scale.
    """

    name: str
    items: Integers
    people: Integers
    answers: Integers
    truth: Integers
    labels: int

    def triples(self) -> list[tuple[int, int, int]]:
        """The answers as ``(item, person, label)``."""
        return list(zip(self.items.tolist(), self.people.tolist(), self.answers.tolist(), strict=True))

    def keep(self, chosen: Integers | npt.NDArray[np.bool_]) -> CrowdSet:
        """The same set with some of its answers."""
        return replace(self, items=self.items[chosen], people=self.people[chosen], answers=self.answers[chosen])


def read_sets(folder: Path) -> Iterator[CrowdSet]:
    """Every set of a folder, by name."""
    for answers in sorted(folder.glob("*/answers.csv")):
        yield _read_set(answers.parent)


def _read_set(folder: Path) -> CrowdSet:
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        truth = {line["item"]: int(float(line["truth"])) for line in csv.DictReader(file)}
    with (folder / "answers.csv").open(encoding="utf-8", newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["item"] in truth]
    items = {name: number for number, name in enumerate(sorted({line["item"] for line in lines}))}
    people = {name: number for number, name in enumerate(sorted({line["person"] for line in lines}))}
    answers = np.array([int(float(line["answer"])) for line in lines])
    right = np.array([truth[name] for name in items])
    names = np.unique(np.concatenate([answers, right]))
    numeric = len(names) > MOST_LABELS
    if not numeric:
        answers, right = np.searchsorted(names, answers), np.searchsorted(names, right)
    return CrowdSet(
        folder.name,
        np.array([items[line["item"]] for line in lines]),
        np.array([people[line["person"]] for line in lines]),
        answers,
        right,
        0 if numeric else len(names),
    )


MOST_LABELS = 20
"""A set with more different answers is taken for numeric."""


def thin(crowd: CrowdSet, count: int, seed: int) -> CrowdSet | None:
    """A set with ``count`` random answers of each item; None where the items have fewer on the average."""
    if len(crowd.items) < count * len(crowd.truth):
        return None
    shuffled = np.random.default_rng(seed).permutation(len(crowd.items))
    order = shuffled[np.argsort(crowd.items[shuffled], kind="stable")]
    return crowd.keep(np.sort(order[_rank(crowd.items[order]) < count]))


def _rank(items: Integers) -> Integers:
    """Of each answer the number of answers before it to the same item; items are sorted."""
    starts = np.flatnonzero(np.r_[True, items[1:] != items[:-1]])
    return np.arange(len(items)) - np.repeat(starts, np.diff(np.r_[starts, len(items)]))


class Judged(NamedTuple):
    """Stated confidence of each item's most probable label, and whether it was right; a share where labels tie."""

    stated: Floats
    right: Floats


def judge(probabilities: Floats, truth: Integers) -> Judged:
    """How sure, and how right; of labels that tie each counts with its share."""
    stated = probabilities.max(axis=1)
    winners = probabilities >= stated[:, None] - 1e-9
    right = winners[np.arange(len(truth)), truth] / winners.sum(axis=1)
    return Judged(stated, right)


def calibration_error(judged: Judged) -> float:
    """The expected calibration error in `BINS` equally wide bins (Guo and others, 2017)."""
    bins = np.minimum((judged.stated * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, judged.stated - judged.right, BINS)
    return float(np.abs(gaps).sum() / len(bins))


def right_of_sure(judged: Judged, threshold: float = 0.9) -> float:
    """The share that is right of what is called that sure or surer; not a number where nothing is."""
    sure = judged.stated >= threshold
    return float(judged.right[sure].mean()) if sure.any() else float("nan")


def pool(parts: list[Judged]) -> Judged:
    """Several runs as one."""
    return Judged(np.concatenate([part.stated for part in parts]), np.concatenate([part.right for part in parts]))
