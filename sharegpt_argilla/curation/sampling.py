"""Which rows a sample has: the same ones on every machine, in every order of reading."""

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
"""Words added to each prompt, so that one rare word alone does not win."""
_USED = 0.1
"""What a word counts that was chosen once, against one that never was."""


class Candidate(NamedTuple):
    """A row that may be in the sample.

    Attributes:
        draw: its place in the order of the draw, from seed and id.
        place: its place in the file.
        stratum: its group, when the sample is stratified.
        words: of its prompt, when the sample is diverse.
    """

    draw: int
    place: int
    stratum: str = ""
    words: tuple[str, ...] = ()


def candidate(row: Curated, place: int, seed: int, stratify: str | None) -> Candidate:
    """The row as a candidate."""
    digest = hashlib.sha256(f"{seed} {row.id}".encode()).digest()
    stratum = stratum_of(row, stratify) if stratify else ""
    return Candidate(int.from_bytes(digest[:8], "big"), place, stratum, row.words)


def check_stratum(name: str) -> str:
    """The name itself.

    Raises:
        UnknownNameError: rows are not grouped by that.
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


def choose(candidates: Iterable[Candidate], size: int, *, diverse: bool = False) -> list[int]:
    """The places of the sample's rows, in the order of the file.

    Args:
        candidates: all rows that may be in it.
        size: rows of the sample; fewer when there are fewer.
        diverse: choose prompts whose words are least like those chosen before, instead of drawing.
    """
    strata: dict[str, list[Candidate]] = defaultdict(list)
    for one in candidates:
        strata[one.stratum].append(one)
    shares = allot({name: len(members) for name, members in strata.items()}, size)
    chosen: list[Candidate] = []
    for name, share in shares.items():
        chosen += _diverse(strata[name], share) if diverse else heapq.nsmallest(share, strata[name])
    return sorted(one.place for one in chosen)


def allot(sizes: Mapping[str, int], total: int) -> dict[str, int]:
    """How many rows each group gives: all the same, where a group is too small the others more.

    >>> allot({"en": 100, "ms": 3, "ko": 50}, 23)
    {'en': 10, 'ko': 10, 'ms': 3}
    """
    shares: dict[str, int] = {}
    left = total
    # Smallest first: what a small group cannot give goes to those after it.
    for place, (name, size) in enumerate(sorted(sizes.items(), key=lambda item: (item[1], item[0]))):
        groups = len(sizes) - place
        shares[name] = min(size, -(-left // groups) if place == len(sizes) - 1 else left // groups)
        left -= shares[name]
    return dict(sorted(shares.items()))


def _diverse(candidates: Sequence[Candidate], size: int) -> list[Candidate]:
    """Greedy: next is the prompt whose words were chosen least often so far; equal ones in the draw's order.

    A prompt's gain only falls as others are chosen, so that one whose gain is worked out anew and still the
    highest needs no look at the rest (Minoux 1978).
    """
    used: Counter[str] = Counter()

    def gain(one: Candidate) -> float:
        news = sum(_USED / used[word] if word in used else 1 for word in one.words)
        return news / (len(one.words) + _SMOOTH)

    heap = [(-gain(one), one) for one in candidates]
    heapq.heapify(heap)
    chosen: list[Candidate] = []
    while heap and len(chosen) < size:
        _, one = heapq.heappop(heap)
        now = -gain(one)
        if heap and now > heap[0][0]:
            heapq.heappush(heap, (now, one))
            continue
        chosen.append(one)
        used.update(one.words)
    return chosen
