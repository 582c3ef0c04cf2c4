"""One endpoint in the manner of OpenAI's chat completions: JSON in, the text of the answer out."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from sharegpt_argilla.config import LanguageModel
from sharegpt_argilla.errors import CredentialsError, ServerRefusedError, ServerUnreachableError

LONGEST_WAIT = 60.0
"""Seconds; an endpoint that asks for more patience is asked again after these."""

_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_FIRST_WAIT = 0.5


class NotThisOneError(Exception):
    """The endpoint refuses one request for what stands in it; others may go through."""


class NoAnswerError(Exception):
    """The endpoint could not be brought to answer one request; its text says why."""


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """What came back.

    Attributes:
        text: the content of the first choice; empty where there is none.
        tokens_in: tokens of the request, as the endpoint counts them.
        tokens_out: tokens of the answer.
    """

    text: str
    tokens_in: int
    tokens_out: int


class ChatEndpoint:
    """A connection that several threads may use, to be closed.

    Args:
        options: address, key variable, patience.

    Raises:
        CredentialsError: the key variable is named and not set.
    """

    def __init__(self, options: LanguageModel) -> None:
        self._options = options
        headers = {}
        if options.key_variable:
            key = os.environ.get(options.key_variable)
            if not key:
                raise CredentialsError(
                    f"{options.key_variable} is not set; it holds the API key for {options.url} (`key_variable`)"
                )
            headers["Authorization"] = f"Bearer {key}"
        self._http = httpx.Client(headers=headers, timeout=options.timeout)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def complete(self, body: Mapping[str, Any]) -> ChatAnswer:
        """The answer to one request; asked again, with growing pauses, while the endpoint is busy or broken.

        Raises:
            NoAnswerError: it stayed so.
            NotThisOneError: it refuses this request.
            CredentialsError: it refuses the key.
            ServerRefusedError: it knows no such model or is no such endpoint.
        """
        reason, pause = "", 0.0
        for attempt in range(self._options.attempts):
            time.sleep(pause)
            pause = min(_FIRST_WAIT * 2**attempt, LONGEST_WAIT)
            try:
                response = self._http.post(f"{self._options.url.rstrip('/')}/chat/completions", json=body)
            except httpx.InvalidURL as error:
                raise ServerUnreachableError(f"{self._options.url} is no address: {error}") from None
            except httpx.TransportError as error:
                reason = str(error) or type(error).__name__
                continue
            if response.status_code not in _AGAIN:
                return self._read(response)
            reason = f"it answers {response.status_code}"
            pause = max(pause, _retry_after(response))
        raise NoAnswerError(reason)

    def _read(self, response: httpx.Response) -> ChatAnswer:
        status, url = response.status_code, self._options.url
        if status in (401, 403):
            name = self._options.key_variable or "no key; name its variable with `key_variable`"
            raise CredentialsError(f"{url} refuses the API key ({name})")
        if status in (404, 405):
            raise ServerRefusedError(
                f'{url} answers {status}: no chat endpoint there, or no model "{self._options.model}"'
            )
        if not response.is_success:
            raise NotThisOneError(f"it answers {status}")
        return _answer(response)


def _answer(response: httpx.Response) -> ChatAnswer:
    try:
        document = response.json()
        usage = document.get("usage") or {}
        text = document["choices"][0]["message"].get("content")
        tokens = [int(usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens")]
    except (ValueError, LookupError, TypeError, AttributeError):
        # Whatever this is, it holds no answer.
        return ChatAnswer("", 0, 0)
    return ChatAnswer(text if isinstance(text, str) else "", tokens[0], tokens[1])


def _retry_after(response: httpx.Response) -> float:
    try:
        return min(max(float(response.headers.get("Retry-After", 0)), 0.0), LONGEST_WAIT)
    except ValueError:
        return 0.0
