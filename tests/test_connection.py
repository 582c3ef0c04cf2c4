"""The connection to an Argilla: what it leaves behind."""

from __future__ import annotations

import gc
from weakref import ReferenceType, ref

import httpx

from sharegpt_argilla.argilla_client.connection import ArgillaClient


def test_a_page_that_was_read_does_not_wait_for_the_garbage_collector() -> None:
    seen: list[ReferenceType[httpx.Response]] = []
    answer = {"username": "owner", "role": "owner"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    hooks = {"response": [lambda response: seen.append(ref(response))]}
    gc.disable()
    try:
        with httpx.Client(base_url="http://x", transport=transport, event_hooks=hooks) as http:
            assert ArgillaClient("http://x", http).get("/api/v1/me") == answer
            assert [one() for one in seen] == [None, None]
    finally:
        gc.enable()
