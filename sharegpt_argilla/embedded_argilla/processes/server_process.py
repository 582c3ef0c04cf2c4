"""The server child: migrates the database, makes the owner, repairs the index, serves API and page."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import uvicorn
from argilla_server import app
from argilla_server.settings import settings

import sharegpt_argilla.embedded_argilla.engine  # noqa: F401 - registers the search engine
from sharegpt_argilla.argilla_plugin import active_time_route
from sharegpt_argilla.argilla_plugin.active_time_route import ActivityRoute
from sharegpt_argilla.argilla_plugin.page_script import (
    keep_answers,
    measure_in_page,
    show_literal_texts,
    show_pdfs,
)
from sharegpt_argilla.argilla_plugin.security import SOURCES, protect
from sharegpt_argilla.argilla_plugin.table import patch_server
from sharegpt_argilla.argilla_plugin.team_options import BEHIND_PROXY, idle_cut_off
from sharegpt_argilla.common.host_names import HostNames
from sharegpt_argilla.embedded_argilla.engine.index_healing import HEALER
from sharegpt_argilla.embedded_argilla.engine.index_repair import repair_index
from sharegpt_argilla.embedded_argilla.environment import max_request_bytes
from sharegpt_argilla.embedded_argilla.known_credentials import replace_known_credentials
from sharegpt_argilla.embedded_argilla.owner import ensure_owner
from sharegpt_argilla.embedded_argilla.processes.bounded_http import BoundedHttp
from sharegpt_argilla.embedded_argilla.server_database import migrate, plan_queries, use_write_ahead_log

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp

    from sharegpt_argilla.embedded_argilla.processes.child import ChildOptions

GRACE = 4
"""Seconds that requests under way get to finish when the server is told to stop."""

_LOG = logging.getLogger(__name__)


def run(options: ChildOptions) -> None:
    """Serve until SIGTERM on the socket that the launcher opened."""
    use_write_ahead_log()
    patch_server(os.environ)
    migrate()
    plan_queries()
    asyncio.run(_serve(options))


async def _serve(options: ChildOptions) -> None:
    await ensure_owner(options.home, options.api_url)
    await replace_known_credentials(options.home, options.api_url)
    if settings.search_engine == "embedded":
        _LOG.info("search index checked: %s", await repair_index())
        HEALER.repair = repair_index
    keep_answers(app, settings.base_url or "/")
    show_literal_texts(app, settings.base_url or "/")
    show_pdfs(app, settings.base_url or "/")
    served = _with_active_time(options)
    host, behind_proxy = urlsplit(options.api_url).hostname or "", os.environ.get(BEHIND_PROXY) == "1"
    hosts = HostNames.of(os.environ, host, behind_proxy=behind_proxy)
    sources = os.environ.get(SOURCES, "")
    protected = protect(served, settings.base_url or "/", max_request_bytes(os.environ), hosts, sources)
    await uvicorn.Server(http_options(protected, os.environ)).serve(
        sockets=[socket.socket(fileno=options.listener)]
    )


def http_options(protected: ASGIApp, environ: Mapping[str, str]) -> uvicorn.Config:
    """How uvicorn serves. X-Forwarded-For is believed behind a proxy only: otherwise anybody forges addresses."""
    # log_config: the process log is set up already; uvicorn's own would write to the terminal.
    return uvicorn.Config(
        protected,
        log_config=None,
        timeout_graceful_shutdown=GRACE,
        http=BoundedHttp,
        ws="none",
        proxy_headers=environ.get(BEHIND_PROXY) == "1",
    )


def _with_active_time(options: ChildOptions) -> ASGIApp:
    if not active_time_route.PATCH.apply():
        return cast("ASGIApp", app)
    base_url, idle = settings.base_url or "/", idle_cut_off(os.environ)
    if idle is not None:
        measure_in_page(app, base_url, idle)
        _LOG.info("active time is measured; idle cut-off %g seconds", idle)
    return ActivityRoute(app, options.home, base_url, measured=idle is not None)
