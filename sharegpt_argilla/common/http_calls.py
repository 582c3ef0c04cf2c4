"""HTTP calls that are made again while nothing answers or the other side is busy.

The pauses double from half a second; where an answer says how long to wait (``Retry-After``), they are at least
that long. No pause is longer than a minute.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from sharegpt_argilla.errors import CredentialsError, ServerUnreachableError

if TYPE_CHECKING:
    from tenacity import RetryCallState

FIRST_PAUSE = 0.5
"""Seconds before the second attempt; each further pause is twice as long."""

LONGEST_PAUSE = 60.0
"""Seconds; an endpoint that asks for more patience is asked again after these."""

BUSY = frozenset({408, 409, 425, 429, *range(500, 600)})
"""Statuses after which the same request may succeed: those that OpenAI's own clients retry, and 425 (RFC 8470)."""

_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")

T = TypeVar("T")


class NoAnswerError(Exception):
    """One attempt gave no answer that can be used; its text says why.

    Attributes:
        status: the HTTP status of the answer; None where there was none, or an unusable one.
        pause: seconds that the other side asks to wait.
    """

    def __init__(self, reason: str, status: int | None = None, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.status = status
        self.pause = pause


def open_client(url: str, **options: Any) -> httpx.Client:
    """A client for calls below ``url``, which several threads may use; to be closed.

    Args:
        url: ``http://`` or ``https://``, host, and the path that all calls share.
        options: of ``httpx.Client``.

    Raises:
        ServerUnreachableError: it is no such address.
        CredentialsError: the key in a header is not ASCII.
    """
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ServerUnreachableError(f"{url} is no address: {error}") from None
    if address.scheme not in ("http", "https") or not address.host:
        raise ServerUnreachableError(f"{url} is no address: it does not begin with http:// or https:// and a host")
    try:
        return httpx.Client(base_url=address, **options)
    except UnicodeEncodeError:
        # Of all headers only the key comes from outside; HTTP's are ASCII.
        raise CredentialsError(f"the API key for {url} has characters that no key has") from None


def call(
    client: httpx.Client,
    method: str,
    path: str,
    *,
    attempts: int,
    read: Callable[[httpx.Response], T],
    busy: Collection[int] = BUSY,
    **arguments: Any,
) -> T:
    """What ``read`` makes of the answer to a request.

    Args:
        client: who sends it.
        method: ``GET``, ``POST`` ….
        path: below the client's address.
        attempts: how often it is made at most.
        read: is given an answer that is not busy. It raises NoAnswerError for one that is worth another attempt;
            any other error ends the call.
        busy: statuses that are worth another attempt.
        arguments: of ``httpx.Client.request``.

    Raises:
        NoAnswerError: that of the last attempt.
    """
    # Here, since it imports asyncio: 0.1 s that commands without a server do not need.
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt  # noqa: PLC0415

    def attempt() -> T:
        try:
            response = client.request(method, path, **arguments)
        except httpx.TransportError as error:
            raise NoAnswerError(str(error) or type(error).__name__) from error
        if response.status_code in busy:
            status = response.status_code
            raise NoAnswerError(f"it answers {status}", status, retry_after(response.headers))
        return read(response)

    retrying = Retrying(
        stop=stop_after_attempt(attempts),
        wait=_pause,
        retry=retry_if_exception_type(NoAnswerError),
        reraise=True,
    )
    return retrying(attempt)


def retry_after(headers: httpx.Headers) -> float:
    """Seconds that an answer asks to wait, 0 to ``LONGEST_PAUSE``; 0 if it does not say so in a known way.

    The header has seconds or a date (RFC 9110, 10.2.3), counted from the answer's own ``Date`` where it has one.
    """
    text = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_PAUSE)
    if (until := _date(text)) is None:
        return 0.0
    now = _date(headers.get("Date", "")) or datetime.now(UTC)
    return min(max((until - now).total_seconds(), 0.0), LONGEST_PAUSE)


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.pause if isinstance(error, NoAnswerError) else 0.0
    return max(asked, min(FIRST_PAUSE * 2.0 ** (state.attempt_number - 1), LONGEST_PAUSE))
