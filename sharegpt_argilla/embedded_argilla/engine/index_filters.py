"""Turns the server's filters into SQL conditions on the table ``record``.

What each filter means is what argilla-server's ``search_engine/commons.py`` asks of Elasticsearch.
"""

# ruff: noqa: S608 - only names and numbers of our own are put into SQL; values are bound.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from argilla_server.search_engine import (
    AndFilter,
    MetadataFilterScope,
    RangeFilter,
    RecordFilterScope,
    ResponseFilterScope,
    SuggestionFilterScope,
    TermsFilter,
)

from sharegpt_argilla.embedded_argilla.engine.index_schema import METADATA, RESPONSE, SUGGESTION
from sharegpt_argilla.embedded_argilla.engine.index_values import KEYWORD, Stored, bound, instant, sought_values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from argilla_server.search_engine import Filter, FilterScope

    from sharegpt_argilla.embedded_argilla.engine.index_schema import Attribute, DatasetIndex

KEYWORD_PROPERTIES = ("id", "external_id", "status")
TIME_PROPERTIES = ("inserted_at", "updated_at")

PENDING = "pending"
"""The status that means "no response yet"."""


@dataclass(frozen=True)
class Condition:
    """A piece of SQL that is true or not for a row of ``record``, and the values of its question marks.

    With the same values, ``numbers`` selects each ``record`` of the dataset for which it is true, once or more,
    where an index has them together; ``probe`` is another form of ``sql``, for when few records are looked at.
    ``opposite`` is true if this is not. ``is_dataset`` says that it asks for nothing but the dataset.
    """

    sql: str
    values: tuple[Stored, ...] = ()
    numbers: str = ""
    probe: str = ""
    opposite: Condition | None = None
    is_dataset: bool = False


EVERY, NONE = Condition("1"), Condition("0")


def all_of(conditions: Iterable[Condition]) -> Condition:
    """The condition that every one of ``conditions`` is true; without conditions it always is."""
    parts = [condition for condition in conditions if condition != EVERY]
    if not parts:
        return EVERY
    return Condition(
        " AND ".join(f"({part.sql})" for part in parts), tuple(value for part in parts for value in part.values)
    )


def filter_condition(dataset: DatasetIndex, wanted: Filter | None) -> Condition:
    """The condition of a filter; the filter is not changed.

    Raises:
        ValueError: the filter's scope or a bound of a range is not one that can be filtered by.
    """
    if wanted is None:
        return EVERY
    if isinstance(wanted, AndFilter):
        return all_of(filter_condition(dataset, part) for part in wanted.filters)
    scope = wanted.scope
    if isinstance(scope, ResponseFilterScope):
        return _response_condition(dataset, wanted, scope)
    if isinstance(scope, RecordFilterScope):
        return _record_condition(wanted, scope.property)
    attribute = attribute_of(dataset, scope)
    return NONE if attribute is None else _has_value(attribute, _comparison(attribute.type, wanted))


def filter_conditions(dataset: DatasetIndex, wanted: Filter | None) -> list[Condition]:
    """The same as single conditions that are all true; none of them where nothing is asked for.

    Raises:
        ValueError: as for `filter_condition`.
    """
    if isinstance(wanted, AndFilter):
        return [condition for part in wanted.filters for condition in filter_conditions(dataset, part)]
    condition = filter_condition(dataset, wanted)
    return [] if condition == EVERY else [condition]


def attribute_of(dataset: DatasetIndex, scope: FilterScope) -> Attribute | None:
    """The attribute of a metadata property or a suggestion, None if nothing is indexed under it.

    Raises:
        ValueError: the scope is of another kind.
    """
    if isinstance(scope, MetadataFilterScope):
        return dataset.attribute(METADATA, str(scope.metadata_property))
    if isinstance(scope, SuggestionFilterScope):
        return dataset.attribute(SUGGESTION.get(str(scope.property), ""), scope.question)
    raise ValueError(f"cannot filter or sort by {scope}")


def _comparison(value_type: str, wanted: TermsFilter | RangeFilter, column: str = "value") -> Condition:
    """The condition that ``column``, of an attribute of this type, fits the filter."""
    if isinstance(wanted, TermsFilter):
        return _one_of(column, sought_values(value_type, list(wanted.values)))
    if isinstance(wanted, RangeFilter):
        return _between(column, bound(value_type, wanted.ge), bound(value_type, wanted.le))
    raise ValueError(f"cannot filter by {wanted}")


def _one_of(column: str, values: list[Stored]) -> Condition:
    return Condition(f"{column} IN ({','.join('?' * len(values))})", tuple(values)) if values else NONE


def _between(column: str, low: Stored | None, high: Stored | None) -> Condition:
    """``column`` has a value, and one between the two; None leaves an end open."""
    parts = [Condition(f"{column} IS NOT NULL")] if low is None and high is None else []
    parts += [Condition(f"{column} >= ?", (low,))] if low is not None else []
    parts += [Condition(f"{column} <= ?", (high,))] if high is not None else []
    return all_of(parts)


def _has_value(attribute: Attribute, fits: Condition) -> Condition:
    if fits == NONE:
        return NONE
    # A record is found once for each of its values and responses that fit.
    having = f"FROM value WHERE attribute = {attribute.number} AND {fits.sql}"
    numbers = f"SELECT value.record {having}"
    return Condition(
        f"record.number IN ({numbers})",
        fits.values,
        numbers,
        f"EXISTS (SELECT 1 {having} AND value.record = record.number)",
    )


def _record_condition(wanted: TermsFilter | RangeFilter, name: str) -> Condition:
    name = str(name)
    if name in KEYWORD_PROPERTIES:
        return _comparison(KEYWORD, wanted, f"record.{name}")
    if name not in TIME_PROPERTIES:
        raise ValueError(f'records have no property "{name}" to filter by')
    column = f"record.{name}"
    if isinstance(wanted, RangeFilter):
        return _between(column, instant(wanted.ge, upper=False), instant(wanted.le, upper=True))
    spans = [_between(column, instant(at, upper=False), instant(at, upper=True)) for at in wanted.values]
    return _any_of(spans)


def _any_of(conditions: list[Condition]) -> Condition:
    if not conditions:
        return NONE
    return Condition(
        " OR ".join(f"({part.sql})" for part in conditions),
        tuple(value for part in conditions for value in part.values),
    )


def _response_condition(
    dataset: DatasetIndex, wanted: TermsFilter | RangeFilter, scope: ResponseFilterScope
) -> Condition:
    user = None if scope.user is None else str(scope.user.id)
    if scope.question:
        attribute = dataset.attribute(RESPONSE, scope.question)
        return NONE if attribute is None else _response_value_condition(attribute, wanted, user)
    if scope.property == "status" and isinstance(wanted, TermsFilter):
        return _response_status_condition(list(wanted.values), user)
    raise ValueError(f"cannot filter by {scope}")


def _response_value_condition(
    attribute: Attribute, wanted: TermsFilter | RangeFilter, user: str | None
) -> Condition:
    fits = _comparison(attribute.type, wanted)
    if user is None or fits == NONE:
        return _has_value(attribute, fits)
    return Condition(
        "record.number IN (SELECT value.record FROM value JOIN response ON response.number = value.response "
        f"WHERE attribute = {attribute.number} AND {fits.sql} AND response.user = ?)",
        (*fits.values, user),
    )


def _response_status_condition(values: list[Any], user: str | None) -> Condition:
    statuses = [str(value) for value in sought_values(KEYWORD, values)]
    by_user = all_of([] if user is None else [Condition("response.user = ?", (user,))])
    if PENDING in statuses:
        others = [status for status in statuses if status != PENDING]
        pending = _responded(by_user, negated=True)
        return _any_of([pending, _response_status_condition(others, user)]) if others else pending
    if not statuses:
        return EVERY if user is None else _responded(by_user)
    return _responded(all_of([by_user, _one_of("response.status", list(statuses))]))


def _responded(fits: Condition, negated: bool = False) -> Condition:
    exists = f"EXISTS (SELECT 1 FROM response WHERE response.record = record.number AND {fits.sql})"
    if not negated:
        return Condition(exists, fits.values)
    listed = Condition(f"record.number IN (SELECT response.record FROM response WHERE {fits.sql})", fits.values)
    return Condition(f"NOT {exists}", fits.values, opposite=None if fits == EVERY else listed)
