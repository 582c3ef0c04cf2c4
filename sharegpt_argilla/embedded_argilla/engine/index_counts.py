"""Counts over the index: the values of a metadata property, and the progress of records and responses."""

# ruff: noqa: S608 - only names and numbers of our own are put into SQL; values are bound.

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from sharegpt_argilla.embedded_argilla.engine.index_filters import Condition
    from sharegpt_argilla.embedded_argilla.engine.index_schema import Attribute, DatasetIndex
    from sharegpt_argilla.embedded_argilla.engine.index_values import Stored

MAX_TERMS = 2**14
"""Terms beyond this many are counted in the total only, as in argilla-server's engine for Elasticsearch."""


def count_terms(
    connection: sqlite3.Connection, attribute: Attribute, among: Condition | None = None
) -> tuple[int, list[tuple[str, int]]]:
    """How many values there are, and ``(value, records)`` for each different one, the most frequent first.

    With ``among``, only those of the records for which it is true.
    """
    only, values = _only(among)
    counts = connection.execute(
        f"SELECT value, COUNT(*) FROM value WHERE attribute = ?{only} "
        "GROUP BY value ORDER BY COUNT(*) DESC, value",
        (attribute.number, *values),
    ).fetchall()
    return sum(count for _, count in counts), counts[:MAX_TERMS]


def find_extremes(
    connection: sqlite3.Connection, attribute: Attribute, among: Condition | None = None
) -> tuple[float | None, float | None]:
    """The smallest and the largest value, None if there is none; ``among`` as for `count_terms`."""
    only, values = _only(among)
    smallest, largest = (
        connection.execute(
            f"SELECT {extreme}(value) FROM value WHERE attribute = ?{only}", (attribute.number, *values)
        ).fetchone()[0]
        for extreme in ("MIN", "MAX")
    )
    return smallest, largest


def _only(among: Condition | None) -> tuple[str, tuple[Stored, ...]]:
    return ("", ()) if among is None else (f" AND value.record IN ({among.numbers})", among.values)


def count_records(connection: sqlite3.Connection, dataset: DatasetIndex) -> dict[str, int]:
    """``total``, and the number of records of each status that occurs."""
    return _with_total(
        connection.execute(
            "SELECT status, COUNT(*) FROM record WHERE dataset = ? GROUP BY status", (dataset.number,)
        )
    )


def count_responses(connection: sqlite3.Connection, dataset: DatasetIndex, user: str) -> dict[str, int]:
    """``total``, and the number of one person's responses of each status that occurs."""
    return _with_total(
        connection.execute(
            "SELECT response.status, COUNT(*) FROM response JOIN record ON record.number = response.record "
            "WHERE response.user = ? AND record.dataset = ? GROUP BY response.status",
            (user, dataset.number),
        )
    )


def _with_total(rows: sqlite3.Cursor) -> dict[str, int]:
    counts: dict[str, int] = dict(rows.fetchall())
    return {"total": sum(counts.values()), **counts}
