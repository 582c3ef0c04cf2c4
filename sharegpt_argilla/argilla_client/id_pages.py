"""The records of a search, page by page after the last id: the last page is as fast as the first.

A search by offset ends after 500,000 records on Elasticsearch and OpenSearch (Argilla's ``max_result_window``),
and a record that comes or goes shifts all pages behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sharegpt_argilla.argilla_client.connection import ArgillaClient

_ID = {"entity": "record", "property": "id"}


def pages_by_id(
    client: ArgillaClient, dataset_id: str, filters: list[dict[str, Any]], size: int, include: str | list[str]
) -> Iterator[list[dict[str, Any]]]:
    """Records in the order of their ids; the server prepares the next page while one is worked on.

    Args:
        client: the connection.
        dataset_id: Argilla's id of the dataset.
        filters: of Argilla's search, all of which a record must fit.
        size: records of a page; a request after the first asks for one more, which is the last that is known.
        include: what comes along with the fields, such as ``responses,suggestions``.
    """
    last, offset, limit = "", 0, size

    def fetch() -> dict[str, Any]:
        after = [{"type": "range", "scope": _ID, "ge": last}] if last else []
        params = {"offset": offset, "limit": limit, "include": include}
        return _search(client, dataset_id, [*filters, *after], params)

    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(fetch)
        while True:
            answer = coming.result()
            records = [item["record"] for item in answer["items"] if item and item["record"]]
            page = [record for record in records if record["id"] > last]
            if offset + limit >= answer["total"]:
                yield page
                return
            if page:
                last, offset, limit = page[-1]["id"], 0, size + 1
            else:
                # Of a page that the index has and the database has not, nothing is left to continue after.
                offset += limit
            coming = pool.submit(fetch)
            yield page


def count_found(client: ArgillaClient, dataset_id: str, filters: list[dict[str, Any]]) -> int:
    """How many records a search finds."""
    return int(_search(client, dataset_id, filters, {"limit": 1})["total"])


def _search(
    client: ArgillaClient, dataset_id: str, filters: list[dict[str, Any]], params: Mapping[str, Any]
) -> dict[str, Any]:
    query: dict[str, Any] = {"sort": [{"scope": _ID, "order": "asc"}]}
    if filters:
        query["filters"] = {"and": filters}
    answer: dict[str, Any] = client.post(f"/api/v1/datasets/{dataset_id}/records/search", query, params)
    return answer
