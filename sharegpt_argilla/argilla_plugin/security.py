"""Wraps argilla-server: response headers, the names it answers to, guarded bodies, slower guessing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from sharegpt_argilla.argilla_plugin import sign_in_limit
from sharegpt_argilla.argilla_plugin.plain_answer import answer
from sharegpt_argilla.argilla_plugin.request_bodies import body_guard
from sharegpt_argilla.argilla_plugin.sign_in_limit import ProcessCounters, SignInLimit
from sharegpt_argilla.common.host_names import HostNames, refusal
from sharegpt_argilla.errors import UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sharegpt_argilla.argilla_plugin.sign_in_limit import Counters

_POLICY = "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"

CONTENT_SECURITY_POLICY = (
    f"{_POLICY}; object-src blob:; frame-src 'self' blob:; img-src 'self' data: blob:; "
    "style-src 'self' 'unsafe-inline'; font-src 'self' data:; media-src 'self' data: blob:"
)
"""As much as the page of Argilla 2.8 works with. It has inline scripts and styles, and compiles templates of
custom fields with ``eval``. No text has anything fetched from elsewhere; `page/pdf-fields.js` makes PDFs blobs."""

SOURCES = "SHAREGPT_ARGILLA_SOURCES"
"""The environment variable with addresses from which pictures, styles, fonts, media and frames may come too, as
in a policy: ``https://cdn.example.org``, or ``*`` for all."""

_OPENED = ("frame-src", "img-src", "style-src", "font-src", "media-src")

SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    # Addresses of the page contain ids and search texts.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
}


def policy_with(sources: str) -> str:
    """The content security policy with further sources.

    Raises:
        UsageError: they are not addresses as a policy has them.
    """
    if not re.fullmatch(r"[\w.:/*%\[\] -]*", sources):
        raise UsageError(
            f"{SOURCES}={sources}: must be addresses with blanks between, such as https://cdn.example.org"
        )
    parts = CONTENT_SECURITY_POLICY.split("; ")
    words = " ".join(sources.split())
    return "; ".join(f"{part} {words}" if words and part.startswith(_OPENED) else part for part in parts)


def protect(
    app: ASGIApp,
    base_url: str,
    max_request: int,
    hosts: HostNames | None = None,
    sources: str = "",
    counters: Counters | None = None,
) -> ASGIApp:
    """Wrap the server in all of it.

    Args:
        app: argilla-server.
        base_url: the path below which it is mounted, ``/`` for none.
        max_request: bytes that the body of a request may have.
        hosts: the names that it answers to; None for all.
        sources: the value of `SOURCES`.
        counters: of failed sign-ins; None for those of this process.
    """
    guarded: ASGIApp = body_guard(app, max_request)
    if sign_in_limit.PATCH.apply():
        guarded = SignInLimit(guarded, f"{base_url.rstrip('/')}/api/v1/token", counters or ProcessCounters())
    return SecurityHeaders(RequestHead(guarded, hosts or HostNames("*")), policy_with(sources))


_API_PAGES = ("/api/v1/docs", "/api/v1/redoc")


class SecurityHeaders:
    """Adds `SECURITY_HEADERS` to every reply that does not have its own.

    The page of the API, which shows nobody's texts, gets its styles from elsewhere and a policy without sources.
    """

    def __init__(self, app: ASGIApp, policy: str = CONTENT_SECURITY_POLICY) -> None:
        self._app, self._policy = app, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                of_api = scope["path"].endswith(_API_PAGES)
                headers.setdefault("content-security-policy", _POLICY if of_api else self._policy)
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
