"""Whose address a request has: the connection's, unless a proxy in front of the server is said to be there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sharegpt_argilla.argilla_plugin.team_options import BEHIND_PROXY
from sharegpt_argilla.embedded_argilla.processes.server_process import http_options


# Of websockets, which uvicorn imports.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("environ", "address"),
    [({}, "127.0.0.1"), ({BEHIND_PROXY: ""}, "127.0.0.1"), ({BEHIND_PROXY: "1"}, "192.0.2.7")],
)
def test_a_forwarded_address_counts_behind_a_proxy_only(environ: dict[str, str], address: str) -> None:
    seen: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["client"][0])

    config = http_options(app, environ)
    config.load()
    scope = {
        "type": "http",
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 6900),
        "scheme": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"x-forwarded-for", b"192.0.2.7")],
    }
    asyncio.run(config.loaded_app(scope, None, None))
    assert seen == [address]
