"""Plans on Elasticsearch and OpenSearch: annotators find, count and measure their own records only.

The embedded search engine knows plans by itself. This teaches them to the engines of argilla-server, which share
one class; without it, answers to other people's records are refused but their records are offered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from argilla_server.enums import MetadataPropertyType, SortOrder
from argilla_server.models import MetadataProperty
from argilla_server.search_engine.base import AndFilter, MetadataFilterScope, Order, RecordFilterScope
from argilla_server.search_engine.commons import (
    BaseElasticAndOpenSearchEngine,
    es_bool_query,
    es_field_for_metadata_property,
    es_field_for_response_property,
    es_index_name_for_dataset,
    es_nested_query,
    es_terms_query,
)

from sharegpt_argilla.argilla_plugin import current_annotator as annotators
from sharegpt_argilla.argilla_plugin.assigned_people import has_property, is_planned
from sharegpt_argilla.argilla_plugin.base import Code, Patch, Replacement
from sharegpt_argilla.common.contract_keys import ASSIGNED_RANK, ASSIGNED_TO

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from argilla_server.models import Dataset

    from sharegpt_argilla.argilla_plugin.current_annotator import Annotator

    Search = Callable[..., Awaitable[Any]]

_ENGINE = "argilla_server.search_engine.commons:BaseElasticAndOpenSearchEngine"


@dataclass(frozen=True)
class OwnRecords:
    """A filter: what is assigned to the annotator, or what they answered before it went to others."""

    annotator: Annotator

    def query(self) -> dict[str, Any]:
        """The filter in the language of both engines."""
        user = es_field_for_response_property("user_id")
        assigned = es_terms_query(es_field_for_metadata_property(ASSIGNED_TO), [self.annotator.username])
        answered = es_nested_query("responses", es_terms_query(user, [self.annotator.id]))
        query: dict[str, Any] = es_bool_query(should=[assigned, answered], minimum_should_match=1)
        return query


async def _own(dataset: Dataset) -> OwnRecords | None:
    """The filter of who asks; None if nobody is asked for, or the dataset has no plan."""
    annotator = annotators.current_annotator()
    if annotator is None or not await is_planned(dataset.current_async_session, dataset.id):
        return None
    return OwnRecords(annotator)


def _with_own_filter(build: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def build_filter(engine: Any, filter: Any) -> dict[str, Any]:  # noqa: A002 - the engine calls it that
        query: dict[str, Any] = filter.query() if isinstance(filter, OwnRecords) else build(engine, filter)
        return query

    return build_filter


def _narrowed(own: OwnRecords, other: Any) -> Any:
    return own if other is None else AndFilter([own, other])


def _own_search(search: Search) -> Search:
    async def search_own(engine: Any, dataset: Dataset, *arguments: Any, **options: Any) -> Any:
        """One page of what is theirs; without an order of their own, in the plan's."""
        own = await _own(dataset)
        if own is None:
            return await search(engine, dataset, *arguments, **options)
        # The handlers give all but the dataset by name.
        options["filter"] = _narrowed(own, options.get("filter"))
        ranked = not options.get("sort") and await has_property(
            dataset.current_async_session, dataset.id, ASSIGNED_RANK
        )
        if ranked:
            options["sort"] = [
                Order(MetadataFilterScope(ASSIGNED_RANK), SortOrder.asc),
                Order(RecordFilterScope("id"), SortOrder.asc),
            ]
        return await search(engine, dataset, *arguments, **options)

    return search_own


def _own_similar(search: Search) -> Search:
    async def search_own(engine: Any, dataset: Dataset, *arguments: Any, **options: Any) -> Any:
        own = await _own(dataset)
        if own is not None:
            options["filter"] = _narrowed(own, options.get("filter"))
        return await search(engine, dataset, *arguments, **options)

    return search_own


def _own_metrics(compute: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def compute_own(engine: Any, metadata_property: MetadataProperty) -> Any:
        own = await _own(metadata_property.dataset)
        if own is None:
            return await compute(engine, metadata_property)
        index = es_index_name_for_dataset(metadata_property.dataset)
        terms = metadata_property.type == MetadataPropertyType.terms
        measure = engine._metrics_for_terms_property if terms else engine._metrics_for_numeric_property
        return await measure(index, metadata_property, own.query())

    return compute_own


async def _count_own(engine: Any, dataset: Dataset, annotator: Annotator) -> int | None:
    """How many records of a plan are the annotator's; None if the dataset has no plan."""
    if not await is_planned(dataset.current_async_session, dataset.id):
        return None
    index = es_index_name_for_dataset(dataset)
    response = await engine._index_search_request(index, query=OwnRecords(annotator).query(), size=0)
    return int(response["hits"]["total"]["value"])


def _count_own_records() -> None:
    BaseElasticAndOpenSearchEngine.count_own_records = _count_own


PATCH = Patch(
    name="plans on Elasticsearch and OpenSearch",
    owner="argilla-server",
    reason="people are offered records that are not theirs, and their answers to them are refused",
    upstream="https://github.com/argilla-io/argilla/issues/3361",
    loss="on Elasticsearch and OpenSearch people see records that are not theirs",
    replaces=(
        Replacement(f"{_ENGINE}.build_elasticsearch_filter", ("b6d8ee971f0448b7",), _with_own_filter),
        Replacement(f"{_ENGINE}.search", ("ebefb71572ccc026",), _own_search),
        Replacement(f"{_ENGINE}.similarity_search", ("81d8bb2e1704a7e6",), _own_similar),
        Replacement(f"{_ENGINE}.compute_metrics_for", ("e486769c4b332598",), _own_metrics),
    ),
    relies_on=(
        Code(f"{_ENGINE}._metrics_for_terms_property", ("907ffca42b36acb9",)),
        Code(f"{_ENGINE}._metrics_for_numeric_property", ("dce6b426e9356134",)),
        Code(f"{_ENGINE}._mapping_for_responses", ("3c931c5634a5896c",)),
    ),
    install=_count_own_records,
)
