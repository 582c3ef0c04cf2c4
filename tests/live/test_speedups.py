"""The speed-ups in a running server: a webhook that is enabled later gets its events at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.embedded import EmbeddedArgilla, wait_until
from tests.live.rest import owner_of, texts

pytestmark = pytest.mark.live


@contextmanager
def listening() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An address that takes what is posted to it, and what came."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: the test's output is not the place."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()


def names(received: list[dict[str, Any]], kind: str) -> list[str]:
    return sorted(each["data"]["external_id"] for each in received if each["type"] == kind)


def test_webhook_enabled_later_is_heard_at_once_in_every_process(argilla: EmbeddedArgilla) -> None:
    argilla.wait_for_child("worker")
    with owner_of(argilla) as owner, listening() as (url, received):
        dataset = owner.dataset("speedups", "speedups")
        webhook = owner(
            "POST",
            "/webhooks",
            {"url": url, "events": ["record.created", "record.updated"], "description": "later"},
        )
        try:
            owner("PATCH", f"/webhooks/{webhook['id']}", {"enabled": False})
            first, *_ = owner.load(dataset, texts(3))
            owner.answer(first, quality=5)
            owner("PATCH", f"/webhooks/{webhook['id']}", {"enabled": True})
            owner.load(dataset, texts(3, begin=4))
            wait_until(lambda: len(names(received, "record.created")) >= 3, "the server's events")
            # Changing the number of answers that are needed has the worker look at the answered records again.
            owner("PATCH", f"/datasets/{dataset}", {"distribution": {"strategy": "overlap", "min_submitted": 2}})
            wait_until(lambda: len(names(received, "record.updated")) >= 1, "the worker's events")
        finally:
            owner("DELETE", f"/webhooks/{webhook['id']}")
    assert names(received, "record.created") == ["r4", "r5", "r6"]
    assert names(received, "record.updated") == ["r1"]


def test_server_and_worker_run_with_all_speedups(argilla: EmbeddedArgilla) -> None:
    assert "without speed-ups" not in (argilla.home.logs / "server.log").read_text("utf-8")
    assert "without speed-ups" not in (argilla.home.logs / "worker.log").read_text("utf-8")
