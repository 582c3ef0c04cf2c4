"""Splits that keep conversations, equal prompts and duplicates together."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping

from sharegpt_argilla.errors import UsageError

DEFAULT_SEED = 42
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

    Union-find over 16-byte digests; about 200 bytes for each key.

    Attributes:
        largest: share of the units in the largest family; set by ``assign``.
    """

    def __init__(self) -> None:
        self._parents: dict[bytes, bytes] = {}
        self._units: list[bytes] = []
        self.largest = 0.0

    def add(self, keys: Iterable[bytes]) -> None:
        """Add the next unit.

        Args:
            keys: at least one ``digest``. Units with a key in common are one family.
        """
        roots = [self._root(key) for key in keys]
        # The smallest digest names the family, so the order in which units come does not matter.
        head = min(roots)
        for root in roots:
            self._parents[root] = head
        self._units.append(head)

    def names(self) -> list[bytes]:
        """The name of each unit's family, in the order in which the units were added."""
        return [self._root(unit) for unit in self._units]

    def assign(self, shares: Mapping[str, float], seed: int) -> list[str]:
        """The split of each unit, in the order in which they were added.

        Families are ordered by a hash of their name and the seed, and the splits are cut from that order. Shares
        are met as nearly as the families at the cuts allow, and rows added later move only families near a cut.
        """
        sizes: dict[bytes, int] = {}
        for unit in self._units:
            root = self._root(unit)
            sizes[root] = sizes.get(root, 0) + 1
        self.largest = max(sizes.values(), default=0) / max(len(self._units), 1)
        order = sorted(sizes, key=lambda root: hashlib.sha256(str(seed).encode() + b"\0" + root).digest())
        split_of: dict[bytes, str] = {}
        before = 0
        for root in order:
            middle = (before + sizes[root] / 2) / len(self._units)
            split_of[root] = _cut(shares, middle)
            before += sizes[root]
        return [split_of[self._root(unit)] for unit in self._units]

    def _root(self, key: bytes) -> bytes:
        root = key
        while (parent := self._parents.setdefault(root, root)) != root:
            root = parent
        while (parent := self._parents[key]) != root:
            self._parents[key], key = root, parent
        return root


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
