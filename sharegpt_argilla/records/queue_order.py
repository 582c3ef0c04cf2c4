"""The order of a plan's records: which come first of those that nobody has begun; the others stay in place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from sharegpt_argilla.common.batching import batched
from sharegpt_argilla.records.assignment_plan import Plan

COLUMNS = 256
"""Numbers that describe a text; pieces of three to five characters are hashed into them."""
CHARACTERS = 2000
"""Characters of a text that are looked at."""
KINDS = 100
"""The most kinds of texts that are told apart; else the square root of their number."""
PASSES = 5
"""Times that the texts are sorted by kind again; few change their kind after that."""
BATCH = 1000

Floats = NDArray[np.float32]


def movable(plan: Plan, begun: Collection[str], known: Collection[str] = ()) -> list[str]:
    """Ids of the records whose rank may change, in their present order.

    Args:
        plan: the plan.
        begun: ids of the records with responses, drafts included.
        known: ids of gold records; they stay where they are mixed in, as calibration records do.
    """
    free = [
        (rank, identifier)
        for identifier, rank, more in zip(plan.ids, plan.ranks.tolist(), plan.calibration.tolist(), strict=True)
        if not more and identifier not in begun and identifier not in known
    ]
    return [identifier for _, identifier in sorted(free)]


def reorder(plan: Plan, order: Sequence[str]) -> Plan:
    """The plan with these records in this order, in the ranks that they have together; no other rank changes."""
    numbers = {identifier: number for number, identifier in enumerate(plan.ids)}
    places = np.array([numbers[identifier] for identifier in order], np.int64)
    ranks = plan.ranks.copy()
    ranks[places] = np.sort(plan.ranks[places])
    return replace(plan, ranks=ranks)


def diverse(texts: Iterable[str]) -> list[int]:
    """Numbers of the texts, one of each kind first, then the next of each kind, the most typical ones first.

    Kinds are found by spherical k-means (Dhillon and Modha, 2001) over hashed pieces of characters, from centres
    that are chosen farthest first (Gonzalez, 1985). Nothing is random.
    """
    vectors = _vectors(texts)
    if not len(vectors):
        return []
    kinds, likeness = _kinds(vectors, min(KINDS, int(np.ceil(len(vectors) ** 0.5))))
    # The largest kind first; within a kind by likeness to its centre, and of equals as they came.
    by_kind = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
    by_kind.sort(key=lambda numbers: (-len(numbers), int(numbers[0])))
    queues = [numbers[np.argsort(-likeness[numbers], kind="stable")].tolist() for numbers in by_kind]
    return [number for turn in zip_longest(*queues) for number in turn if number is not None]


def _vectors(texts: Iterable[str]) -> Floats:
    """Texts x `COLUMNS`: of length 1, without what all have in common."""
    # scikit-learn takes a second to import.
    from sklearn.feature_extraction.text import HashingVectorizer  # noqa: PLC0415

    reading = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), n_features=COLUMNS, dtype=np.float32)
    parts = [reading.transform([text[:CHARACTERS] for text in batch]).toarray() for batch in batched(texts, BATCH)]
    vectors: Floats = np.concatenate(parts) if parts else np.zeros((0, COLUMNS), np.float32)
    if len(vectors):
        vectors -= vectors.mean(axis=0)
    return _unit(vectors)


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.float32(1e-9)), np.float32)


def _kinds(vectors: Floats, count: int) -> tuple[NDArray[np.int64], Floats]:
    """The kind of each text, and how like the centre of its kind it is."""
    centres = _farthest_first(vectors, count)
    for _ in range(PASSES):
        kinds = (vectors @ centres.T).argmax(axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, kinds, vectors)
        centres = np.where(sums.any(axis=1, keepdims=True), _unit(sums), centres)
    like = vectors @ centres.T
    return like.argmax(axis=1), like.max(axis=1)


def _farthest_first(vectors: Floats, count: int) -> Floats:
    chosen = [0]
    nearest = vectors @ vectors[0]
    while len(chosen) < count:
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, vectors @ vectors[chosen[-1]])
    return vectors[chosen]
