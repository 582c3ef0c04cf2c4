"""Folds that part no group and have each label in like shares, as far as that goes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from sharegpt_argilla.training.classifier.base import Case


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
