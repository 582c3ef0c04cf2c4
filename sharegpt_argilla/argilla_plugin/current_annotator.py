"""Who asks: the annotator behind the request under way, for code that argilla-server does not tell."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from argilla_server.security.authentication import provider


@dataclass(frozen=True)
class Annotator:
    """An account with the role annotator."""

    id: str
    username: str


_current: ContextVar[Annotator | None] = ContextVar("annotator", default=None)
_set_request_user = provider.set_request_user


def current_annotator() -> Annotator | None:
    """The annotator whose request this is; None for owners, admins, jobs, and where the queue is open."""
    return _current.get()


def note_annotator(request: Any, user: Any) -> None:
    """Take the place of argilla-server's ``set_request_user``, which is called in each request's own context."""
    _set_request_user(request, user)
    _current.set(Annotator(str(user.id), user.username) if user.is_annotator else None)
