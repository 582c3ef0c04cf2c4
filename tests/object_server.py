"""A web server that serves the parts of files, and fails as it is told to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class ObjectServer:
    """What is served, and how.

    Attributes:
        url: where, with a slash at its end.
        files: path without its first slash -> content.
        statuses: answers of this many next requests for content are these statuses instead.
        cut: this many of the next answers end after half of their content.
        ranges: whether parts are served; else always the whole.
        requests: method and ``Range`` of every request.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    cut: int = 0
    ranges: bool = True
    requests: list[tuple[str, str]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One packet for an answer: else its second part waits for the client's word that the first is there.
    wbufsize = -1
    disable_nagle_algorithm = True
    state: ObjectServer

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        state, wanted = self.state, self.headers.get("Range", "")
        state.requests.append((self.command, wanted))
        content = state.files.get(self.path.partition("?")[0].lstrip("/"))
        failing = state.statuses.pop(0) if state.statuses and self.command == "GET" else 0
        if failing or content is None:
            self._send(failing or 404, b"", {})
            return
        mark = {"ETag": f'"{md5(content, usedforsecurity=False).hexdigest()}"'}
        if wanted and state.ranges:
            first, last = map(int, wanted.removeprefix("bytes=").split("-"))
            part = content[first : last + 1]
            mark["Content-Range"] = f"bytes {first}-{first + len(part) - 1}/{len(content)}"
            self._send(206, part, mark)
        else:
            self._send(200, content, {**mark, "Accept-Ranges": "bytes" if state.ranges else "none"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.state.cut and body:
            self.state.cut -= 1
            body, self.close_connection = body[: len(body) // 2], True
        self.wfile.write(body)


@contextmanager
def serving() -> Iterator[ObjectServer]:
    """The server, while the block runs."""
    state = ObjectServer()
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
