"""Duplicate prompts, exact (normalised) and near (MinHash)."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray

from sharegpt_argilla.common.temporary_database import TemporaryDatabase

PERMUTATIONS = 128
"""Hashes in a signature: the estimate of a similarity of 0.7 is then off by 0.04 on average."""
BANDS = 16
ROWS = 4
"""Two prompts are compared when one of 16 bands of 4 hashes agrees: 99 % of the pairs of similarity 0.7."""
SHINGLE = 3
LONGEST = 10_000
"""Characters of a prompt that are compared, as in LMSYS-Chat-1M."""
_LEAST_WORDS = 5
MOST = 50
"""Prompts of one band that later ones are compared with, the first ones: thousands may share a pattern."""

EXACT, NEAR = "duplicate", "near_duplicate"

# A character of a script without spaces is a word.
_WORD = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]|\\w+")

Signature = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is kept of a prompt to recognise it.

    Attributes:
        exact: hash of the normalised prompt.
        signature: its MinHash; None for a prompt that is too short, or not the first of its conversation.
    """

    exact: bytes
    signature: Signature | None


def normalised_words(prompt: str) -> list[str]:
    """The words of a prompt in lower case, without spacing and punctuation (Unicode NFKC)."""
    return _WORD.findall(unicodedata.normalize("NFKC", prompt).casefold())


def fingerprint(prompt: str, *, near: bool) -> Fingerprint:
    """The fingerprint of a prompt; with ``near``, including a signature."""
    words = normalised_words(prompt)
    # A prompt of punctuation alone has no words, but is not empty.
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
    """Three words at a time. An instruction in its own paragraph prefixes each shingle of its input.

    Two inputs under one instruction are as similar as the inputs, however long the instruction; two instructions
    over one input are not similar.
    """
    head, _, rest = prompt.partition("\n\n")
    words = normalised_words(rest)
    tag = " ".join(normalised_words(head)) if words else ""
    words = words or normalised_words(head)
    if len(words) < _LEAST_WORDS:
        return set()
    return {
        f"{tag}|{' '.join(words[start : start + SHINGLE])}".encode() for start in range(len(words) - SHINGLE + 1)
    }


_CONTENT = "the prompts seen so far are"
_TABLES = (
    "CREATE TABLE exact (key BLOB PRIMARY KEY, row TEXT, session TEXT) WITHOUT ROWID",
    "CREATE TABLE bands (band INTEGER PRIMARY KEY, number INTEGER)",
    "CREATE TABLE kept (number INTEGER PRIMARY KEY, row TEXT, session TEXT, signature BLOB)",
)
_RESEMBLING = (
    "CREATE TABLE bands (band INTEGER, number INTEGER, PRIMARY KEY (band, number)) WITHOUT ROWID",
    "CREATE TABLE kept (number INTEGER PRIMARY KEY, row TEXT, signature BLOB)",
)
_MARKS = ", ".join("?" * BANDS)
_KEPT_IN_BAND = f"SELECT DISTINCT number FROM bands WHERE band IN ({_MARKS}) ORDER BY number"  # noqa: S608 - marks
_SHELVES = f"SELECT band, number FROM bands WHERE band IN ({_MARKS})"  # noqa: S608 - marks


class Seen:
    """The prompts so far, in a temporary database, so that memory does not grow with them.

    Raises:
        OSError: from ``add``, when the disk of the temporary folder is full.
    """

    def __init__(self, similarity: float) -> None:
        """Nothing seen yet.

        Args:
            similarity: Jaccard similarity of shingles from which two are near duplicates.
        """
        self.similarity = similarity
        self._kept = 0
        self._database = TemporaryDatabase(_CONTENT, _TABLES)

    def close(self) -> None:
        """Close and delete the database."""
        self._database.close()

    def find(self, print_: Fingerprint, key: bytes, row: str, session: str) -> tuple[str, str] | None:
        """The flag and the id of the row that this one repeats; None for a new prompt.

        Args:
            print_: of the prompt.
            key: what must also be equal for a later turn: a hash of the prompts before it.
            row: its id.
            session: its conversation, in which another answer to the same prompt is not a duplicate.
        """
        query = "SELECT row, session FROM exact WHERE key = ?"
        first = self._database.run(query, (key + print_.exact,)).fetchone()
        if first is not None:
            return (EXACT, first[0]) if first[1] != session or first[0] == row else None
        return self._near(print_.signature, session) if print_.signature is not None else None

    def add(self, print_: Fingerprint, key: bytes, row: str, session: str) -> None:
        """Remember a prompt that is kept."""
        self._database.run("INSERT OR IGNORE INTO exact VALUES (?, ?, ?)", (key + print_.exact, row, session))
        if print_.signature is None:
            return
        values = (self._kept, row, session, print_.signature.tobytes())
        self._database.run("INSERT INTO kept VALUES (?, ?, ?, ?)", values)
        bands = [(band, self._kept) for band in _bands(print_.signature)]
        self._database.run_many("INSERT OR IGNORE INTO bands VALUES (?, ?)", bands)
        self._kept += 1

    def _near(self, signature: Signature, session: str) -> tuple[str, str] | None:
        query = "SELECT row, session, signature FROM kept WHERE number = ?"
        for number in self._database.run(_KEPT_IN_BAND, _bands(signature)).fetchall():
            row, other, kept = self._database.run(query, number).fetchone()
            same = np.count_nonzero(np.frombuffer(kept, np.uint32) == signature)
            if float(same) / PERMUTATIONS >= self.similarity and other != session:
                return NEAR, row
        return None


class Resembling:
    """All prompts so far, to list those that a prompt resembles, in a database as that of ``Seen``.

    Raises:
        OSError: from ``add``, when the disk of the temporary folder is full.
    """

    def __init__(self, similarity: float) -> None:
        """Nothing seen yet.

        Args:
            similarity: Jaccard similarity of shingles from which two resemble each other.
        """
        self.similarity = similarity
        self._count = 0
        self._database = TemporaryDatabase(_CONTENT, _RESEMBLING)

    def close(self) -> None:
        """Close and delete the database."""
        self._database.close()

    def add(self, prompt: str, row: str) -> set[str]:
        """Remember a prompt; returns the ids of earlier rows with a similar prompt.

        Args:
            prompt: the question of a row; short ones resemble nothing.
            row: its id.
        """
        signature = fingerprint(prompt, near=True).signature
        if signature is None:
            return set()
        bands = _bands(signature)
        rows = self._database.run(_SHELVES, bands).fetchall()
        shelves = Counter(band for band, _ in rows)
        similar_rows: set[str] = set()
        closest = 0.0
        for number in {number for _, number in rows}:
            query = "SELECT row, signature FROM kept WHERE number = ?"
            other, kept = self._database.run(query, (number,)).fetchone()
            similarity = float(np.count_nonzero(np.frombuffer(kept, np.uint32) == signature)) / PERMUTATIONS
            closest = max(closest, similarity)
            if similarity >= self.similarity:
                similar_rows.add(other)
        if closest < 1:
            self._keep(row, signature, [band for band in bands if shelves[band] < MOST])
        return similar_rows

    def _keep(self, row: str, signature: Signature, bands: Sequence[int]) -> None:
        self._database.run("INSERT INTO kept VALUES (?, ?, ?)", (self._count, row, signature.tobytes()))
        pairs = [(band, self._count) for band in bands]
        self._database.run_many("INSERT INTO bands VALUES (?, ?)", pairs)
        self._count += 1


def _bands(signature: Signature) -> list[int]:
    return [hash((number, signature[number * ROWS : (number + 1) * ROWS].tobytes())) for number in range(BANDS)]
