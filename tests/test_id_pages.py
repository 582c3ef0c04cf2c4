"""Paging after the last id, against a server whose window of results is small."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from sharegpt_argilla.argilla_client.connection import ArgillaClient
from sharegpt_argilla.argilla_client.id_pages import count_found, pages_by_id

WINDOW = 12
IDS = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(100)]


class Search:
    """As much of Argilla's search as is asked: by id from a lower bound on, and no further than `WINDOW`."""

    def __init__(self, absent: frozenset[int] = frozenset()) -> None:
        self.absent, self.asked = absent, list[dict[str, Any]]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query, params = json.loads(request.content), request.url.params
        self.asked.append(query)
        assert query["sort"] == [{"scope": {"entity": "record", "property": "id"}, "order": "asc"}]
        offset, limit = int(params.get("offset", 0)), int(params["limit"])
        if offset + limit > WINDOW:
            return httpx.Response(422, json={"detail": "the window is too large"})
        bounds = [part["ge"] for part in query.get("filters", {"and": []})["and"] if part["type"] == "range"]
        found = [(number, key) for number, key in enumerate(IDS) if not bounds or key >= bounds[0]]
        items = [
            {"record": None if number in self.absent else {"id": key}}
            for number, key in found[offset : offset + limit]
        ]
        return httpx.Response(200, json={"items": items, "total": len(found)})


def read(search: Search, size: int) -> list[str]:
    http = httpx.Client(base_url="http://x", transport=httpx.MockTransport(search))
    with ArgillaClient("http://x", http, "owner", "owner") as client:
        assert count_found(client, "d", []) == len(IDS)
        pages = list(pages_by_id(client, "d", [], size, "responses"))
    if not search.absent:
        assert {len(page) for page in pages[:-1]} == {size}
    return [record["id"] for page in pages for record in page]


@pytest.mark.parametrize("size", [1, 2, 10, WINDOW - 1])
def test_every_record_once_beyond_the_window(size: int) -> None:
    assert read(Search(), size) == IDS


def test_the_filters_stay() -> None:
    search = Search()
    wanted = {"type": "terms", "scope": {"entity": "response", "property": "status"}, "values": ["submitted"]}
    http = httpx.Client(base_url="http://x", transport=httpx.MockTransport(search))
    with ArgillaClient("http://x", http, "owner", "owner") as client:
        assert sum(map(len, pages_by_id(client, "d", [wanted], 10, "responses"))) == len(IDS)
    assert len(search.asked) > 1
    assert all(query["filters"]["and"][0] == wanted for query in search.asked)


@pytest.mark.parametrize("absent", [range(10), range(95, 100), range(40, 46), range(0, 100, 2), [99]])
def test_records_that_only_the_index_has_are_skipped(absent: Any) -> None:
    gone = frozenset(absent)
    assert read(Search(gone), 4) == [key for number, key in enumerate(IDS) if number not in gone]


def test_an_empty_dataset() -> None:
    empty = httpx.MockTransport(lambda _request: httpx.Response(200, json={"items": [], "total": 0}))
    with ArgillaClient("http://x", httpx.Client(base_url="http://x", transport=empty), "owner", "owner") as client:
        assert [*pages_by_id(client, "d", [], 10, "responses")] == [[]]
