"""A request looks up its account once, not up to three times; each time costs two statements.

argilla-server looks it up by key or token and then again by name, and a token's credentials are compared with
those in force in between (`revoked_credentials`). In one session all of them get the same object anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharegpt_argilla.argilla_plugin.base import Patch, Replacement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from argilla_server.models import User
    from sqlalchemy.ext.asyncio import AsyncSession

    _LookUp = Callable[..., Awaitable[User | None]]


def _keeping(look_up: _LookUp) -> _LookUp:
    async def get_user_by_api_key(db: AsyncSession, api_key: str) -> User | None:
        return _kept(db, await look_up(db, api_key))

    return get_user_by_api_key


def _once(look_up: _LookUp) -> _LookUp:
    async def get_user_by_username(db: AsyncSession, username: str) -> User | None:
        user: User | None = db.info.get(_kept)
        if user is not None and user in db and user.username == username:
            return user
        return _kept(db, await look_up(db, username))

    return get_user_by_username


def _kept(db: AsyncSession, user: User | None) -> User | None:
    if user is not None:
        db.info[_kept] = user
    return user


PATCH = Patch(
    name="one look at the account",
    owner="argilla-server",
    reason="the account of a request is looked up two or three times, with two statements each",
    upstream="argilla-io/argilla: argilla_server/security/authentication/provider.py, get_current_user",
    loss="every request is slower",
    replaces=(
        Replacement("argilla_server.contexts.accounts:get_user_by_api_key", ("0c180f77f10b5f36",), _keeping),
        Replacement("argilla_server.contexts.accounts:get_user_by_username", ("abb0c9604f2bbe02",), _once),
    ),
)
