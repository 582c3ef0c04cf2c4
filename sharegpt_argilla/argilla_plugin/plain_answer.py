"""A reply of this package to a request that never reaches argilla-server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Send


async def answer(send: Send, status: int, detail: str, headers: Mapping[str, str]) -> None:
    """Send a whole reply in the form of argilla-server's errors."""
    body = json.dumps({"detail": detail}).encode()
    all_headers = {"content-type": "application/json", "content-length": str(len(body)), **headers}
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in all_headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
