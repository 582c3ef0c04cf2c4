"""The records that a plan gives to one annotator, and their order."""

# ruff: noqa: S608 - only names and numbers of our own are put into SQL; values are bound.

from __future__ import annotations

from typing import TYPE_CHECKING

from sharegpt_argilla.common.contract_keys import ASSIGNED_RANK, ASSIGNED_TO
from sharegpt_argilla.embedded_argilla.engine.index_filters import Condition
from sharegpt_argilla.embedded_argilla.engine.index_pages import Ordering
from sharegpt_argilla.embedded_argilla.engine.index_schema import METADATA

if TYPE_CHECKING:
    import sqlite3

    from sharegpt_argilla.argilla_plugin.current_annotator import Annotator
    from sharegpt_argilla.embedded_argilla.engine.index_schema import DatasetIndex


def own_records(dataset: DatasetIndex, annotator: Annotator | None) -> Condition | None:
    """True for records that are assigned to the annotator, or that they answered before it went to others.

    None if nobody is asked for or the dataset has no plan: then all records are everybody's.
    """
    assigned = dataset.attribute(METADATA, ASSIGNED_TO)
    if annotator is None or assigned is None:
        return None
    plan = f"SELECT value.record FROM value WHERE attribute = {assigned.number} AND value.value = ?"
    numbers = (
        f"{plan} UNION SELECT response.record FROM response JOIN record AS answered "
        f"ON answered.number = response.record WHERE response.user = ? AND answered.dataset = {dataset.number}"
    )
    probe = (
        f"EXISTS ({plan} AND value.record = record.number) OR EXISTS "
        "(SELECT 1 FROM response WHERE response.record = record.number AND response.user = ?)"
    )
    return Condition(
        f"record.number IN ({numbers})", (annotator.username, annotator.id), numbers=numbers, probe=probe
    )


def plan_order(dataset: DatasetIndex) -> Ordering | None:
    """By rank, and records without one last; None if the plan has no ranks."""
    rank = dataset.attribute(METADATA, ASSIGNED_RANK)
    if rank is None:
        return None
    value = (
        "(SELECT MIN(value.value) FROM value "
        f"WHERE value.record = record.number AND value.attribute = {rank.number})"
    )
    return Ordering(Condition(f"{value} NULLS LAST, record.number"), rank.number)


def count_own(connection: sqlite3.Connection, dataset: DatasetIndex, annotator: Annotator) -> int | None:
    """How many records are the annotator's; None if the dataset has no plan."""
    own = own_records(dataset, annotator)
    if own is None:
        return None
    count: int = connection.execute(f"SELECT COUNT(*) FROM ({own.numbers})", own.values).fetchone()[0]
    return count
