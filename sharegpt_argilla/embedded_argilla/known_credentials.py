"""Credentials that everybody knows, in a database that another Argilla made: they are replaced."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Any

from argilla_server.constants import DEFAULT_API_KEY, DEFAULT_PASSWORD, DEFAULT_USERNAME
from argilla_server.contexts import accounts
from argilla_server.database import AsyncSessionLocal
from argilla_server.models import User
from sqlalchemy import or_, select

from sharegpt_argilla.settings import Home, add_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

_WELL_KNOWN_PASSWORDS = (DEFAULT_PASSWORD, "12345678")
"""argilla-server's default, and that of its quickstart image and tutorials."""

_LOG = logging.getLogger(__name__)


async def replace_known_credentials(home: Home, api_url: str) -> list[str]:
    """Give accounts with argilla-server's default key or password random ones; returns their usernames.

    The new password goes to the credentials sheet before the account has it. Looked at are the default account
    and whoever has the default key.
    """
    suspects = or_(User.username == DEFAULT_USERNAME, User.api_key == DEFAULT_API_KEY)
    replaced = []
    async with AsyncSessionLocal() as session:
        for user in (await session.execute(select(User).where(suspects))).scalars().all():
            values = dict(_replacements(user, home, api_url))
            if values:
                await user.update(session, **values)
                replaced.append(str(user.username))
    return replaced


def _replacements(user: User, home: Home, api_url: str) -> Iterator[tuple[str, Any]]:
    if user.api_key == DEFAULT_API_KEY:
        _LOG.warning(
            "warning: the account %s had Argilla's default API key; it has a random one now", user.username
        )
        yield "api_key", secrets.token_urlsafe(64)
    if any(accounts.verify_password(password, user.password_hash) for password in _WELL_KNOWN_PASSWORDS):
        password = secrets.token_urlsafe(18)
        add_credentials(home, user.username, password, user.role.value, api_url)
        _LOG.warning(
            "warning: the account %s had a password that everybody knows; the new one is in %s",
            user.username,
            home.credentials,
        )
        yield "password_hash", accounts.hash_password(password)
