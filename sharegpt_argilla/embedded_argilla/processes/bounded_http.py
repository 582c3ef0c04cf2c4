"""uvicorn's HTTP connection with bounds: of headers, of idle time while a request comes in, of unread answers.

uvicorn waits for the rest of a request as long as the client likes, and its fast parser takes headers of any size.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

MAX_HEADERS = 65_536
"""Bytes of address and headers of a request; servers usually take 8 to 64 kB."""

HEADER_OVERHEAD = 32
"""Bytes that a header counts in addition to its name and value, as in HTTP/2 (RFC 9113, 6.5.2)."""

HEADER_SECONDS = 20.0
"""Seconds in which the headers of a request must arrive, and the first byte on a new connection."""

BODY_SECONDS = 20.0
"""A body has to grow by `BODY_BYTES` in these seconds, or the connection is closed."""

BODY_BYTES = 20_000
"""1 kB/s: less than the slowest mobile network."""

UNREAD_SECONDS = 60.0
"""Seconds in which a client must begin to read on an answer that is waiting for it."""


class BoundedHttp(HttpToolsProtocol):
    """One connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._header_bytes = self._pending_bytes = self._body_bytes = 0
        self._receiving: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._in_headers = self._too_large = False
        self._expect(HEADER_SECONDS, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all clocks."""
        self._expect(None, None)
        self.resume_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request."""
        began_before = self._in_headers
        super().data_received(data)
        # Of a piece in which the headers begin it is not known how much of it they are.
        self._pending_bytes = self._pending_bytes + len(data) if began_before and self._in_headers else 0
        if self._pending_bytes > MAX_HEADERS and not self.transport.is_closing():
            self._too_large = True
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._header_bytes, self._in_headers = 0, True
        self._expect(HEADER_SECONDS, self._give_up)

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._count(len(name) + len(value) + HEADER_OVERHEAD)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The body begins."""
        self._in_headers = False
        super().on_headers_complete()
        self._body_bytes = BODY_BYTES
        self._expect(BODY_SECONDS, self._check_body)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._expect(None, None)
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that cannot be read, and close the connection."""
        if not self._too_large:
            super().send_400_response(msg)
            return
        text = f"the headers are larger than {MAX_HEADERS:,} bytes".encode()
        length = str(len(text)).encode()
        head = (STATUS_LINE[431], b"connection: close\r\ncontent-type: text/plain\r\ncontent-length: ", length)
        self.transport.write(b"".join((*head, b"\r\n\r\n", text)))
        self.transport.close()

    def pause_writing(self) -> None:
        """The client does not read."""
        super().pause_writing()
        self.resume_clock()
        self._unread = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads."""
        self.resume_clock()
        super().resume_writing()

    def resume_clock(self) -> None:
        """Stop the clock of an unread answer."""
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > MAX_HEADERS:
            self._too_large = True
            raise ValueError("headers too large")  # for the parser, which stops and has a refusal sent

    def _expect(self, seconds: float | None, otherwise: Any) -> None:
        if self._receiving is not None:
            self._receiving.cancel()
        self._receiving = None if seconds is None else self.loop.call_later(seconds, otherwise)

    def _give_up(self) -> None:
        self.transport.close()

    def _check_body(self) -> None:
        """Close a connection whose body hardly grows, unless it is this server that does not read on."""
        cycle: RequestResponseCycle | None = self.cycle
        waits_for_us = self.flow.read_paused or cycle is None or cycle.response_complete
        if self._body_bytes < BODY_BYTES and not waits_for_us:
            self.transport.close()
            return
        self._body_bytes = 0
        self._expect(BODY_SECONDS, self._check_body)
