"""The data of a classifier: its annotated prompts, the question to learn, and the results of validation."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Labels = frozenset[str]


@dataclass(frozen=True, slots=True)
class Case:
    """One annotated prompt.

    Attributes:
        text: the prompt.
        labels: the annotators' labels; a single label for a single-label question.
        group: cases of one group (conversation, equal prompts, duplicates) are never split across folds.
        suggested: agent -> the labels that it suggested.
        guidelines: short hash of the guidelines that annotators read.
    """

    text: str
    labels: Labels
    group: bytes
    suggested: Mapping[str, Labels] = field(default_factory=dict)
    guidelines: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A question to learn.

    Attributes:
        question: its name.
        several: whether a prompt may have several labels.
        labels: the labels that annotators gave, in the order of the project.
        unseen: labels of the project that no annotator gave; the classifier cannot suggest them.
        cases: the annotated prompts.
        language: code of the prompts' language, ``xx`` for any that is written with spaces.
    """

    question: str
    several: bool
    labels: Sequence[str]
    unseen: Sequence[str]
    cases: Sequence[Case]
    language: str

    @property
    def counts(self) -> dict[str, int]:
        """Label -> prompts that have it."""
        counts = Counter(label for case in self.cases for label in case.labels)
        return {label: counts[label] for label in self.labels}

    @property
    def groups(self) -> int:
        """Number of groups of the cases."""
        return len({case.group for case in self.cases})


@dataclass(frozen=True, slots=True)
class Score:
    """The agreement of predictions with annotators.

    Attributes:
        n: prompts.
        accuracy: share of the prompts with exactly the labels that annotators gave.
        f1_micro: harmonic mean of precision and recall over all labels of all prompts.
        f1_macro: mean of the labels' own F1, over the labels that were given or predicted.
    """

    n: int
    accuracy: float
    f1_micro: float
    f1_macro: float


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """What would be suggested with a threshold.

    Attributes:
        threshold: minimum probability.
        suggested: labels that would be suggested.
        right: number of those labels that annotators gave.
        prompts: prompts with at least one suggested label.
    """

    threshold: float
    suggested: int
    right: int
    prompts: int


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """What was said with a probability between two bounds.

    Attributes:
        above: lower bound.
        below: upper bound.
        n: answers; of several labels each counts.
        said: their mean probability.
        right: share of them that is right.
        low: lower end of Wilson's 95 % interval of that share.
        high: upper end.
    """

    above: float
    below: float
    n: int
    said: float
    right: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Validation:
    """The results of cross-validation; every prediction is by a classifier that has not seen the conversation.

    Attributes:
        folds: number of folds.
        classifier: its score.
        majority: the score of always giving the most frequent answer of the training folds.
        suggestions: agent -> its score on the rows that have its suggestion, and the classifier's on the same.
        labels: label -> (precision, recall, prompts that have it).
        thresholds: what would be suggested with each threshold.
        threshold: the lowest from which nine of ten suggested labels are right; None if there is none.
        calibration_error: expected calibration error of the probabilities, 0 to 1.
        reliability: the bins of the reliability diagram.
    """

    folds: int
    classifier: Score
    majority: Score
    suggestions: Mapping[str, tuple[Score, Score]]
    labels: Mapping[str, tuple[float, float, int]]
    thresholds: Sequence[AtThreshold]
    threshold: float | None
    calibration_error: float
    reliability: Sequence[ReliabilityBin]


def assign_folds(cases: Sequence[Case], folds: int, seed: int) -> list[int]:
    """The fold of each case, 0 to ``folds`` - 1.

    Greedy stratified group k-fold: groups are assigned one by one, the largest first and equally large ones by a
    hash with the seed, to the fold that has the fewest of their labels. The order of the cases does not matter.

    Args:
        cases: the cases.
        folds: at most as many as there are groups, so that none stays empty.
        seed: decides the order of equally large groups.
    """
    groups: dict[bytes, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case)
    total = Counter(label for case in cases for label in case.labels)
    labels_of_fold: list[Counter[str]] = [Counter() for _ in range(folds)]
    sizes = [0] * folds
    fold_of: dict[bytes, int] = {}
    for name in sorted(groups, key=lambda name: (-len(groups[name]), _hash(seed, name))):
        labels = Counter(label for case in groups[name] for label in case.labels)

        def cost(fold: int, labels: Counter[str] = labels) -> tuple[bool, float, int, int]:
            full = sum(count * labels_of_fold[fold][label] / total[label] for label, count in labels.items())
            empty_left = sizes.count(0)
            remaining = len(groups) - len(fold_of)
            # The last groups go to empty folds.
            return (sizes[fold] > 0 and remaining <= empty_left, full, sizes[fold], fold)

        fold = min(range(folds), key=cost)
        fold_of[name] = fold
        labels_of_fold[fold] += labels
        sizes[fold] += len(groups[name])
    return [fold_of[case.group] for case in cases]


def _hash(seed: int, name: bytes) -> bytes:
    return hashlib.sha256(str(seed).encode() + b"\0" + name).digest()
