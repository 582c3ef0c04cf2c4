"""Cross-validation of a classifier: folds, accuracy, F1 over all labels and by label, and thresholds."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from sharegpt_argilla.training.classifier.base import AtThreshold, Case, Labels, Score, Task, Validation
from sharegpt_argilla.training.classifier.text_classifier import chances_of, train_pipeline

THRESHOLDS = (0.5, 0.7, 0.8, 0.9)
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


def decide(chances: Mapping[str, float], *, several: bool) -> Labels:
    """The classifier's answer: the labels with a probability of at least 0.5, else the most probable."""
    labels = labels_above(chances, 0.5, several=several)
    return labels or frozenset([max(chances, key=lambda label: (chances[label], label))])


def most_frequent(answers: Sequence[Labels]) -> Labels:
    """The most frequent answer with all its labels; among equally frequent answers the alphabetically first."""
    counts = Counter(answers)
    return min(counts, key=lambda labels: (-counts[labels], sorted(labels)))


def _f1(right: int, actual: int, guessed: int) -> float:
    return 2 * right / (actual + guessed) if actual + guessed else 0.0


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
    predicted = [decide(one, several=task.several) for one in chances]
    return Validation(
        folds=folds,
        classifier=score(true, predicted),
        majority=score(true, majority),
        suggestions=_suggestions(task, predicted),
        labels=label_scores(true, predicted),
        thresholds=at_thresholds(true, chances, several=task.several),
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
        nlp = train_pipeline(task, others, seed)
        frequent = most_frequent([case.labels for case in others])
        predictions = chances_of(nlp, [task.cases[index].text for index in members])
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
