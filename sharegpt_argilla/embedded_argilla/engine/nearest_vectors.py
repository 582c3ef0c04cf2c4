"""Similarity search: the cosine with every vector that fits, exact, by numpy."""

# ruff: noqa: S608 - only names and numbers of our own are put into SQL; values are bound.

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from sharegpt_argilla.embedded_argilla.engine.index_pages import Match
    from sharegpt_argilla.embedded_argilla.engine.index_schema import Attribute


_LOGGER = logging.getLogger(__name__)


def _unit_vector(value: Sequence[float], dimensions: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    if len(value) != dimensions:
        raise ValueError(f"the vector has {len(value)} dimensions; the dataset's vectors have {dimensions}")
    exact = np.asarray(value, dtype=np.float64)
    length = float(np.linalg.norm(exact))
    if not math.isfinite(length) or length == 0.0:
        raise ValueError("the vector's length is zero or infinite; it has no direction to compare")
    return (exact / length).astype(np.float32)


def packed_vector(value: Sequence[float], dimensions: int) -> bytes | None:
    """A vector as it is stored: brought to length 1, in 32-bit floats; None if it cannot be similar to any."""
    try:
        return _unit_vector(value, dimensions).tobytes()
    except ValueError as error:
        _LOGGER.warning("a vector is left out of the search index: %s", error)
        return None


def nearest_records(
    connection: sqlite3.Connection,
    attribute: Attribute,
    value: Sequence[float],
    match: Match,
    limit: int,
    excluded: str | None = None,
) -> list[tuple[str, float]]:
    """``(record id, score)`` of the ``limit`` records whose vectors are most alike ``value``, the best first.

    Args:
        attribute: of the vector settings.
        match: the records that may be found.
        excluded: the id of a record to leave out.

    Returns:
        The score is Elasticsearch's for the cosine: ``(1 + cosine) / 2``, from 0 (opposite) to 1 (the same).

    Raises:
        ValueError: ``value`` has other dimensions than the settings say, or no direction.
    """
    sought = _unit_vector(value, int(attribute.type))
    rows = connection.execute(
        "SELECT record.id, vector.value FROM vector JOIN record ON record.number = vector.record "
        "WHERE vector.attribute = ? AND vector.value IS NOT NULL AND record.id IS NOT ? "
        f"AND vector.record IN (SELECT record.number {match.source}) ORDER BY record.number",
        (attribute.number, excluded, *match.values),
    ).fetchall()
    stored = np.frombuffer(b"".join(blob for _, blob in rows), dtype=np.float32).reshape(len(rows), len(sought))
    scores = (1.0 + np.clip(stored @ sought, -1.0, 1.0)) / 2.0
    best = np.argsort(-scores, kind="stable")[:limit]
    return [(rows[index][0], float(scores[index])) for index in best]
