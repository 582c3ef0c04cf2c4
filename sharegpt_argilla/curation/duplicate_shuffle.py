"""Duplicates across the stretches of a rows file, found by many processes, each of which holds a part.

A row is compared with an earlier one only if they share a key: the whole of their prompts, or a band of their
signatures. Rows that share keys, directly or through others, are a group. Groups can be decided apart from one
another, with the outcome of one process that sees all rows in order:

1. ``keys_of``: the keys of a stretch's rows, sorted into parts by their value;
2. ``pairs_in_part``: rows with equal keys, found in one part of all stretches;
3. ``Groups``: the connected components of these pairs, as numbers, which one process holds;
4. ``sort_by_task``: the fingerprints of a stretch's rows in groups, by the task that decides their group;
5. ``decide``: a task's groups, row by row as ``Seen`` does.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sharegpt_argilla.common.atomic_files import atomic_bytes
from sharegpt_argilla.curation.checks.duplicate_checks import BANDS, PERMUTATIONS, ROWS, Fingerprint, Seen

Numbers = NDArray[np.uint64]
Place = tuple[str, int, int]
"""A file, and the offset and size in bytes of a part of it."""
Decision = tuple[str, str]
"""The flag of a row, and the id of the row that it repeats."""

STRETCH_BITS = 32
"""Bits of a row's number that are its index in its stretch; the others are the number of the stretch."""
_ODD = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93], np.uint64)
"""Odd constants of splitmix64 and others like it: what is multiplied by them differs if it differed before."""


class Print(NamedTuple):
    """What is needed of a row to find what it repeats.

    Attributes:
        id: of the row.
        session: its conversation.
        exact: hash of its prompt, and of the prompts before it.
        signature: bytes of its MinHash; empty without one.
        dropped: whether another check drops the row, so that none repeats it.
    """

    id: str
    session: str
    exact: bytes
    signature: bytes
    dropped: bool


def print_of(fingerprint: Fingerprint, key: bytes, row: str, session: str, *, dropped: bool) -> Print:
    """The print of a row; ``key`` as ``Seen.find`` takes it."""
    exact = hashlib.blake2b(key + fingerprint.exact, digest_size=16).digest()
    signature = b"" if fingerprint.signature is None else fingerprint.signature.tobytes()
    return Print(row, session, exact, signature, dropped)


def keys_of(prints: Sequence[Print], stretch: int, parts: int) -> tuple[bytes, list[int]]:
    """The keys of a stretch's rows.

    Args:
        prints: of the rows.
        stretch: its number.
        parts: into how many they are sorted.

    Returns:
        Pairs of a key and the number of its row, 16 bytes each, by part; and the offset of each part and the end.
    """
    numbers = np.arange(len(prints), dtype=np.uint64) | np.uint64(stretch << STRETCH_BITS)
    exact = np.frombuffer(b"".join(each.exact[:8] for each in prints), np.uint64)
    near = np.array([bool(each.signature) for each in prints], bool)
    signatures = np.frombuffer(b"".join(each.signature for each in prints), np.uint32)
    bands = signatures.reshape(-1, PERMUTATIONS)[:, : BANDS * ROWS].reshape(-1, BANDS, ROWS)
    keys = np.concatenate([exact, _hashed(bands.astype(np.uint64)).ravel()])
    rows = np.concatenate([numbers, np.repeat(numbers[near], BANDS)])
    part = keys % np.uint64(parts)
    order = np.argsort(part, kind="stable")
    ends = np.searchsorted(part[order], np.arange(parts + 1, dtype=np.uint64))
    return np.stack([keys[order], rows[order]], axis=1).tobytes(), [16 * int(end) for end in ends]


def _hashed(bands: Numbers) -> Numbers:
    """A number for each band: equal for equal ones. Those that are equal by chance only make a group larger."""
    mixed: Numbers = np.arange(bands.shape[1], dtype=np.uint64)[None, :] * _ODD[3]
    mixed = np.repeat(mixed, bands.shape[0], axis=0)
    for column in range(bands.shape[2]):
        mixed = (mixed ^ bands[:, :, column]) * _ODD[column % 3]
        mixed ^= mixed >> np.uint64(31)
    return mixed


def pairs_in_part(places: Sequence[Place]) -> Numbers:
    """Pairs of rows with an equal key, enough to connect all that have it; of shape (pairs, 2).

    Args:
        places: of one part in the keys of every stretch.
    """
    keys = np.frombuffer(b"".join(_read(place) for place in places), np.uint64).reshape(-1, 2)
    keys = keys[np.argsort(keys[:, 0], kind="stable")]
    same = keys[1:, 0] == keys[:-1, 0]
    pairs: Numbers = np.stack([keys[:-1, 1][same], keys[1:, 1][same]], axis=1)
    return np.unique(pairs, axis=0)


class Groups:
    """Rows that share keys, directly or through others.

    Args:
        pairs: of rows, of shape (pairs, 2) each.
        tasks: by how many tasks they are decided.
    """

    def __init__(self, pairs: Iterable[Numbers], tasks: int) -> None:
        from scipy.sparse import coo_array  # noqa: PLC0415 - takes a while, and only runs in stretches need it
        from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

        joined = np.concatenate([np.zeros((0, 2), np.uint64), *pairs])
        self._rows, ends = np.unique(joined, return_inverse=True)
        ends = ends.reshape(-1, 2)
        count = len(self._rows)
        graph: Any = coo_array((np.ones(len(ends), bool), (ends[:, 0], ends[:, 1])), shape=(count, count))
        _, labels = connected_components(graph, directed=False)
        self._tasks = labels % tasks

    def in_stretch(self, number: int) -> list[tuple[int, int]]:
        """Index in the stretch, and task, of its rows that are in a group."""
        bounds = np.array([number << STRETCH_BITS, (number + 1) << STRETCH_BITS], np.uint64)
        start, stop = np.searchsorted(self._rows, bounds)
        indices = self._rows[start:stop] & np.uint64((1 << STRETCH_BITS) - 1)
        return list(zip(indices.tolist(), self._tasks[start:stop].tolist(), strict=True))


def sort_by_task(prints: Sequence[Print], rows: Iterable[tuple[int, int]], target: str) -> dict[int, Place]:
    """Write the prints of the rows, by the task that decides them.

    Args:
        prints: of a stretch.
        rows: index of a row, and its task.
        target: the file.

    Returns:
        Where those for each task are.
    """
    parts: dict[int, list[tuple[int, Print]]] = defaultdict(list)
    for index, task in rows:
        parts[task].append((index, prints[index]))
    return write_parts(target, parts)


def decide(places: Mapping[int, Place], similarity: float, checks: Sequence[str], target: str) -> dict[int, Place]:
    """Decide what the rows of some groups repeat.

    Args:
        places: number of a stretch -> where the prints of its rows are.
        similarity: as ``Seen`` takes it.
        checks: the checks that run.
        target: file for the decisions: of each stretch, index -> decision.

    Returns:
        Number of a stretch -> where those for its rows are.
    """
    decided: dict[int, dict[int, Decision]] = defaultdict(dict)
    with closing(Seen(similarity)) as seen:
        for stretch in sorted(places):
            for index, each in read_part(places[stretch]):
                signature = np.frombuffer(each.signature, np.uint32) if each.signature else None
                fingerprint = Fingerprint(each.exact, signature)
                found = seen.find(fingerprint, b"", each.id, each.session)
                if found is not None and found[0] in checks:
                    decided[stretch][index] = found
                elif not each.dropped:
                    seen.add(fingerprint, b"", each.id, each.session)
    return write_parts(target, decided)


def write_parts(target: str, parts: Mapping[int, object]) -> dict[int, Place]:
    """Write objects one after the other.

    Returns:
        Where each is.
    """
    places: dict[int, Place] = {}
    with atomic_bytes(target) as file:
        for number, part in parts.items():
            places[number] = _append(file, target, part)
    return places


def _append(file: IO[bytes], target: str, part: object) -> Place:
    start = file.tell()
    pickle.dump(part, file)
    return target, start, file.tell() - start


def read_part(place: Place) -> Any:
    """What ``write_parts`` wrote."""
    return pickle.load(io.BytesIO(_read(place)))  # noqa: S301 - written by this run, in its own folder


def _read(place: Place) -> bytes:
    path, start, size = place
    with Path(path).open("rb") as file:
        file.seek(start)
        return file.read(size)
