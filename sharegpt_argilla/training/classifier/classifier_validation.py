"""How good predictions are: accuracy, F1 over all labels and by label, what a threshold would let through."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from sharegpt_argilla.training.classifier.base import AtThreshold, Case, Labels, Score, Task, Validation
from sharegpt_argilla.training.classifier.text_classifier import chances_of, train_pipeline

THRESHOLDS = (0.5, 0.7, 0.8, 0.9)
_DIGITS = 4


def score(true: Sequence[Labels], predicted: Sequence[Labels]) -> Score:
    """The score of predictions, one for each prompt; with one label each, ``f1_micro`` is the accuracy."""
    n = len(true)
    equal = sum(one == other for one, other in zip(true, predicted, strict=True))
    by_label = label_counts(true, predicted)
    right, given, said = (sum(counts[place] for counts in by_label.values()) for place in range(3))
    each = [_f1(*counts) for counts in by_label.values()]
    return Score(
        n,
        round(equal / n, _DIGITS) if n else 0.0,
        round(_f1(right, given, said), _DIGITS),
        round(sum(each) / len(each), _DIGITS) if each else 0.0,
    )


def label_counts(true: Sequence[Labels], predicted: Sequence[Labels]) -> dict[str, tuple[int, int, int]]:
    """Label -> (prompts where it is right, where annotators gave it, where it was predicted)."""
    right: Counter[str] = Counter()
    given: Counter[str] = Counter()
    said: Counter[str] = Counter()
    for one, other in zip(true, predicted, strict=True):
        right.update(one & other)
        given.update(one)
        said.update(other)
    return {label: (right[label], given[label], said[label]) for label in sorted(set(given) | set(said))}


def label_scores(true: Sequence[Labels], predicted: Sequence[Labels]) -> dict[str, tuple[float, float, int]]:
    """Label -> (precision, recall, prompts that have it); 0 where nothing was predicted or given."""
    return {
        label: (
            round(right / said, _DIGITS) if said else 0.0,
            round(right / given, _DIGITS) if given else 0.0,
            given,
        )
        for label, (right, given, said) in label_counts(true, predicted).items()
    }


def at_thresholds(
    true: Sequence[Labels], chances: Sequence[Mapping[str, float]], *, several: bool
) -> list[AtThreshold]:
    """What would be suggested at each of ``THRESHOLDS``, and how much of it is right."""
    found = []
    for threshold in THRESHOLDS:
        above = [labels_above(one, threshold, several=several) for one in chances]
        right = sum(len(one & other) for one, other in zip(true, above, strict=True))
        found.append(AtThreshold(threshold, sum(map(len, above)), right, sum(map(bool, above))))
    return found


def labels_above(chances: Mapping[str, float], threshold: float, *, several: bool) -> Labels:
    """The labels with at least that probability; of a question with one label only the likeliest."""
    if several:
        return frozenset(label for label, chance in chances.items() if chance >= threshold)
    best = max(chances, key=lambda label: (chances[label], label))
    return frozenset([best]) if chances[best] >= threshold else frozenset()


def decide(chances: Mapping[str, float], *, several: bool) -> Labels:
    """What the classifier says where it has to: labels from one half on, else the likeliest."""
    found = labels_above(chances, 0.5, several=several)
    return found or frozenset([max(chances, key=lambda label: (chances[label], label))])


def most_frequent(answers: Sequence[Labels]) -> Labels:
    """The most frequent answer, all its labels; of equals the first by the alphabet."""
    counts = Counter(answers)
    return min(counts, key=lambda labels: (-counts[labels], sorted(labels)))


def _f1(right: int, given: int, said: int) -> float:
    return 2 * right / (given + said) if given + said else 0.0


def assign_folds(cases: Sequence[Case], folds: int, seed: int) -> list[int]:
    """The fold of each case, 0 to ``folds`` - 1.

    Groups are dealt one after the other, the largest first and equal ones by a hash with the seed, each to the
    fold that lacks most of its labels: the greedy way of stratified group k-fold. The order of the cases does not
    matter.

    Args:
        cases: the cases.
        folds: at most as many as there are groups, so that none stays empty.
        seed: of the order among groups of one size.
    """
    groups: dict[bytes, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case)
    total = Counter(label for case in cases for label in case.labels)
    held: list[Counter[str]] = [Counter() for _ in range(folds)]
    sizes = [0] * folds
    fold_of: dict[bytes, int] = {}
    for name in sorted(groups, key=lambda name: (-len(groups[name]), _hash(seed, name))):
        labels = Counter(label for case in groups[name] for label in case.labels)

        def cost(fold: int, labels: Counter[str] = labels) -> tuple[bool, float, int, int]:
            full = sum(count * held[fold][label] / total[label] for label, count in labels.items())
            empty_left = sizes.count(0)
            remaining = len(groups) - len(fold_of)
            # The last groups go to folds that have none yet.
            return (sizes[fold] > 0 and remaining <= empty_left, full, sizes[fold], fold)

        fold = min(range(folds), key=cost)
        fold_of[name] = fold
        held[fold] += labels
        sizes[fold] += len(groups[name])
    return [fold_of[case.group] for case in cases]


def _hash(seed: int, name: bytes) -> bytes:
    return hashlib.sha256(str(seed).encode() + b"\0" + name).digest()


def validate(task: Task, folds: int, seed: int, on_fold: Callable[[int], None]) -> Validation:
    """Train as often as there are folds, each time without one, and predict that one.

    Args:
        task: what to learn.
        folds: 2 to the number of groups.
        seed: of folds and training.
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
        inside = [place for place, number in enumerate(fold_of) if number == fold]
        others = [case for case, number in zip(task.cases, fold_of, strict=True) if number != fold]
        nlp = train_pipeline(task, others, seed)
        usual = most_frequent([case.labels for case in others])
        found = chances_of(nlp, [task.cases[place].text for place in inside])
        for place, one in zip(inside, found, strict=True):
            chances[place], majority[place] = one, usual
        on_fold(1)
    return chances, majority


def _suggestions(task: Task, predicted: Sequence[Labels]) -> dict[str, tuple[Score, Score]]:
    agents = sorted({agent for case in task.cases for agent in case.suggested})
    found = {}
    for agent in agents:
        places = [place for place, case in enumerate(task.cases) if agent in case.suggested]
        true = [task.cases[place].labels for place in places]
        said = [task.cases[place].suggested[agent] for place in places]
        found[agent] = (score(true, said), score(true, [predicted[place] for place in places]))
    return found
