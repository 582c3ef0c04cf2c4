"""A request looks up its account once, with one statement, not up to three times with two each.

argilla-server looks it up by key or token and then again by name, and a token's credentials are compared with
those in force in between (`revoked_credentials`). In one session all of them get the same object anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argilla_server.models import User
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from sharegpt_argilla.argilla_plugin.base import Patch, Replacement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    _LookUp = Callable[..., Awaitable[User | None]]


def _by_key(_: _LookUp) -> _LookUp:
    async def get_user_by_api_key(db: AsyncSession, api_key: str) -> User | None:
        return await _account(db, User.api_key == api_key)

    return get_user_by_api_key


def _by_name(_: _LookUp) -> _LookUp:
    async def get_user_by_username(db: AsyncSession, username: str) -> User | None:
        user: User | None = db.info.get(_account)
        if user is not None and user in db and user.username == username:
            return user
        return await _account(db, User.username == username)

    return get_user_by_username


async def _account(db: AsyncSession, condition: Any) -> User | None:
    """An account with its workspaces, as argilla-server loads it, but with one statement."""
    found = await db.execute(select(User).where(condition).options(joinedload(User.workspaces)))
    user: User | None = found.unique().scalar_one_or_none()
    if user is not None:
        db.info[_account] = user
    return user


PATCH = Patch(
    name="one look at the account",
    owner="argilla-server",
    reason="the account of a request is looked up two or three times, with two statements each",
    upstream="argilla-io/argilla: argilla_server/security/authentication/provider.py, get_current_user",
    loss="every request is slower",
    replaces=(
        Replacement("argilla_server.contexts.accounts:get_user_by_api_key", ("0c180f77f10b5f36",), _by_key),
        Replacement("argilla_server.contexts.accounts:get_user_by_username", ("abb0c9604f2bbe02",), _by_name),
    ),
)
