"""Slows down the guessing of passwords: after some failures an account has to wait, at each address and at all."""

from __future__ import annotations

import hashlib
import ipaddress
import time
from typing import TYPE_CHECKING, Protocol

from starlette.requests import Request

from sharegpt_argilla.argilla_plugin.base import Code, Patch
from sharegpt_argilla.argilla_plugin.plain_answer import answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

FREE_ATTEMPTS = 10
"""Failures in a row that cost nothing: people mistype."""

FREE_ATTEMPTS_ANYWHERE = 100
"""Failures in a row of one account from all addresses together that cost nothing."""

MAX_WAIT = 60.0
"""Longest wait between two attempts, in seconds. It starts at 1 and doubles with every failure."""

FORGET_AFTER = 900.0
"""Seconds after which failures no longer count."""

MAX_ENTRIES = 4096
"""Accounts and addresses that are remembered, some 100 bytes each; beyond that the one with the fewest
failures is forgotten."""

MAX_FORM = 16_384
"""Bytes of a sign-in form; name and password need a few hundred."""


class Attempts:
    """Failed sign-ins by key, in constant memory.

    An attempt counts as failed from its beginning until `succeeded`, so that many at once gain nothing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, free: int = FREE_ATTEMPTS) -> None:
        self._clock, self._free = clock, free
        self._failures: dict[bytes, tuple[int, float]] = {}
        # Number of failures -> its keys, the oldest first: to find the fewest, a few are looked at and not all.
        self._by_count: dict[int, dict[bytes, None]] = {}

    def begin(self, key: bytes) -> float:
        """Count an attempt and return 0; if it comes too early, return the seconds that it must wait instead."""
        if (wait := self.wait(key)) > 0:
            return wait
        now = self._clock()
        count = self._count(key, now)[0] + 1
        self.succeeded(key)
        self._failures[key] = (count, now)
        self._by_count.setdefault(count, {})[key] = None
        if len(self._failures) > MAX_ENTRIES:
            # The one with the fewest failures, of those the oldest: many other names wash no guesser's away.
            oldest = (next(iter(names)) for names in self._by_count.values())
            others = (name for name in oldest if name != key)
            self.succeeded(min(others, key=lambda name: self._count(name, now)[0]))
        return 0.0

    def wait(self, key: bytes) -> float:
        """Seconds that the next attempt has to wait; 0 for none."""
        now = self._clock()
        count, last = self._count(key, now)
        # The exponent is bounded, or a patient guesser would get a number too large for a float.
        wait = min(2.0 ** min(count - self._free, 10), MAX_WAIT) if count >= self._free else 0.0
        return max(last + wait - now, 0.0)

    def succeeded(self, key: bytes) -> None:
        """Forget the failures of a key."""
        count, _ = self._failures.pop(key, (0, 0.0))
        names = self._by_count.get(count, {})
        names.pop(key, None)
        if count and not names:
            del self._by_count[count]

    def _count(self, key: bytes, now: float) -> tuple[int, float]:
        """Failures that still count, and when the last was."""
        count, last = self._failures.get(key, (0, now))
        return (0, now) if now - last > FORGET_AFTER else (count, last)

    def __len__(self) -> int:
        return len(self._failures)


class Counters(Protocol):
    """The failures of an account at one address and at all of them; `ProcessCounters` or `RedisCounters`."""

    async def begin(self, here: bytes, anywhere: bytes) -> float:
        """Count an attempt in both and return 0, or the seconds that it must wait; then neither counts it."""

    async def succeeded(self, here: bytes, anywhere: bytes) -> None:
        """Forget the failures of both."""


class ProcessCounters:
    """Those of this process, in its memory."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._here, self._anywhere = Attempts(clock), Attempts(clock, FREE_ATTEMPTS_ANYWHERE)

    async def begin(self, here: bytes, anywhere: bytes) -> float:
        """As in `Counters`."""
        wait = max(self._here.wait(here), self._anywhere.wait(anywhere))
        return wait or self._here.begin(here) or self._anywhere.begin(anywhere)

    async def succeeded(self, here: bytes, anywhere: bytes) -> None:
        """As in `Counters`."""
        self._here.succeeded(here)
        self._anywhere.succeeded(anywhere)


class SignInLimit:
    """Replies 429, with the seconds to wait, to sign-ins at ``path`` that come too fast after failed ones.

    Failures are counted for each username at each address (each /64 network for IPv6). So a guesser locks out
    neither the person, who comes from elsewhere, nor colleagues, who share the address. One with many addresses is
    slowed down by a second count, of the username alone.
    """

    def __init__(self, app: ASGIApp, path: str, counters: Counters) -> None:
        self._app, self._path, self._counters = app, path, counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        # Starlette's routes match a path with a line feed at its end too.
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"].rstrip("\n") != self._path:
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            await answer(send, 413, "a sign-in form is not that large", {"connection": "close"})
            return
        username = await _username(scope, body)
        if not username:
            # Nothing is tried with it, and counting it would push out the failures of others.
            await self._app(scope, _replay(body, receive), send)
            return
        here, anywhere = _key(username, scope.get("client")), _key(username, None)
        if (wait := await self._counters.begin(here, anywhere)) > 0:
            seconds = str(int(wait) + 1)
            await answer(send, 429, f"too many failed sign-ins; wait {seconds} seconds", {"retry-after": seconds})
            return

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start" and 200 <= message["status"] < 300:
                await self._counters.succeeded(here, anywhere)
            await send(message)

        await self._app(scope, _replay(body, receive), send_and_note)


async def _read(receive: Receive) -> bytes | None:
    """The body of a form; None if it is too large or incomplete."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_FORM or message["type"] == "http.disconnect":
            return None
    return body


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a body that was read once more, then whatever the connection has."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


async def _username(scope: Scope, body: bytes) -> str:
    """The username as argilla-server reads it; empty in a form that it cannot read or that has no password."""
    try:
        async with Request(dict(scope), _replay(body, _nothing)).form() as form:
            name, password = form.get("username"), form.get("password")
    except Exception:  # the server will say what is wrong with the form
        return ""
    # Without a password, or with a file as one, argilla-server answers 422 and looks nobody up.
    return name if isinstance(name, str) and isinstance(password, str) and password else ""


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _key(username: str, client: tuple[str, int] | None) -> bytes:
    host = client[0] if client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        network = host
    else:
        prefix = 64 if address.version == 6 else 32
        network = str(ipaddress.ip_network((address, prefix), strict=False))
    return hashlib.blake2b(f"{network}\n{username}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


PATCH = Patch(
    name="sign-in limit",
    owner="argilla-server",
    reason="argilla-server lets anybody try passwords as fast as it answers",
    upstream="argilla-io/argilla: argilla_server/api/handlers/v1/authentication.py, create_token",
    loss="sign-ins are not limited",
    # The form and the status of a success are read from outside.
    relies_on=(Code("argilla_server.api.handlers.v1.authentication:create_token", ("6914471a76e1964a",)),),
)
