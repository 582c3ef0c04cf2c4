"""How good predictions are: accuracy, F1 over all labels and by label, what a threshold would let through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sharegpt_argilla.training.classifier.base import AtThreshold, Labels, Score

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
