"""A chat endpoint on this machine that misbehaves as the prompt tells it to."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER = {
    "quality": {"value": 6, "confidence": 0.8},
    "intent": {"value": ["code", "open_qa"], "confidence": 0.7},
    "toxicity": {"value": "none", "confidence": 0.9},
}


class FakeEndpoint:
    """Counts what it is asked.

    A prompt that starts with ``429 2:`` is refused twice with that status; ``broken 1:`` gets broken JSON once;
    ``slow:`` is answered after a while; ``hang up:`` has its connection closed once. A refusal
    asks for ``retry_after`` seconds of patience. ``headers`` and ``bodies``
    are what came in. ``usage`` is what it says of tokens.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: dict[str, Any] = ANSWER
        self.usage: object = {"prompt_tokens": 100, "completion_tokens": 10}
        self.pause = 0.0
        self.retry_after = "0"
        self._lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                fake.handle(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        prompt = json.loads(body["messages"][1]["content"])["prompt"]
        with self._lock:
            self.asked[prompt] += 1
            self.bodies.append(body)
            self.headers.append(dict(request.headers))
            times = self.asked[prompt]
        what, _, _ = prompt.partition(":")
        kind, _, count = what.rpartition(" ")
        troubled = count.isdigit() and times <= int(count)
        time.sleep(0.3 if what == "slow" else self.pause)
        if what == "hang up" and times == 1:
            request.connection.close()
        elif troubled and kind.isdigit():
            self._send(request, int(kind), b"{}", {"Retry-After": self.retry_after})
        elif request.path != "/v1/chat/completions":
            self._send(request, 404, b"{}")
        else:
            broken = troubled and kind == "broken"
            self._send(request, 200, self._completion('{"quality": {"val' if broken else json.dumps(self.answer)))

    def _completion(self, content: str) -> bytes:
        return json.dumps({"choices": [{"message": {"content": content}}], "usage": self.usage}).encode()

    def _send(self, request: BaseHTTPRequestHandler, status: int, body: bytes, headers: Any = ()) -> None:
        request.send_response(status)
        for name, value in dict(headers).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


@contextmanager
def fake_endpoint() -> Iterator[FakeEndpoint]:
    """A running endpoint."""
    fake = FakeEndpoint()
    thread = threading.Thread(target=fake.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        fake.server.shutdown()
        fake.server.server_close()
        thread.join()
