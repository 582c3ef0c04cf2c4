"""The annotator whose request is being handled, for code to which argilla-server does not pass the user."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sharegpt_argilla.argilla_plugin.base import Replacement

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Annotator:
    """An account with the role annotator."""

    id: str
    username: str


_current: ContextVar[Annotator | None] = ContextVar("annotator", default=None)
_signed_in: ContextVar[Annotator | None] = ContextVar("signed_in_annotator", default=None)
_followed: set[str] = set()


def current_annotator() -> Annotator | None:
    """The annotator whose request this is; None for owners, admins and jobs, and if the queue is open."""
    return _current.get()


def signed_in_annotator() -> Annotator | None:
    """The same, whether the queue is open or not."""
    return _signed_in.get()


def plans_are_followed() -> bool:
    """Whether plans are enforced in this process."""
    return bool(_followed)


def note_plans() -> None:
    """From now on plans are enforced in this process."""
    _followed.add("plans")


def _note_annotator(set_request_user: Callable[..., None]) -> Callable[..., None]:
    def set_and_note(request: Any, user: Any) -> None:
        """argilla-server calls this in each request's own context."""
        set_request_user(request, user)
        annotator = Annotator(str(user.id), user.username) if user.is_annotator else None
        _signed_in.set(annotator)
        _current.set(annotator if plans_are_followed() else None)

    return set_and_note


REPLACEMENTS = (
    Replacement(
        "argilla_server.security.authentication.provider:set_request_user", ("3f7096a955838bff",), _note_annotator
    ),
)
"""Notes who asks; for the patches that depend on it."""
