"""Several people may answer one record at the same moment, also on Elasticsearch and OpenSearch.

There an answer changes the record's document, and a change during another one is refused. The answer is stored by
then; the person is told of an error all the same, and the record stays in their queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sharegpt_argilla.argilla_plugin.base import Patch, Replacement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Update = Callable[..., Awaitable[None]]

RETRIES = 20
"""How often the engine itself tries a change again that another one has overtaken; a record has fewer people."""

_ENGINES = "argilla_server.search_engine"


def _on_elasticsearch(_: Update) -> Update:
    async def update(engine: Any, index_name: str, id: str, body: dict[str, Any]) -> None:  # noqa: A002 - its name
        await engine.client.update(index=index_name, id=id, **body, refresh=True, retry_on_conflict=RETRIES)

    return update


def _on_opensearch(_: Update) -> Update:
    async def update(engine: Any, index_name: str, id: str, body: dict[str, Any]) -> None:  # noqa: A002 - its name
        await engine.client.update(index=index_name, id=id, body=body, refresh=True, retry_on_conflict=RETRIES)

    return update


PATCH = Patch(
    name="answers at the same moment",
    owner="argilla-server",
    reason="an answer that another one to its record overtakes is stored, refused and not found",
    upstream="argilla-io/argilla: argilla_server/search_engine/opensearch.py, _update_document_request",
    loss="on Elasticsearch and OpenSearch people who answer a record at the same moment get errors",
    replaces=(
        Replacement(
            f"{_ENGINES}.elasticsearch:ElasticSearchEngine._update_document_request",
            ("7f8c70f20aaadebb",),
            _on_elasticsearch,
        ),
        Replacement(
            f"{_ENGINES}.opensearch:OpenSearchEngine._update_document_request",
            ("66242b8c49f5ed15",),
            _on_opensearch,
        ),
    ),
)
