"""Wraps argilla-server: response headers, a limit of request sizes, slower sign-ins after failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from sharegpt_argilla.argilla_plugin import sign_in_limit
from sharegpt_argilla.argilla_plugin.plain_answer import answer
from sharegpt_argilla.argilla_plugin.sign_in_limit import SignInLimit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"
"""As much as the page of Argilla 2.8 works with. It has inline scripts and styles, compiles templates of custom
fields with ``eval``, and those templates and people's texts may load scripts and images from anywhere."""

SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    # Addresses of the page contain ids and search texts.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
}


def protect(app: ASGIApp, base_url: str, max_request: int) -> ASGIApp:
    """Wrap the server in all of it.

    Args:
        app: argilla-server.
        base_url: the path below which it is mounted, ``/`` for none.
        max_request: bytes that the body of a request may have.
    """
    sign_in = f"{base_url.rstrip('/')}/api/v1/token"
    limited = SignInLimit(app, sign_in) if sign_in_limit.PATCH.apply() else app
    return SecurityHeaders(RequestLimit(limited, max_request))


class SecurityHeaders:
    """Adds `SECURITY_HEADERS` to every reply that does not have its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class RequestLimit:
    """Replies 413 to a request whose body is longer than ``limit`` bytes, by its header or while it arrives.

    argilla-server keeps whole bodies in memory, so that a single request could take all of it.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._limit:
            await self._refuse(send)
            return
        await _Counted(receive, send, self._limit, self._refuse).run(self._app, scope)

    async def _refuse(self, send: Send) -> None:
        detail = f"the request is larger than {self._limit:,} bytes; send it in smaller parts"
        await answer(send, 413, detail, {"connection": "close"})


class _Counted:
    """One request whose body is counted while the server reads it."""

    def __init__(
        self, receive: Receive, send: Send, limit: int, refuse: Callable[[Send], Awaitable[None]]
    ) -> None:
        self._receive, self._send, self._left, self._refuse = receive, send, limit, refuse
        self._started = False

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        try:
            await app(scope, self._counting, self._unless_refused)
        except Exception:
            # How the server fails at a body that was cut off does not matter.
            if self._left >= 0:
                raise
        if self._left < 0 and not self._started:
            await self._refuse(self._send)

    async def _counting(self) -> Message:
        if self._left < 0:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        # To the server it looks as if the client had gone.
        return message if self._left >= 0 else {"type": "http.disconnect"}

    async def _unless_refused(self, message: Message) -> None:
        if self._left >= 0 or self._started:
            self._started = True
            await self._send(message)
