"""A client for an endpoint that follows OpenAI's chat completions: JSON in, the text of the answer out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from sharegpt_argilla.common.call_usage import Tokens
from sharegpt_argilla.common.http_calls import call, open_client
from sharegpt_argilla.config import LanguageModel
from sharegpt_argilla.errors import CredentialsError, ServerRefusedError


class NotThisOneError(Exception):
    """The endpoint refuses this request because of its content; others may succeed."""


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """The answer to one request.

    Attributes:
        text: the content of the first choice; empty if none exists.
        tokens: of request and answer, as the endpoint counts them; None if it does not.
    """

    text: str
    tokens: Tokens | None


class ChatEndpoint:
    """A connection that several threads may use; close it after use.

    Args:
        options: address, key variable, timeout and attempts.

    Raises:
        CredentialsError: the options name a key variable that is not set.
        ServerUnreachableError: the address is malformed.
    """

    def __init__(self, options: LanguageModel) -> None:
        self._options = options
        headers = {}
        if options.key_variable:
            key = os.environ.get(options.key_variable)
            if not key:
                raise CredentialsError(
                    f"{options.key_variable} is not set; it must contain the API key "
                    f"for {options.url} (`key_variable`)"
                )
            headers["Authorization"] = f"Bearer {key}"
        self._http = open_client(options.url, headers=headers, timeout=options.timeout)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def complete(self, body: Mapping[str, Any]) -> ChatAnswer:
        """Send one request; retries, with growing pauses, while the endpoint is busy or fails.

        Raises:
            NoAnswerError: every attempt failed.
            NotThisOneError: the endpoint refuses this request.
            CredentialsError: the endpoint refuses the key.
            ServerRefusedError: the endpoint has no such model, or is not a chat endpoint.
        """
        return call(
            self._http,
            "POST",
            "/chat/completions",
            attempts=self._options.attempts,
            read=self._read,
            json=body,
        )

    def _read(self, response: httpx.Response) -> ChatAnswer:
        status, url = response.status_code, self._options.url
        if status in (401, 403):
            name = self._options.key_variable or "no key; name its variable with `key_variable`"
            raise CredentialsError(f"{url} refuses the API key ({name})")
        if status in (404, 405):
            raise ServerRefusedError(
                f'{url} answers {status}: it is not a chat endpoint, or has no model "{self._options.model}"'
            )
        if not response.is_success:
            raise NotThisOneError(f"it answers {status}")
        return _answer(response)


def _answer(response: httpx.Response) -> ChatAnswer:
    try:
        document = response.json()
        text = document["choices"][0]["message"].get("content")
    except (ValueError, LookupError, TypeError, AttributeError):
        # Not a chat completion, so it contains no answer.
        return ChatAnswer("", None)
    return ChatAnswer(text if isinstance(text, str) else "", _tokens(document.get("usage")))


def _tokens(usage: object) -> Tokens | None:
    if not isinstance(usage, dict):
        return None
    counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    sent, back = (count if type(count) is int and count >= 0 else None for count in counts)
    return None if sent is None or back is None else (sent, back)
