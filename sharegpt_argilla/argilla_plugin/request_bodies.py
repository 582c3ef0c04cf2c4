"""Bodies of requests: bounded, read only for people with an account, and kept on disk until they are complete.

argilla-server reads a whole body into memory before it asks who sent it, so that a few people without an account,
or a few slow ones with one, could take all of it.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from typing import IO, TYPE_CHECKING

from argilla_server.database import AsyncSessionLocal
from argilla_server.errors import UnauthorizedError
from argilla_server.security.authentication.provider import AuthenticationProvider
from starlette.datastructures import Headers
from starlette.requests import Request

from sharegpt_argilla.argilla_plugin.base import Code, Patch
from sharegpt_argilla.argilla_plugin.client_presence import watched
from sharegpt_argilla.argilla_plugin.plain_answer import answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALL = 65_536
"""Bytes of a body that anybody may send, and that stay in memory; answers of people are far smaller."""

LARGE = 8_000_000
"""Bytes from which on a body counts as large: argilla-server needs several times its size to read it."""

LARGE_AT_ONCE = 2
"""Large bodies that argilla-server is given at the same time; others wait on disk."""

_PIECE = 262_144
_LOG = logging.getLogger(__name__)


class RequestBodies:
    """argilla-server behind all of it.

    Args:
        app: argilla-server.
        limit: bytes of a body; a larger one is refused with 413, by its header or while it arrives.
        is_known: whether the sender of a request has an account; anybody else is refused with 401 after `SMALL`
            bytes.
    """

    def __init__(self, app: ASGIApp, limit: int, is_known: Callable[[Scope], Awaitable[bool]]) -> None:
        self._app, self._limit, self._is_known = app, limit, is_known
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        declared = headers.get("content-length", "")
        if declared in ("", "0") and "transfer-encoding" not in headers:
            await self._app(scope, receive, send)
        elif declared.isdecimal() and int(declared) > self._limit:
            await self._refuse(send)
        else:
            with tempfile.SpooledTemporaryFile(SMALL) as body:
                await self._handle(scope, body, receive, send)

    async def _handle(self, scope: Scope, body: IO[bytes], receive: Receive, send: Send) -> None:
        size, more, signed_in = 0, True, False
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            more = message.get("more_body", False)
            size += len(message.get("body", b""))
            if size > self._limit:
                await self._refuse(send)
                return
            if size > SMALL and not signed_in:
                signed_in = await self._is_known(scope)
                if not signed_in:
                    await _close(send, 401, "sign in to Argilla before you send that much")
                    return
            try:
                body.write(message.get("body", b""))
            except OSError as error:
                _LOG.warning("a request of %d bytes was refused: %s", size, error.strerror)
                await _close(send, 507, f"the server cannot keep the request: {error.strerror}")
                return
        body.seek(0)
        async with watched(scope, receive):
            if size < LARGE:
                await self._app(scope, _replay(body, receive), send)
            else:
                async with self._large:
                    await self._app(scope, _replay(body, receive), send)

    async def _refuse(self, send: Send) -> None:
        await _close(send, 413, f"the request is larger than {self._limit:,} bytes; send it in smaller parts")


async def _close(send: Send, status: int, detail: str) -> None:
    await answer(send, status, detail, {"connection": "close"})


def _replay(body: IO[bytes], receive: Receive) -> Receive:
    """Return what was kept, in pieces, then whatever the connection has."""
    ended = False

    async def replay() -> Message:
        nonlocal ended
        if ended:
            return await receive()
        piece = body.read(_PIECE)
        ended = len(piece) < _PIECE
        return {"type": "http.request", "body": piece, "more_body": not ended}

    return replay


async def has_account(scope: Scope) -> bool:
    """Whether argilla-server itself would take the key or token of a request."""
    try:
        async with AsyncSessionLocal() as db:
            found = await AuthenticationProvider()._authenticate_request_user(db, Request(dict(scope)))
    except UnauthorizedError:
        return False
    return found is not None


async def _anybody(_scope: Scope) -> bool:
    return True


def body_guard(app: ASGIApp, limit: int) -> RequestBodies:
    """argilla-server with guarded bodies; anybody's are read where it is not known how it signs people in."""
    return RequestBodies(app, limit, has_account if PATCH.apply() else _anybody)


PATCH = Patch(
    name="sign-in before large bodies",
    owner="argilla-server",
    reason="argilla-server reads a whole body into memory before it asks who sent it",
    upstream="argilla-io/argilla: argilla_server/security/authentication/provider.py",
    loss="people without an account can send large bodies",
    relies_on=(
        Code(
            "argilla_server.security.authentication.provider:AuthenticationProvider._authenticate_request_user",
            ("26b5316cb0ec677f",),
        ),
    ),
)
