"""Accounts of another Argilla's database whose credentials are public get new ones."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from sharegpt_argilla.settings import Home, find_password

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

URL = "http://127.0.0.1:6900"
OWN_KEY, OWN_PASSWORD = "a key of their own", "a password of their own"


@pytest.fixture
def replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], tuple[list[str], Any]]:
    """Replaces the credentials in a database with one account: its username, password and key."""
    from argilla_server.contexts import accounts
    from argilla_server.models import User
    from argilla_server.models.base import DatabaseModel
    from sqlalchemy import select
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

    from sharegpt_argilla.embedded_argilla import known_credentials

    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/argilla.db")
    sessions = async_sessionmaker(autocommit=False, expire_on_commit=False, bind=engine)
    monkeypatch.setattr(known_credentials, "AsyncSessionLocal", sessions)

    async def work(username: str, password: str, key: str) -> tuple[list[str], Any]:
        async with engine.begin() as connection:
            await connection.run_sync(DatabaseModel.metadata.create_all)
        account = {"username": username, "password_hash": accounts.hash_password(password), "api_key": key}
        async with sessions() as db:
            await User.create(db, first_name=username, last_name=None, role="annotator", **account)
        names = await known_credentials.replace_known_credentials(Home(tmp_path), URL)
        async with sessions() as db:
            user = (await db.scalars(select(User))).one()
        await engine.dispose()
        return names, user

    return lambda *account: asyncio.run(work(*account))


@pytest.mark.parametrize(
    ("username", "password", "key", "new_password", "new_key"),
    [
        # The quickstart image and the tutorials have the second password.
        ("argilla", "1234", "argilla.apikey", True, True),
        ("argilla", "12345678", "argilla.apikey", True, True),
        ("argilla", "12345678", OWN_KEY, True, False),
        ("argilla", OWN_PASSWORD, "argilla.apikey", False, True),
        ("argilla", OWN_PASSWORD, OWN_KEY, False, False),
        ("ana", "12345678", "argilla.apikey", True, True),
        # Whoever has neither the default name nor the default key is not examined.
        ("ana", "12345678", OWN_KEY, False, False),
    ],
)
def test_what_everybody_knows_is_replaced(
    replaced: Any, tmp_path: Path, username: str, password: str, key: str, new_password: bool, new_key: bool
) -> None:
    from argilla_server.contexts import accounts

    names, user = replaced(username, password, key)
    assert names == ([username] if new_password or new_key else [])
    assert (user.api_key != key) == new_key
    assert accounts.verify_password(password, user.password_hash) != new_password
    found_password = find_password(Home(tmp_path), username, URL)
    assert (found_password is not None) == new_password
    if found_password is not None:
        assert len(found_password) == 24
        assert accounts.verify_password(found_password, user.password_hash)
