"""A proxy before an Argilla that spoils the first answer to each request, and passes the second."""

from __future__ import annotations

import socket
import struct
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import httpx

from tests.embedded import PATIENCE

Fault = Literal[
    "none",
    "reset before",
    "reset after",
    "cut",
    "cut untold",
    "502",
    "503",
    "500 after",
    "slow",
    "html",
    "kill before",
    "kill after",
]

DONE: tuple[Fault, ...] = ("reset after", "cut untold", "500 after")
"""Argilla has done what was asked for, and the client does not learn it."""

OTHERS: tuple[Fault, ...] = ("reset before", "cut", "502", "503", "slow")


class FaultyProxy:
    """What it does and has seen.

    Attributes:
        url: its address.
        fault: what it does to the first attempt of each request; changed at any time.
        spoiled: how many requests it spoiled.
        victim: the client, ended by kill -9 before Argilla is asked, or after, and before the answer is sent.
    """

    def __init__(self, target: str, fault: Fault) -> None:
        self.target, self.fault, self.url, self.spoiled = target, fault, "", 0
        self.seen: Counter[str] = Counter()
        self.victim: subprocess.Popen[bytes] | None = None
        self.lock = threading.Lock()
        self.http = httpx.Client(base_url=target, timeout=PATIENCE)

    def fault_of(self, request: bytes) -> Fault:
        """The fault of one more attempt of a request: each second attempt passes."""
        with self.lock:
            key = sha256(request).hexdigest()
            self.seen[key] += 1
            spoiled = self.fault == "html" or self.seen[key] % 2 == 1
            self.spoiled += spoiled and self.fault != "none"
            return self.fault if spoiled else "none"

    def kill(self) -> None:
        """kill -9 of the client."""
        assert self.victim is not None
        self.victim.kill()


class _Handler(BaseHTTPRequestHandler):
    """One connection; each subclass has the proxy that it belongs to."""

    proxy: FaultyProxy
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.proxy.fault_of(f"{self.command} {self.path}\n".encode() + body)
        if fault == "kill before":
            self.proxy.kill()
        if fault in ("reset before", "kill before"):
            self.reset()
        elif fault in ("502", "503"):
            self.reply(int(fault), b"<html>the proxy is not well</html>", "text/html")
        elif fault == "html":
            self.reply(200, b"<html>please sign in to the network</html>", "text/html")
        else:
            self.forward(body, fault)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - names of the base class

    def forward(self, body: bytes, fault: Fault) -> None:
        if fault == "slow":
            time.sleep(0.2)
        kept = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in ("host", "connection", "accept-encoding", "content-length")
        }
        answer = self.proxy.http.request(self.command, self.path, content=body, headers=kept)
        kind = answer.headers.get("content-type", "application/json")
        if fault == "kill after":
            self.proxy.kill()
        if fault in ("reset after", "kill after"):
            self.reset()
        elif fault == "500 after":
            self.reply(500, b'{"detail": "database is locked"}', "application/json")
        elif fault in ("cut", "cut untold"):
            # With its true length, and without one, when only the JSON shows it.
            self.reply(answer.status_code, answer.content, kind, cut=True, told=fault == "cut")
        else:
            self.reply(answer.status_code, answer.content, kind)

    def reply(self, status: int, body: bytes, kind: str, *, cut: bool = False, told: bool = True) -> None:
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        if told:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)

    def reset(self) -> None:
        self.close_connection = True
        # With a linger of 0 closing sends a reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with suppress(OSError):
            self.connection.close()

    def finish(self) -> None:
        with suppress(OSError, ValueError):
            super().finish()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def faulty_proxy(target: str, fault: Fault = "none") -> Iterator[FaultyProxy]:
    """The proxy, for as long as the block lasts."""
    proxy = FaultyProxy(target, fault)

    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        proxy.url = f"http://127.0.0.1:{running.server_address[1]}"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            running.shutdown()
            thread.join()
            proxy.http.close()
