"""The server's status page, for people with an account only."""

from __future__ import annotations

from argilla_server.api.handlers.v1.info import get_status
from argilla_server.api.routes import api_v1
from argilla_server.api.schemas.v1.info import Status
from argilla_server.security import auth
from fastapi import APIRouter, Security

from sharegpt_argilla.argilla_plugin.base import Code, Patch

_PATH = "/status"


def _require_sign_in() -> None:
    guarded = APIRouter(tags=["info"], dependencies=[Security(auth.get_current_user)])
    guarded.add_api_route(_PATH, get_status, response_model=Status)
    others = [route for route in api_v1.router.routes if getattr(route, "path", None) != _PATH]
    api_v1.router.routes[:] = [*guarded.routes, *others]


PATCH = Patch(
    name="private status page",
    owner="argilla-server",
    # /api/v1/version stays open: the sign-in page and clients ask for it.
    reason="/api/v1/status tells versions of software and the use of memory, which help somebody to break in",
    upstream="argilla-io/argilla: argilla_server/api/handlers/v1/info.py, get_status",
    loss="the status page is public",
    relies_on=(Code("argilla_server.api.handlers.v1.info:get_status", ("251e526e26062328",)),),
    install=_require_sign_in,
)
