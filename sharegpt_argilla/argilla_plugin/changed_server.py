"""argilla-server with all of this plug-in around it, as the embedded server and a full stack serve it alike."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from argilla_server import app as argilla_app
from argilla_server.settings import settings

from sharegpt_argilla.argilla_plugin import active_time_route
from sharegpt_argilla.argilla_plugin.active_time_route import ActivityRoute
from sharegpt_argilla.argilla_plugin.capability_route import CapabilityRoute, server_capabilities
from sharegpt_argilla.argilla_plugin.page_script import (
    keep_answers,
    measure_in_page,
    show_literal_texts,
    show_pdfs,
)
from sharegpt_argilla.argilla_plugin.security import SOURCES, protect
from sharegpt_argilla.argilla_plugin.team_options import idle_cut_off, max_request_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp

    from sharegpt_argilla.common.host_names import HostNames
    from sharegpt_argilla.settings import Home

_LOG = logging.getLogger(__name__)


def changed_server(home: Home, environ: Mapping[str, str], hosts: HostNames) -> ASGIApp:
    """The application that a server process serves, after `patch_server`. Call it once: it changes the page.

    Args:
        home: the folder that takes measured times.
        environ: `team_options` and `SOURCES`.
        hosts: the names that the server answers to.

    Raises:
        UsageError: a variable has a value that cannot be.
    """
    base_url = settings.base_url or "/"
    limit, sources = max_request_bytes(environ), environ.get(SOURCES, "")
    keep_answers(argilla_app, base_url)
    show_literal_texts(argilla_app, base_url)
    show_pdfs(argilla_app, base_url)
    idle = idle_cut_off(environ) if active_time_route.PATCH.apply() else None
    capabilities = server_capabilities(environ, measured=idle is not None)
    told = CapabilityRoute(_with_active_time(home, base_url, idle), base_url, capabilities)
    return protect(told, base_url, limit, hosts, sources)


def _with_active_time(home: Home, base_url: str, idle: float | None) -> ASGIApp:
    if active_time_route.PATCH.changed():
        return cast("ASGIApp", argilla_app)
    if idle is not None:
        measure_in_page(argilla_app, base_url, idle)
        _LOG.info("active time is measured; idle cut-off %g seconds", idle)
    return ActivityRoute(argilla_app, home, base_url, measured=idle is not None)
