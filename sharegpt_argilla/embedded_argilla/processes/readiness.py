"""Whether the server answers yet: one request that stays open until it does."""

from __future__ import annotations

import http.client
import json
import select
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sharegpt_argilla.errors import EmbeddedArgillaError

if TYPE_CHECKING:
    from types import TracebackType


class Readiness:
    """A request for the server's version. The socket listens before the server runs, so the request waits."""

    def __init__(self, api_url: str) -> None:
        """Send the request to an address such as ``http://127.0.0.1:6900``."""
        parts = urlsplit(api_url)
        self._address = f"{api_url}/api/v1/version"
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        self._connection.request("GET", f"{parts.path}/api/v1/version")

    def __enter__(self) -> Readiness:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def answered(self, patience: float) -> bool:
        """Wait up to ``patience`` seconds for the answer.

        Raises:
            EmbeddedArgillaError: the answer is not that of an Argilla.
        """
        if not select.select([self._connection.sock], [], [], patience)[0]:
            return False
        try:
            response = self._connection.getresponse()
            body = response.read(1000)
        except (http.client.HTTPException, OSError) as error:
            raise EmbeddedArgillaError(f"{self._address} broke off its first answer ({error})") from error
        if response.status != http.client.OK or not _is_version(body):
            raise EmbeddedArgillaError(f"{self._address} answered {response.status} {body[:80]!r}, not a version")
        return True


def _is_version(body: bytes) -> bool:
    try:
        return "version" in json.loads(body)
    except (ValueError, TypeError):
        return False
