"""Searches the index: text, filters, order and paging in one SQL query."""

# ruff: noqa: S608 - only names and numbers of our own are put into SQL; values are bound.

from __future__ import annotations

from typing import TYPE_CHECKING

from argilla_server.search_engine import RecordFilterScope, ResponseFilterScope

from sharegpt_argilla.embedded_argilla.engine.index_filters import (
    EVERY,
    KEYWORD_PROPERTIES,
    TIME_PROPERTIES,
    Condition,
    all_of,
    attribute_of,
    filter_conditions,
)
from sharegpt_argilla.embedded_argilla.engine.index_pages import Match, Ordering, Page, count_matches, read_page
from sharegpt_argilla.embedded_argilla.engine.index_schema import RESPONSE
from sharegpt_argilla.embedded_argilla.engine.index_values import KEYWORD
from sharegpt_argilla.embedded_argilla.engine.shuffle import LOTS, TURNS, shuffle_of
from sharegpt_argilla.embedded_argilla.engine.text_query import ALWAYS, Columns, compile_text_query
from sharegpt_argilla.errors import EmbeddedArgillaError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from argilla_server.search_engine import Filter, Order

    from sharegpt_argilla.embedded_argilla.engine.index_schema import Attribute, DatasetIndex


def match_records(
    dataset: DatasetIndex,
    text: str | None,
    field: str | None,
    wanted: Filter | None,
    among: Condition | None = None,
) -> Match | None:
    """The records that fit a text query and a filter, or None if the text cannot be found.

    ``among`` must be true for them as well.

    Raises:
        EmbeddedArgillaError: ``field`` is not a field of the dataset.
        ValueError: the filter cannot be used.
    """
    of_dataset = Condition("record.dataset = ?", (dataset.number,), is_dataset=True)
    parts = (of_dataset, *filter_conditions(dataset, wanted), *([among] if among else []))
    condition = all_of(parts)
    if text is None:
        return Match(f"FROM record WHERE {condition.sql}", "1.0", condition.values, conditions=parts)
    if field is not None and field not in dataset.definition.fields:
        raise EmbeddedArgillaError(f'the dataset has no field "{field}" to search in')
    expression = compile_text_query(text, _columns(dataset, field))
    if expression is None:
        return None
    table = dataset.text_table
    # CROSS JOIN keeps SQLite from looking every filtered record up in the text index, one by one.
    source = f"FROM {table} CROSS JOIN record ON record.number = {table}.rowid WHERE {table} MATCH ?"
    if len(parts) == 1:
        # The table contains this dataset's records and no others.
        return Match(source, f"-bm25({table})", (expression,), text=f"FROM {table} WHERE {table} MATCH ?")
    return Match(f"{source} AND {condition.sql}", f"-bm25({table})", (expression, *condition.values))


def _columns(dataset: DatasetIndex, field: str | None) -> Columns:
    columns, types = dataset.text_columns, dataset.definition.fields
    if field is None:
        return Columns(tuple(columns.values()), whole_document=True, roles="chat" in types.values())
    # An image field contains no word, so that everything is without one.
    return Columns((columns.get(field, ALWAYS),), whole_document=False, roles=types[field] == "chat")


def search_records(
    connection: sqlite3.Connection,
    match: Match,
    ordering: Ordering,
    offset: int,
    limit: int,
) -> tuple[Page, int]:
    """``(record id, score)`` of one page, and the number of all that match."""
    total = count_matches(connection, match)
    if not limit or offset >= total:
        return [], total
    # The highest number is at least the number of the dataset's records, and costs nothing.
    records: int = connection.execute("SELECT MAX(number) FROM record").fetchone()[0]
    return read_page(connection, match, ordering, (offset, limit), (total, records)), total


def order_of(dataset: DatasetIndex, sort: Sequence[Order] | None, user_id: str | None) -> Ordering:
    """What follows ``ORDER BY``: the keys of ``sort``; else a person's own shuffle; else the best first.

    Records that are equal in it keep the order in which they came into the index.

    Raises:
        ValueError: a key is not one that can be sorted by.
    """
    if sort:
        keys = [_key(dataset, order) for order in sort]
        joined = Condition(
            ", ".join(key.sql for key in keys), tuple(value for key in keys for value in key.values)
        )
        return _one_attribute(dataset, sort, Condition(f"{joined.sql}, record.number", joined.values))
    if user_id is None:
        return Ordering(Condition("score DESC, record.number"), by_score=True)
    shuffle = shuffle_of(user_id)
    # Relevance times a number up to 1 that is drawn for the person and the record.
    drawn = f"({LOTS} * ({TURNS} - {shuffle.turn}) - {shuffle.position})"
    return Ordering(Condition(f"score * {drawn} DESC, record.number"), shuffle=shuffle)


def _one_attribute(dataset: DatasetIndex, sort: Sequence[Order], key: Condition) -> Ordering:
    """The ordering, which tells the attribute where it is a single one of the record's own."""
    scope = sort[0].scope
    if len(sort) > 1 or isinstance(scope, RecordFilterScope | ResponseFilterScope):
        return Ordering(key)
    attribute = attribute_of(dataset, scope)
    return Ordering(key, attribute.number if attribute else None, str(sort[0].order) == "desc")


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
