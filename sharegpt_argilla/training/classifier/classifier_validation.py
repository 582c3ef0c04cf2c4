"""Cross-validation of a classifier: folds, accuracy, F1 over all labels and by label, and thresholds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sharegpt_argilla.common.wilson import wilson
from sharegpt_argilla.training.classifier.base import (
    AtThreshold,
    Labels,
    ReliabilityBin,
    Score,
    Task,
    Validation,
    assign_folds,
)
from sharegpt_argilla.training.classifier.text_classifier import chances_of, train_classifier

THRESHOLDS = (0.5, 0.7, 0.8, 0.9)
RIGHT = 0.9
"""Share of the suggested labels that are right from the model's own threshold on."""
FINEST = 100
"""Steps of a probability among which that threshold is looked for."""
BINS = 10
"""Bins of the reliability diagram and of the expected calibration error (Naeini, Cooper and Hauskrecht, 2015)."""
_DIGITS = 4


def score(true: Sequence[Labels], predicted: Sequence[Labels]) -> Score:
    """The score of predictions, one per prompt; if every prompt has one label, ``f1_micro`` is the accuracy."""
    n = len(true)
    equal = sum(one == other for one, other in zip(true, predicted, strict=True))
    by_label = label_counts(true, predicted)
    right, actual, guessed = (sum(counts[column] for counts in by_label.values()) for column in range(3))
    f1_by_label = [_f1(*counts) for counts in by_label.values()]
    return Score(
        n,
        round(equal / n, _DIGITS) if n else 0.0,
        round(_f1(right, actual, guessed), _DIGITS),
        round(sum(f1_by_label) / len(f1_by_label), _DIGITS) if f1_by_label else 0.0,
    )


def label_counts(true: Sequence[Labels], predicted: Sequence[Labels]) -> dict[str, tuple[int, int, int]]:
    """Label -> (prompts for which it is right, for which annotators gave it, for which it was predicted)."""
    right: Counter[str] = Counter()
    actual: Counter[str] = Counter()
    guessed: Counter[str] = Counter()
    for labels, guess in zip(true, predicted, strict=True):
        right.update(labels & guess)
        actual.update(labels)
        guessed.update(guess)
    return {label: (right[label], actual[label], guessed[label]) for label in sorted(set(actual) | set(guessed))}


def label_scores(true: Sequence[Labels], predicted: Sequence[Labels]) -> dict[str, tuple[float, float, int]]:
    """Label -> (precision, recall, prompts that have it); 0 if nothing was predicted or given."""
    return {
        label: (
            round(right / guessed, _DIGITS) if guessed else 0.0,
            round(right / actual, _DIGITS) if actual else 0.0,
            actual,
        )
        for label, (right, actual, guessed) in label_counts(true, predicted).items()
    }


def at_thresholds(
    true: Sequence[Labels], chances: Sequence[Mapping[str, float]], *, several: bool
) -> list[AtThreshold]:
    """What would be suggested at each of ``THRESHOLDS``, and how much of it is right."""
    results = []
    for threshold in THRESHOLDS:
        above = [labels_above(labels, threshold, several=several) for labels in chances]
        right = sum(len(labels & suggested) for labels, suggested in zip(true, above, strict=True))
        results.append(AtThreshold(threshold, sum(map(len, above)), right, sum(map(bool, above))))
    return results


def labels_above(chances: Mapping[str, float], threshold: float, *, several: bool) -> Labels:
    """The labels with at least that probability; for a single-label question only the most probable."""
    if several:
        return frozenset(label for label, chance in chances.items() if chance >= threshold)
    best = max(chances, key=lambda label: (chances[label], label))
    return frozenset([best]) if chances[best] >= threshold else frozenset()


def decide(chances: Mapping[str, float], *, several: bool, none: bool = False) -> Labels:
    """The classifier's answer: the labels with a probability of at least 0.5, else the most probable.

    Args:
        chances: label -> probability.
        several: whether there may be more than one.
        none: whether people also answer with no label at all; then none may be the answer.
    """
    labels = labels_above(chances, 0.5, several=several)
    if none and several:
        return labels
    return labels or frozenset([max(chances, key=lambda label: (chances[label], label))])


def lowest_threshold(
    true: Sequence[Labels], chances: Sequence[Mapping[str, float]], *, several: bool
) -> float | None:
    """The lowest threshold, in hundredths, from which ``RIGHT`` of the suggested labels are right, if any."""
    for step in range(1, FINEST + 1):
        above = [labels_above(labels, step / FINEST, several=several) for labels in chances]
        suggested = sum(map(len, above))
        right = sum(len(labels & given) for labels, given in zip(true, above, strict=True))
        if suggested and right >= RIGHT * suggested:
            return step / FINEST
    return None


def judged(
    true: Sequence[Labels], chances: Sequence[Mapping[str, float]], *, several: bool
) -> list[tuple[float, bool]]:
    """What was said with which probability, and whether it is right: each of several, else the likeliest."""
    if several:
        pairs = zip(true, chances, strict=True)
        return [(chance, label in given) for given, said in pairs for label, chance in said.items()]
    best = [max(said.items(), key=lambda item: (item[1], item[0])) for said in chances]
    return [(chance, label in given) for given, (label, chance) in zip(true, best, strict=True)]


def reliability(said: Sequence[tuple[float, bool]]) -> list[ReliabilityBin]:
    """The bins of a reliability diagram, those without anything left out."""
    places = [min(int(chance * BINS), BINS - 1) for chance, _ in said]
    bins = []
    for number in sorted(set(places)):
        inside = [pair for pair, place in zip(said, places, strict=True) if place == number]
        right = sum(correct for _, correct in inside) / len(inside)
        low, high = wilson(right, len(inside))
        mean = sum(chance for chance, _ in inside) / len(inside)
        numbers = (round(value, _DIGITS) for value in (mean, right, low, high))
        bins.append(ReliabilityBin(number / BINS, (number + 1) / BINS, len(inside), *numbers))
    return bins


def calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Expected calibration error: the mean distance of what was said from what was right, weighted by how many."""
    total = sum(each.n for each in bins)
    gaps = np.array([each.n * abs(each.said - each.right) for each in bins])
    return round(float(gaps.sum() / total), _DIGITS) if total else 0.0


def most_frequent(answers: Sequence[Labels]) -> Labels:
    """The most frequent answer with all its labels; among equally frequent answers the alphabetically first."""
    counts = Counter(answers)
    return min(counts, key=lambda labels: (-counts[labels], sorted(labels)))


def _f1(right: int, actual: int, guessed: int) -> float:
    return 2 * right / (actual + guessed) if actual + guessed else 0.0


def validate(task: Task, folds: int, seed: int, on_fold: Callable[[int], None]) -> Validation:
    """Cross-validate: for each fold train on the others and predict the fold.

    Args:
        task: what to learn.
        folds: 2 to the number of groups.
        seed: decides folds and training.
        on_fold: called with 1 after each fold.
    """
    chances, majority = _predict(task, folds, seed, on_fold)
    true = [case.labels for case in task.cases]
    none = any(not labels for labels in true)
    predicted = [decide(one, several=task.several, none=none) for one in chances]
    bins = reliability(judged(true, chances, several=task.several))
    return Validation(
        folds=folds,
        classifier=score(true, predicted),
        majority=score(true, majority),
        suggestions=_suggestions(task, predicted),
        labels=label_scores(true, predicted),
        thresholds=at_thresholds(true, chances, several=task.several),
        threshold=lowest_threshold(true, chances, several=task.several),
        calibration_error=calibration_error(bins),
        reliability=bins,
    )


def _predict(
    task: Task, folds: int, seed: int, on_fold: Callable[[int], None]
) -> tuple[list[Mapping[str, float]], list[Labels]]:
    fold_of = assign_folds(task.cases, folds, seed)
    chances: list[Mapping[str, float]] = [{}] * len(task.cases)
    majority: list[Labels] = [frozenset()] * len(task.cases)
    for fold in range(folds):
        members = [index for index, number in enumerate(fold_of) if number == fold]
        others = [case for case, number in zip(task.cases, fold_of, strict=True) if number != fold]
        model = train_classifier(task, others, seed)
        frequent = most_frequent([case.labels for case in others])
        predictions = chances_of(model, [task.cases[index].text for index in members])
        for index, prediction in zip(members, predictions, strict=True):
            chances[index], majority[index] = prediction, frequent
        on_fold(1)
    return chances, majority


def _suggestions(task: Task, predicted: Sequence[Labels]) -> dict[str, tuple[Score, Score]]:
    agents = sorted({agent for case in task.cases for agent in case.suggested})
    scores = {}
    for agent in agents:
        indices = [index for index, case in enumerate(task.cases) if agent in case.suggested]
        true = [task.cases[index].labels for index in indices]
        suggested = [task.cases[index].suggested[agent] for index in indices]
        scores[agent] = (score(true, suggested), score(true, [predicted[index] for index in indices]))
    return scores
