"""An S3 of this machine: moto's server, which fails as it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import pytest

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


@dataclass
class FaultyS3:
    """A WSGI application before another one.

    Attributes:
        application: that answers.
        url: where.
        spoil: name of a fault -> how many of the next requests for objects have it: ``busy`` is answered with 503,
            ``cut`` with half of the content.
        every: only one of so many of these requests has it, so that not all attempts of one fail.
        spoiled: how many requests had a fault.
    """

    application: Application
    url: str = ""
    spoil: dict[str, int] = field(default_factory=dict)
    every: int = 1
    spoiled: int = 0
    _asked: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environment: dict[str, Any], respond: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, or not."""
        fault = self._fault(environment)
        if fault == "busy":
            # What is sent must be read: else the connection is reset.
            environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
            respond(
                "503 Slow Down", [("Content-Type", "application/xml"), ("Content-Length", str(len(_SLOW_DOWN)))]
            )
            return [_SLOW_DOWN]
        answer = self.application(environment, respond)
        if fault != "cut":
            return answer
        content = b"".join(answer)
        return [content[: len(content) // 2]]

    def _fault(self, environment: dict[str, Any]) -> str:
        """What happens to this request; what is below a bucket is an object."""
        if "/" not in environment["PATH_INFO"].strip("/"):
            return ""
        with self._lock:
            for name, left in self.spoil.items():
                if left and (name != "cut" or environment["REQUEST_METHOD"] == "GET"):
                    self._asked += 1
                    if self._asked % self.every:
                        continue
                    self.spoil[name] -= 1
                    self.spoiled += 1
                    return name
        return ""


@contextmanager
def serving_s3() -> Iterator[FaultyS3]:
    """The server, while the block runs."""
    from werkzeug.serving import make_server

    moto: Any = import_module("moto.server")
    faulty = FaultyS3(moto.DomainDispatcherApplication(moto.create_backend_app))
    server = make_server("127.0.0.1", 0, faulty, threaded=True)
    faulty.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield faulty
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def s3_of_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyS3]:
    """The server with a bucket ``chats``; s3fs asks it, here and in processes that start meanwhile."""
    s3fs: Any = import_module("s3fs")
    # What botocore waits between its own attempts.
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "DEFAULT_REGION"):
        monkeypatch.setenv(f"AWS_{name}", "us-east-1")
    with serving_s3() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        s3fs.S3FileSystem.clear_instance_cache()
        s3fs.S3FileSystem().makedirs("chats", exist_ok=True)
        yield server
        s3fs.S3FileSystem.clear_instance_cache()
