"""Prompts that were there before, to the letter or nearly."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field

import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray

PERMUTATIONS = 128
"""Hashes in a signature: the estimate of a similarity of 0.7 is then off by 0.04 on average."""
BANDS = 16
ROWS = 4
"""Two prompts are compared when one of 16 bands of 4 hashes agrees: 99 % of the pairs of similarity 0.7."""
SHINGLE = 3
LONGEST = 10_000
"""Characters of a prompt that are looked at, as in LMSYS-Chat-1M."""
_LEAST_WORDS = 5
MOST = 50
"""Prompts of one band that later ones are compared with: of thousands made after one pattern, the first."""

EXACT, NEAR = "duplicate", "near_duplicate"

# A character of a script without spaces is a word.
_WORD = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]|\\w+")

Signature = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is kept of a prompt to know it again.

    Attributes:
        exact: hash of the normalised prompt.
        signature: its MinHash; None for one that is too short to be like another, or no first prompt.
    """

    exact: bytes
    signature: Signature | None


def normalised_words(prompt: str) -> list[str]:
    """The words of a prompt in small letters, without spacing and punctuation (Unicode NFKC)."""
    return _WORD.findall(unicodedata.normalize("NFKC", prompt).casefold())


def fingerprint(prompt: str, *, near: bool) -> Fingerprint:
    """The fingerprint of a prompt; with ``near``, one to find similar prompts by."""
    words = normalised_words(prompt)
    # Punctuation alone is no prompt without words.
    text = " ".join(words) if words else prompt.strip()
    exact = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
    if not near or len(words) < _LEAST_WORDS:
        return Fingerprint(exact, None)
    shingles = _shingles(prompt[:LONGEST])
    if not shingles:
        return Fingerprint(exact, None)
    sketch = MinHash(PERMUTATIONS, seed=1)
    sketch.update_batch(sorted(shingles))
    return Fingerprint(exact, sketch.hashvalues.astype(np.uint32))


def _shingles(prompt: str) -> set[bytes]:
    """Three words at a time. An instruction in a paragraph of its own stands before each of those of its input.

    Two inputs under one instruction are as alike as the inputs are, however long the instruction; two instructions
    over one input are not alike.
    """
    head, _, rest = prompt.partition("\n\n")
    words = normalised_words(rest)
    tag = " ".join(normalised_words(head)) if words else ""
    words = words or normalised_words(head)
    if len(words) < _LEAST_WORDS:
        return set()
    return {
        f"{tag}|{' '.join(words[place : place + SHINGLE])}".encode() for place in range(len(words) - SHINGLE + 1)
    }


@dataclass
class Seen:
    """The prompts that were there before. It grows with them: about 2 kB for each with a signature.

    Attributes:
        similarity: Jaccard similarity of shingles from which two are near duplicates.
    """

    similarity: float
    _exact: dict[bytes, tuple[str, str]] = field(default_factory=dict)
    _bands: dict[int, int] = field(default_factory=dict)
    _kept: list[tuple[str, str, Signature]] = field(default_factory=list)

    def find(self, print_: Fingerprint, key: bytes, row: str, session: str) -> tuple[str, str] | None:
        """The flag and the id of the row that this one repeats; None when it is new.

        Args:
            print_: of the prompt.
            key: what must agree besides, for a later turn: the prompts before it.
            row: its id.
            session: its conversation. Another answer to the same prompt in it is no duplicate.
        """
        first = self._exact.get(key + print_.exact)
        if first is not None:
            return (EXACT, first[0]) if first[1] != session or first[0] == row else None
        return self._near(print_.signature, session) if print_.signature is not None else None

    def add(self, print_: Fingerprint, key: bytes, row: str, session: str) -> None:
        """Remember a prompt that is kept."""
        self._exact.setdefault(key + print_.exact, (row, session))
        if print_.signature is None:
            return
        number = len(self._kept)
        self._kept.append((row, session, print_.signature))
        for band in _bands(print_.signature):
            self._bands.setdefault(band, number)

    def _near(self, signature: Signature, session: str) -> tuple[str, str] | None:
        numbers = {self._bands[band] for band in _bands(signature) if band in self._bands}
        for number in sorted(numbers):
            row, other, kept = self._kept[number]
            alike = float(np.count_nonzero(kept == signature)) / PERMUTATIONS
            if alike >= self.similarity and other != session:
                return NEAR, row
        return None


@dataclass
class Resembling:
    """All prompts that were there before, to know every one of them that a prompt resembles.

    Attributes:
        similarity: Jaccard similarity of shingles from which two resemble each other.
    """

    similarity: float
    _rows: dict[int, list[tuple[str, Signature]]] = field(default_factory=dict)

    def add(self, prompt: str, row: str) -> set[str]:
        """Remember a prompt; the ids of the rows before whose prompts it resembles.

        Args:
            prompt: the question of a row; short ones resemble nothing.
            row: its id.
        """
        signature = fingerprint(prompt, near=True).signature
        if signature is None:
            return set()
        found: set[str] = set()
        shelves = [self._rows.setdefault(band, []) for band in _bands(signature)]
        known = {id(kept): (other, kept) for shelf in shelves for other, kept in shelf}
        closest = 0.0
        for other, kept in known.values():
            alike = float(np.count_nonzero(kept == signature)) / PERMUTATIONS
            closest = max(closest, alike)
            if alike >= self.similarity:
                found.add(other)
        for shelf in shelves:
            if closest < 1 and len(shelf) < MOST:
                shelf.append((row, signature))
        return found


def _bands(signature: Signature) -> list[int]:
    return [hash((place, signature[place * ROWS : (place + 1) * ROWS].tobytes())) for place in range(BANDS)]
