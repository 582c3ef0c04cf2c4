"""How often each value occurs is asked of Elasticsearch and OpenSearch in one search instead of two.

The page asks for such counts after every answer: how many records there are of each status, and how many answers
of its person. argilla-server counts all values first, only to know how many different ones there can be at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argilla_server.search_engine.base import TermsMetrics

from sharegpt_argilla.argilla_plugin.base import Code, Patch, Replacement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Count = Callable[..., Awaitable[TermsMetrics]]

_ENGINE = "argilla_server.search_engine.commons:BaseElasticAndOpenSearchEngine"
_ALL, _EACH = "all_values", "each_value"


def _in_one_search(_: Count) -> Count:
    async def count_terms(
        engine: Any, index_name: str, field_name: str, query: dict[str, Any] | None = None
    ) -> TermsMetrics:
        """The number of values of a field, and of each one, the most frequent first."""
        found = await engine._index_search_request(
            index_name,
            query=query or {"match_all": {}},
            aggregations={
                _ALL: {"value_count": {"field": field_name}},
                _EACH: {"terms": {"field": field_name, "size": engine.max_terms_size}},
            },
            size=0,
        )
        total, buckets = found["aggregations"][_ALL]["value"], found["aggregations"][_EACH]["buckets"]
        counts = [TermsMetrics.TermCount(term=each["key"], count=each["doc_count"]) for each in buckets]
        return TermsMetrics(total=total, values=counts)

    return count_terms


PATCH = Patch(
    name="counts in one search",
    owner="argilla-server",
    reason="each count of values costs two searches, and the page asks for some after every answer",
    upstream="argilla-io/argilla: argilla_server/search_engine/commons.py, _compute_terms_metrics_for",
    loss="counts take longer on Elasticsearch and OpenSearch",
    replaces=(Replacement(f"{_ENGINE}._compute_terms_metrics_for", ("dc0ce5ad59ff0e22",), _in_one_search),),
    relies_on=(
        Code(f"{_ENGINE}._terms_aggregation", ("ec7d257898c753fc",)),
        Code("argilla_server.search_engine.base:TermsMetrics", ("f994e0414c949d0a",)),
    ),
)
