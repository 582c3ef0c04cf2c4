"""Splits that keep conversations, equal prompts and duplicates together."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from array import array
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from sharegpt_argilla.errors import UsageError

DEFAULT_SEED = 42
_DIGEST = np.dtype("V16")
_HASH = np.dtype("V32")
_PIECE = 1 << 16
"""Keys that are compared at once."""
_WORDS = re.compile(r"[^\W_]+")
_NAME = re.compile(r"[A-Za-z0-9]+(?:_[A-Za-z0-9]+)*")


def parse_split(text: str) -> dict[str, float]:
    """``train=0.9,test=0.1`` as name -> share.

    Raises:
        UsageError: the form is wrong, a name occurs twice, or the shares do not add up to 1.
    """
    shares: dict[str, float] = {}
    for item in text.split(","):
        name, _, number = (piece.strip() for piece in item.partition("="))
        if not _NAME.fullmatch(name):
            raise UsageError(f'split "{item.strip()}": a part is a name with a share, as in "train=0.9,test=0.1"')
        if name in shares:
            raise UsageError(f'split "{name}" is there twice')
        shares[name] = _share(name, number)
    if not math.isclose(sum(shares.values()), 1, abs_tol=1e-6):
        raise UsageError(f"the shares of the splits add up to {sum(shares.values()):g}, not to 1")
    return shares


def normalized_prompt(text: str) -> str:
    """A key that equal prompts share: their words in lower case, separated by single spaces.

    Width, case, spacing and punctuation do not matter (Unicode NFKC, case folding). A prompt without
    words is its own key.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_WORDS.findall(folded)) or folded.strip()


def digest(text: str) -> bytes:
    """The 16-byte digest of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


class Families:
    """Groups of units that must be in the same split; each unit is added with the keys that it shares with others.

    Until the families are asked for, 16 bytes for each key. A family is a connected component of units and keys.

    Attributes:
        largest: share of the units in the largest family; set by ``assign``.
    """

    def __init__(self) -> None:
        self._keys = bytearray()
        self._counts = array("i")
        self.largest = 0.0

    def add(self, keys: Iterable[bytes]) -> None:
        """Add the next unit.

        Args:
            keys: at least one ``digest``. Units with a key in common are one family.
        """
        before = len(self._keys)
        for key in keys:
            self._keys += key
        self._counts.append((len(self._keys) - before) // _DIGEST.itemsize)

    def names(self) -> list[bytes]:
        """The name of each unit's family, in the order in which the units were added.

        The smallest digest names the family, so the order in which units come does not matter.
        """
        families, names = self._found()
        named = [name.tobytes() for name in names]
        return [named[family] for family in families.tolist()]

    def assign(self, shares: Mapping[str, float], seed: int) -> list[str]:
        """The split of each unit, in the order in which they were added.

        Families are ordered by a hash of their name and the seed, and the splits are cut from that order. Shares
        are met as nearly as the families at the cuts allow, and rows added later move only families near a cut.
        """
        families, names = self._found()
        sizes = np.bincount(families, minlength=len(names))
        self.largest = float(sizes.max(initial=0)) / max(len(self._counts), 1)
        start = str(seed).encode() + b"\0"
        hashes = b"".join(hashlib.sha256(start + name.tobytes()).digest() for name in names)
        split_of = np.zeros(len(names), np.int32)
        before = 0
        positions = {name: position for position, name in enumerate(shares)}
        for family in np.argsort(np.frombuffer(hashes, _HASH), kind="stable"):
            split_of[family] = positions[_cut(shares, (before + sizes[family] / 2) / len(self._counts))]
            before += int(sizes[family])
        splits = list(shares)
        return [splits[split] for split in split_of[families]]

    def _found(self) -> tuple[NDArray[np.int32], NDArray[np.void]]:
        """The family of each unit, and the name of each family."""
        keys = np.frombuffer(self._keys, _DIGEST)
        numbers, firsts = _numbered(keys)
        roots = _roots(self._counts, numbers, len(firsts))
        known, families = np.unique(np.frombuffer(roots, "i"), return_inverse=True)
        return families.astype("i"), keys[firsts[known]]


def _numbered(keys: NDArray[np.void]) -> tuple[array[int], NDArray[np.intp]]:
    """The number of each key among the different keys in order, and where each of these is; as `numpy.unique`.

    That takes three times the memory: keys are compared in pieces here.
    """
    order = np.argsort(keys, kind="stable")
    is_new = np.ones(len(keys), bool)
    for start in range(1, len(keys), _PIECE):
        piece = order[start - 1 : start + _PIECE]
        is_new[start : start + _PIECE] = keys[piece[1:]] != keys[piece[:-1]]
    numbers = np.empty(len(keys), "i")
    numbers[order] = np.cumsum(is_new, dtype="i") - 1
    return array("i", numbers.tobytes()), order[is_new]


def _roots(counts: array[int], numbers: array[int], size: int) -> array[int]:
    """Union-find: the smallest number that each unit is connected to, where ``counts`` says how many it has."""
    parents = array("i", range(size))

    def root(number: int) -> int:
        while (parent := parents[number]) != number:
            parents[number] = number = parents[parent]
        return number

    firsts = array("i")
    start = 0
    for count in counts:
        members = [root(number) for number in numbers[start : start + count]]
        start += count
        head = min(members)
        for member in members:
            parents[member] = head
        firsts.append(head)
    return array("i", map(root, firsts))


def _share(name: str, number: str) -> float:
    try:
        share = float(number)
    except ValueError:
        share = math.nan
    if not 0 < share <= 1:
        raise UsageError(f'split "{name}": its share is a number above 0 and at most 1, found "{number}"')
    return share


def _cut(shares: Mapping[str, float], middle: float) -> str:
    end = 0.0
    for name, share in shares.items():
        end += share
        if middle < end:
            return name
    return list(shares)[-1]
