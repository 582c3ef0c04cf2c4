"""Wraps argilla-server: response headers, the names it answers to, guarded bodies, slower guessing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from sharegpt_argilla.argilla_plugin import sign_in_limit
from sharegpt_argilla.argilla_plugin.plain_answer import answer
from sharegpt_argilla.argilla_plugin.request_bodies import body_guard
from sharegpt_argilla.argilla_plugin.sign_in_limit import SignInLimit
from sharegpt_argilla.common.host_names import HostNames, refusal

if TYPE_CHECKING:
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


def protect(app: ASGIApp, base_url: str, max_request: int, hosts: HostNames | None = None) -> ASGIApp:
    """Wrap the server in all of it.

    Args:
        app: argilla-server.
        base_url: the path below which it is mounted, ``/`` for none.
        max_request: bytes that the body of a request may have.
        hosts: the names that it answers to; None for all.
    """
    guarded: ASGIApp = body_guard(app, max_request)
    if sign_in_limit.PATCH.apply():
        guarded = SignInLimit(guarded, f"{base_url.rstrip('/')}/api/v1/token")
    return SecurityHeaders(RequestHead(guarded, hosts or HostNames("*")))


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


class RequestHead:
    """Replies 421 to requests for a name that is not the server's, and leaves out lists of ranges.

    starlette 0.46 needs time by the square of their number (CVE-2025-62727); RFC 9110, 14.2, lets a server
    ignore them.
    """

    def __init__(self, app: ASGIApp, hosts: HostNames) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            strangers = [host for host in headers.getlist("host") if not self._hosts.include(host)]
            if strangers:
                await answer(send, 421, refusal(strangers[0]), {"connection": "close"})
                return
            if any("," in ranges for ranges in headers.getlist("range")):
                kept = [(name, value) for name, value in scope["headers"] if name != b"range"]
                scope = {**scope, "headers": kept}
        await self._app(scope, receive, send)
