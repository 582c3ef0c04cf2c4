"""Whether a person is a member of a workspace is read from the database once in a session, or with the person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect

from sharegpt_argilla.argilla_plugin.base import Patch, Replacement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

_KNOWN = "sharegpt-argilla: memberships"


def _asked_once(ask: Callable[..., Awaitable[bool]]) -> Callable[..., Awaitable[bool]]:
    async def is_member(user: Any, workspace_id: UUID) -> bool:
        """Only a yes is remembered: within a session somebody may become a member."""
        memberships = user.current_async_session.info.setdefault(_KNOWN, set())
        if (user.id, workspace_id) not in memberships:
            if not (_is_loaded(user, workspace_id) or await ask(user, workspace_id)):
                return False
            memberships.add((user.id, workspace_id))
        return True

    return is_member


def _is_loaded(user: Any, workspace_id: UUID) -> bool:
    """Whether a workspace is among those that were loaded with a person: `account_lookup` loads them."""
    loaded = "workspaces" not in inspect(user).unloaded
    return loaded and any(workspace.id == workspace_id for workspace in user.workspaces)


PATCH = Patch(
    name="membership read once",
    owner="argilla-server",
    reason="argilla-server asks the database again for each metadata property of each record",
    upstream="argilla-io/argilla: argilla_server/models/database.py, User.is_member",
    loss="pages of records are slower",
    replaces=(Replacement("argilla_server.models.database:User.is_member", ("3ddd174282bb5b63",), _asked_once),),
)
