"""A route next to Argilla's that says what this plug-in does here: ``/api/sharegpt/capabilities``, for people with
an account. A server that has no such route runs without the plug-in.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

from argilla_server.search_engine import SearchEngine
from argilla_server.settings import settings
from starlette.responses import JSONResponse

from sharegpt_argilla.argilla_plugin import request_bodies, response_route, sign_in_limit
from sharegpt_argilla.argilla_plugin.current_annotator import plans_are_followed
from sharegpt_argilla.argilla_plugin.plain_answer import answer
from sharegpt_argilla.argilla_plugin.team_options import OPEN_QUEUE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/api/sharegpt/capabilities"

Plans = Literal["enforced", "open", "off"]


@dataclass(frozen=True)
class ServerCapabilities:
    """What the plug-in does on a server.

    Attributes:
        version: of this package, on the server.
        plans: ``enforced``; ``open`` if whoever started the server wanted that; ``off`` if a patch does not fit
            argilla-server, or if its search engine knows no plans.
        private_answers: whether annotators of a plan see their own answers only.
        active_time: whether active time is measured.
        sign_in_limit: whether sign-ins are slowed down after failures.
        streamed_responses: whether there is `response_route`.
    """

    version: str
    plans: Plans
    private_answers: bool
    active_time: bool
    sign_in_limit: bool
    streamed_responses: bool


def server_capabilities(environ: Mapping[str, str], *, measured: bool) -> ServerCapabilities:
    """What the plug-in does in this process, once its patches are applied.

    Args:
        environ: may contain `OPEN_QUEUE`.
        measured: whether active time is measured.
    """
    return ServerCapabilities(
        version("sharegpt-argilla"),
        _plans(environ),
        plans_are_followed(),
        measured,
        not sign_in_limit.PATCH.changed(),
        not response_route.PATCH.changed(),
    )


def _plans(environ: Mapping[str, str]) -> Plans:
    if environ.get(OPEN_QUEUE) == "1":
        return "open"
    engine = SearchEngine.registered_classes.get(settings.search_engine.lower().strip())
    # Without this the engine offers everybody everything, and answers to it are refused: no queue either.
    return "enforced" if plans_are_followed() and hasattr(engine, "count_own_records") else "off"


class CapabilityRoute:
    """argilla-server with the route added.

    Args:
        app: argilla-server.
        base_url: the path below which it is mounted, ``/`` for none.
        capabilities: the answer.
    """

    def __init__(self, app: ASGIApp, base_url: str, capabilities: ServerCapabilities) -> None:
        self._app, self._path = app, base_url.rstrip("/") + PATH
        self._answer = asdict(capabilities)
        # If it is not known how argilla-server signs people in, nobody can be asked to.
        self._asks = not request_bodies.PATCH.changed()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"] != self._path:
            await self._app(scope, receive, send)
        elif scope["method"] != "GET":
            await answer(send, 405, "this address takes GET", {"allow": "GET"})
        elif self._asks and not await request_bodies.has_account(scope):
            await answer(send, 401, "sign in to Argilla first", {})
        else:
            await JSONResponse(self._answer)(scope, receive, send)
