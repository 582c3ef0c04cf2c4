"""Searches the index: text, filters, order and paging in one SQL query."""

# ruff: noqa: S608 - only names and numbers of our own are put into SQL; values are bound.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from argilla_server.search_engine import RecordFilterScope, ResponseFilterScope

from sharegpt_argilla.embedded_argilla.index_filters import (
    EVERY,
    KEYWORD_PROPERTIES,
    TIME_PROPERTIES,
    Condition,
    all_of,
    attribute_of,
    filter_condition,
)
from sharegpt_argilla.embedded_argilla.index_schema import RESPONSE
from sharegpt_argilla.embedded_argilla.index_shuffle import LOTS, shuffle_of
from sharegpt_argilla.embedded_argilla.index_values import KEYWORD
from sharegpt_argilla.embedded_argilla.text_query import compile_text_query
from sharegpt_argilla.errors import EmbeddedArgillaError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from argilla_server.search_engine import Filter, Order

    from sharegpt_argilla.embedded_argilla.index_schema import Attribute, DatasetIndex


@dataclass(frozen=True)
class Match:
    """The rows that a query finds: ``source`` is SQL from ``FROM`` on, ``score`` an expression over it."""

    source: str
    score: str
    values: tuple[str | int | float, ...]


def match_records(
    dataset: DatasetIndex, text: str | None, field: str | None, wanted: Filter | None
) -> Match | None:
    """The records that fit a text query and a filter, or None where the text can be found nowhere.

    Raises:
        EmbeddedArgillaError: ``field`` is not a field of the dataset.
        ValueError: the filter cannot be used.
    """
    condition = all_of([Condition("record.dataset = ?", (dataset.number,)), filter_condition(dataset, wanted)])
    if text is None:
        return Match(f"FROM record WHERE {condition.sql}", "1.0", condition.values)
    if field is not None and field not in dataset.definition.fields:
        raise EmbeddedArgillaError(f'the dataset has no field "{field}" to search in')
    columns = dataset.text_columns
    chosen = list(columns.values()) if field is None else [columns[field]] if field in columns else []
    expression = compile_text_query(text, chosen, whole_document=field is None)
    if expression is None:
        return None
    table = dataset.text_table
    # CROSS JOIN keeps SQLite from looking every filtered record up in the text index, one by one.
    source = f"FROM {table} CROSS JOIN record ON record.number = {table}.rowid WHERE {table} MATCH ?"
    return Match(f"{source} AND {condition.sql}", f"-bm25({table})", (expression, *condition.values))


def search_records(
    connection: sqlite3.Connection,
    match: Match,
    order: Condition,
    offset: int,
    limit: int,
) -> tuple[list[tuple[str, float]], int]:
    """``(record id, score)`` of one page, and the number of all that match."""
    total: int = connection.execute(f"SELECT COUNT(*) {match.source}", match.values).fetchone()[0]
    if not limit or offset >= total:
        return [], total
    rows = connection.execute(
        f"SELECT record.id, {match.score} AS score {match.source} ORDER BY {order.sql} LIMIT ? OFFSET ?",
        (*match.values, *order.values, limit, offset),
    )
    return rows.fetchall(), total


def order_of(dataset: DatasetIndex, sort: Sequence[Order] | None, user_id: str | None) -> Condition:
    """What follows ``ORDER BY``: the keys of ``sort``; else a person's own shuffle; else the best first.

    Records that are equal in it keep the order in which they came into the index.

    Raises:
        ValueError: a key is not one that can be sorted by.
    """
    if sort:
        keys = [_key(dataset, order) for order in sort]
    elif user_id is not None:
        keys = [_shuffle(user_id)]
    else:
        keys = [Condition("score DESC")]
    keys.append(Condition("record.number"))
    return Condition(", ".join(key.sql for key in keys), tuple(value for key in keys for value in key.values))


def _shuffle(user_id: str) -> Condition:
    """Relevance times a number up to 1 that is drawn for the person and the record."""
    return Condition(f"score * ((record.lot * ? + ?) % {LOTS} + 1) DESC", shuffle_of(user_id))


def _key(dataset: DatasetIndex, order: Order) -> Condition:
    direction = "DESC" if str(order.order) == "desc" else "ASC"
    scope = order.scope
    if isinstance(scope, RecordFilterScope):
        return _record_key(str(scope.property), direction)
    if isinstance(scope, ResponseFilterScope):
        return _response_key(dataset, scope, direction)
    attribute = attribute_of(dataset, scope)
    if attribute is None:
        return Condition("NULL")
    # As Elasticsearch has it: of several values the smallest counts going up, the largest going down.
    extreme = "MAX" if direction == "DESC" else "MIN"
    values = f"SELECT {extreme}(value.value) FROM value WHERE value.record = record.number"
    return Condition(f"({values} AND attribute = {attribute.number}) {direction} NULLS LAST")


def _record_key(name: str, direction: str) -> Condition:
    if name not in (*KEYWORD_PROPERTIES, *TIME_PROPERTIES):
        raise ValueError(f'records have no property "{name}" to sort by')
    return Condition(f"record.{name} {direction} NULLS LAST")


def _response_key(dataset: DatasetIndex, scope: ResponseFilterScope, direction: str) -> Condition:
    extreme = "MAX" if direction == "DESC" else "MIN"
    by_user = EVERY if scope.user is None else Condition("response.user = ?", (str(scope.user.id),))
    if scope.question:
        attribute = dataset.attribute(RESPONSE, scope.question)
        if attribute is None:
            return Condition("NULL")
        answers = _answers(attribute, extreme)
    elif scope.property == "status":
        answers = f"SELECT {extreme}(response.status) FROM response WHERE response.record = record.number"
    else:
        raise ValueError(f"cannot sort by {scope}")
    return Condition(f"({answers} AND {by_user.sql}) {direction} NULLS LAST", by_user.values)


def _answers(attribute: Attribute, extreme: str) -> str:
    """Ratings count by their mean; of labels, which have none, the first or last one."""
    joined = extreme if attribute.type == KEYWORD else "AVG"
    return (
        f"SELECT {joined}(value.value) FROM value JOIN response ON response.number = value.response "
        f"WHERE value.record = record.number AND value.attribute = {attribute.number}"
    )
