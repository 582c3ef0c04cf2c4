"""argilla-server with all of this plug-in around it, as the embedded server and a full stack serve it alike."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from argilla_server import app as argilla_app
from argilla_server.settings import settings

from sharegpt_argilla.argilla_plugin import active_time_route, response_route
from sharegpt_argilla.argilla_plugin.active_time_route import ActivityRoute
from sharegpt_argilla.argilla_plugin.capability_route import CapabilityRoute, server_capabilities
from sharegpt_argilla.argilla_plugin.page_script import (
    keep_answers,
    measure_in_page,
    show_literal_texts,
    show_pdfs,
)
from sharegpt_argilla.argilla_plugin.response_route import ResponseRoute
from sharegpt_argilla.argilla_plugin.security import SOURCES, protect
from sharegpt_argilla.argilla_plugin.team_options import idle_cut_off, max_request_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp

    from sharegpt_argilla.argilla_plugin.sign_in_limit import Counters
    from sharegpt_argilla.common.host_names import HostNames

_LOG = logging.getLogger(__name__)


def changed_server(environ: Mapping[str, str], hosts: HostNames, counters: Counters | None = None) -> ASGIApp:
    """The application that a server process serves, after `patch_server`. Call it once: it changes the page.

    Args:
        environ: `team_options` and `SOURCES`.
        hosts: the names that the server answers to.
        counters: of failed sign-ins; None for those of this process.

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
    told = CapabilityRoute(_with_routes(base_url, idle), base_url, capabilities)
    return protect(told, base_url, limit, hosts, sources, counters)


def _with_routes(base_url: str, idle: float | None) -> ASGIApp:
    app = cast("ASGIApp", argilla_app)
    if response_route.PATCH.apply():
        app = ResponseRoute(app, base_url)
    if active_time_route.PATCH.changed():
        return app
    if idle is not None:
        measure_in_page(argilla_app, base_url, idle)
        _LOG.info("active time is measured; idle cut-off %g seconds", idle)
    return ActivityRoute(app, base_url, measured=idle is not None)
