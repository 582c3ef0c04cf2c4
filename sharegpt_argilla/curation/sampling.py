"""Draws a sample of rows: the same rows on every machine, whatever the order of reading."""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from sharegpt_argilla.curation.chunks import Curated
from sharegpt_argilla.errors import UnknownNameError

Stratum = Literal["language", "model", "length", "flag"]
_SMOOTH = 5
"""Words added to each prompt, so that a single rare word does not decide."""
_USED = 0.1
"""The weight of a word that was chosen once, compared with 1 for a new word."""


class SampleCandidate(NamedTuple):
    """A row that may be in the sample.

    Attributes:
        draw: its rank in the draw, from seed and id.
        number: its line in the file, from 0.
        stratum: its group, if the sample is stratified.
        words: of its prompt, if the sample is diverse.
    """

    draw: int
    number: int
    stratum: str = ""
    words: tuple[str, ...] = ()


def candidate(row: Curated, number: int, seed: int, stratify: str | None) -> SampleCandidate:
    """The row as a candidate."""
    digest = hashlib.sha256(f"{seed} {row.id}".encode()).digest()
    stratum = stratum_of(row, stratify) if stratify else ""
    return SampleCandidate(int.from_bytes(digest[:8], "big"), number, stratum, row.words)


def check_stratum(name: str) -> str:
    """The name itself.

    Raises:
        UnknownNameError: rows cannot be grouped by it.
    """
    if name not in get_args(Stratum):
        raise UnknownNameError("stratum", name, get_args(Stratum))
    return name


def stratum_of(row: Curated, stratify: str) -> str:
    """The group of a row: its prompt's language, its model, words in powers of two, or its first flag."""
    groups: Mapping[str, str] = {
        "language": row.prompt_language,
        "model": row.model,
        "length": str(row.length),
        "flag": row.flags[0] if row.flags else "",
    }
    return groups[stratify]


def choose(candidates: Iterable[SampleCandidate], size: int, *, diverse: bool = False) -> list[int]:
    """The line numbers of the sample's rows, from 0, in ascending order.

    Args:
        candidates: all rows that may be in it.
        size: rows of the sample; fewer if there are fewer candidates.
        diverse: choose prompts whose words are least like those chosen before, instead of drawing.
    """
    strata: dict[str, list[SampleCandidate]] = defaultdict(list)
    for row in candidates:
        strata[row.stratum].append(row)
    shares = allot({name: len(members) for name, members in strata.items()}, size)
    chosen: list[SampleCandidate] = []
    for name, share in shares.items():
        chosen += _diverse(strata[name], share) if diverse else heapq.nsmallest(share, strata[name])
    return sorted(row.number for row in chosen)


def allot(sizes: Mapping[str, int], total: int) -> dict[str, int]:
    """Rows to take from each group: equal shares; what a small group lacks the others give.

    >>> allot({"en": 100, "ms": 3, "ko": 50}, 23)
    {'en': 10, 'ko': 10, 'ms': 3}
    """
    shares: dict[str, int] = {}
    left = total
    # Smallest first: what a small group cannot give goes to the larger ones.
    for position, (name, size) in enumerate(sorted(sizes.items(), key=lambda item: (item[1], item[0]))):
        groups = len(sizes) - position
        shares[name] = min(size, -(-left // groups) if position == len(sizes) - 1 else left // groups)
        left -= shares[name]
    return dict(sorted(shares.items()))


def _diverse(candidates: Sequence[SampleCandidate], size: int) -> list[SampleCandidate]:
    """Greedy: next comes the prompt whose words were chosen least often so far; ties in the order of the draw.

    A prompt's gain only falls as others are chosen: if its recomputed gain is still the highest, the rest need
    not be recomputed (Minoux 1978).
    """
    used: Counter[str] = Counter()

    def gain(row: SampleCandidate) -> float:
        novelty = sum(_USED / used[word] if word in used else 1 for word in row.words)
        return novelty / (len(row.words) + _SMOOTH)

    heap = [(-gain(row), row) for row in candidates]
    heapq.heapify(heap)
    chosen: list[SampleCandidate] = []
    while heap and len(chosen) < size:
        _, row = heapq.heappop(heap)
        negated_gain = -gain(row)
        if heap and negated_gain > heap[0][0]:
            heapq.heappush(heap, (negated_gain, row))
            continue
        chosen.append(row)
        used.update(row.words)
    return chosen
