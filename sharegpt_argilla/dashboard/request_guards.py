"""What Streamlit's web server does not do: refuse names that are not its own, and frames in other pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from uvicorn import Config

from sharegpt_argilla.common.host_names import HostNames, refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "content-security-policy": "base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
}

METRICS = "/_stcore/metrics"
"""Streamlit's own figures, among them how many people look; open to everybody, and needed by nobody here."""


class Guarded:
    """Streamlit behind the guards: 421 for other names (403 for a websocket), and `HEADERS` on every reply.

    Args:
        app: Streamlit.
        hosts: the names that it answers to.
    """

    def __init__(self, app: ASGIApp, hosts: HostNames) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        app = self._app if scope["type"] == "lifespan" else self._choose(scope)
        await app(scope, receive, send_with_headers)

    def _choose(self, scope: Scope) -> ASGIApp:
        strangers = [host for host in Headers(scope=scope).getlist("host") if not self._hosts.include(host)]
        if strangers and scope["type"] == "websocket":
            return _closed
        if strangers:
            return PlainTextResponse(refusal(strangers[0]), 421)
        if scope["path"].rstrip("/").endswith(METRICS):
            return PlainTextResponse("not here", 404)
        return self._app


async def _closed(_scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 1008})


def guard_requests(hosts: HostNames) -> None:
    """Put every uvicorn server of this process, of which Streamlit starts one, behind the guards."""
    load = Config.load

    def load_guarded(self: Config, *arguments: Any) -> None:
        load(self, *arguments)
        self.loaded_app = Guarded(self.loaded_app, hosts)

    Config.load = load_guarded  # type: ignore[method-assign]
