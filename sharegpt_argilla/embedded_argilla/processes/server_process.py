"""The server child: migrates the database, makes the owner, repairs statuses and index, serves API and page.

Where there are several, only the first does what comes before serving; the others start once it answers.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvicorn
from argilla_server.settings import settings

import sharegpt_argilla.embedded_argilla.engine  # noqa: F401 - registers the search engine
from sharegpt_argilla.argilla_plugin.changed_server import changed_server
from sharegpt_argilla.argilla_plugin.shared_counters import RedisCounters
from sharegpt_argilla.argilla_plugin.table import patch_server
from sharegpt_argilla.argilla_plugin.team_options import BEHIND_PROXY
from sharegpt_argilla.common.host_names import HostNames
from sharegpt_argilla.embedded_argilla.activity_file import take_over_activity
from sharegpt_argilla.embedded_argilla.engine.index_healing import HEALER
from sharegpt_argilla.embedded_argilla.engine.index_repair import repair_index
from sharegpt_argilla.embedded_argilla.environment import server_processes
from sharegpt_argilla.embedded_argilla.known_credentials import replace_known_credentials
from sharegpt_argilla.embedded_argilla.owner import ensure_owner
from sharegpt_argilla.embedded_argilla.processes.bounded_http import BoundedHttp
from sharegpt_argilla.embedded_argilla.server_database import migrate, plan_queries, share_database
from sharegpt_argilla.embedded_argilla.status_repair import repair_statuses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp

    from sharegpt_argilla.argilla_plugin.sign_in_limit import Counters
    from sharegpt_argilla.embedded_argilla.processes.child import ChildOptions

GRACE = 4
"""Seconds that requests under way get to finish when the server is told to stop."""

_LOG = logging.getLogger(__name__)


def run(options: ChildOptions) -> None:
    """Serve until SIGTERM on the socket that the launcher opened."""
    share_database()
    patch_server(os.environ)
    if options.number == 1:
        migrate()
        plan_queries()
        take_over_activity(options.home)
    asyncio.run(_serve(options))


async def _serve(options: ChildOptions) -> None:
    if options.number == 1:
        await _prepare(options)
    if settings.search_engine == "embedded":
        HEALER.repair = repair_index
    host, behind_proxy = urlsplit(options.api_url).hostname or "", os.environ.get(BEHIND_PROXY) == "1"
    hosts = HostNames.of(os.environ, host, behind_proxy=behind_proxy)
    protected = changed_server(os.environ, hosts, _counters())
    await uvicorn.Server(http_options(protected, os.environ)).serve(
        sockets=[socket.socket(fileno=options.listener)]
    )


async def _prepare(options: ChildOptions) -> None:
    await ensure_owner(options.home, options.api_url)
    await replace_known_credentials(options.home, options.api_url)
    _LOG.info("statuses repaired: %s", await repair_statuses())
    if settings.search_engine == "embedded":
        _LOG.info("search index checked: %s", await repair_index())


def _counters() -> Counters | None:
    """Of failed sign-ins: shared in Redis by several server processes; one alone needs none of it."""
    if server_processes(os.environ) == 1:
        return None
    return RedisCounters(settings.redis_url, cluster=settings.redis_use_cluster)


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
