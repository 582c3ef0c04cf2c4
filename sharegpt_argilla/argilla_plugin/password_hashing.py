"""Passwords are hashed in a thread: argilla-server does it where it handles all requests, which then wait.

bcrypt takes a quarter of a second on purpose. Ten people who sign in at once would stop the server for seconds.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from argilla_server.contexts import accounts
from argilla_server.database import AsyncSessionLocal
from fastapi import HTTPException

from sharegpt_argilla.argilla_plugin.base import Code, Patch, Replacement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from argilla_server.models import User
    from sqlalchemy.ext.asyncio import AsyncSession

THREADS = 1
"""Threads that hash: one leaves the other processors to those who work."""

MOST_WAITING = 40
"""Sign-ins that wait for it, ten seconds in all; further ones are refused with 503, instead of waiting longer."""

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="password-hash")
_waiting: set[object] = set()
_prepared: ContextVar[tuple[str, str] | None] = ContextVar("prepared_hash", default=None)


async def _in_thread(work: Callable[..., Any], *arguments: str) -> Any:
    if len(_waiting) >= MOST_WAITING:
        raise HTTPException(503, "too many people sign in at once; try again", {"retry-after": "5"})
    ticket = object()
    _waiting.add(ticket)
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work, *arguments)
    finally:
        _waiting.discard(ticket)


def _verified_in_thread(_original: Callable[..., Any]) -> Callable[..., Awaitable[User | None]]:
    async def authenticate_user(db: AsyncSession, username: str, password: str) -> User | None:
        """The account if the password is right. An unknown name takes the same time."""
        # A session of its own, so that nobody who waits occupies a connection to the database.
        async with AsyncSessionLocal() as session:
            user = await accounts.get_user_by_username(session, username)
            stored = user.password_hash if user else accounts._DUMMY_HASH
        right = await _in_thread(accounts.verify_password, password, stored)
        return await accounts.get_user_by_username(db, username) if user and right else None

    return authenticate_user


def _prepared_hash(hash_password: Callable[[str], str]) -> Callable[[str], str]:
    def hash_or_prepared(password: str) -> str:
        prepared = _prepared.get()
        return prepared[1] if prepared and prepared[0] == password else hash_password(password)

    return hash_or_prepared


def _hashed_in_thread(change: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def change_with_prepared_hash(db: AsyncSession, *arguments: Any, **options: Any) -> Any:
        """Hash the new password of an account, if it gets one, before argilla-server asks for the hash."""
        values = [each for each in (*arguments, *options.values()) if isinstance(each, dict)]
        password = next((each["password"] for each in values if isinstance(each.get("password"), str)), None)
        if password is not None:
            _prepared.set((password, await _in_thread(accounts.hash_password, password)))
        try:
            return await change(db, *arguments, **options)
        finally:
            _prepared.set(None)

    return change_with_prepared_hash


_ACCOUNTS = "argilla_server.contexts.accounts"

PATCH = Patch(
    name="hashing in a thread",
    owner="argilla-server",
    reason="while a password is hashed argilla-server answers nobody",
    upstream="argilla-io/argilla: argilla_server/contexts/accounts.py, authenticate_user",
    loss="sign-ins hold up all other requests",
    replaces=(
        Replacement(f"{_ACCOUNTS}:authenticate_user", ("cac3a46d32570136",), _verified_in_thread),
        Replacement(f"{_ACCOUNTS}:hash_password", ("b24f0d167510b1d4",), _prepared_hash),
        Replacement(f"{_ACCOUNTS}:create_user", ("92cb963996b7385c",), _hashed_in_thread),
        Replacement(f"{_ACCOUNTS}:update_user", ("907a434dbc22a1ec",), _hashed_in_thread),
    ),
    relies_on=(Code(f"{_ACCOUNTS}:verify_password", ("410c2048d6a96eb3",)),),
)
