"""The server's status page, for people with an account only."""

from __future__ import annotations

from argilla_server.api.handlers.v1.info import get_status
from argilla_server.api.routes import api_v1
from argilla_server.api.schemas.v1.info import Status
from argilla_server.security import auth
from fastapi import APIRouter, Security

_PATH = "/status"


def require_sign_in_for_status() -> None:
    """Answer ``/api/v1/status`` to signed-in accounts alone, in this process.

    It tells versions of software and the use of memory, which is of use to somebody who looks for a way in.
    ``/api/v1/version`` stays open: the sign-in page and clients ask it.
    """
    guarded = APIRouter(tags=["info"], dependencies=[Security(auth.get_current_user)])
    guarded.add_api_route(_PATH, get_status, response_model=Status)
    others = [route for route in api_v1.router.routes if getattr(route, "path", None) != _PATH]
    api_v1.router.routes[:] = [*guarded.routes, *others]
