"""Make the owner account in the database and owner.json agree."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from argilla_server.contexts import accounts
from argilla_server.database import AsyncSessionLocal
from argilla_server.enums import UserRole
from argilla_server.models import User

from sharegpt_argilla.embedded_argilla.owner_file import Owner, new_owner, read_owner, write_owner
from sharegpt_argilla.settings import Home, add_credentials

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_LOG = logging.getLogger(__name__)


async def ensure_owner(home: Home, api_url: str) -> None:
    """Create the owner on the first start; on any other, repair what an interrupted start left behind.

    The file comes first, so everything that can go wrong in between leaves a file whose key the database does
    not know yet. Then, and when the file was lost, the account gets the file's password and key. A password
    that was changed later, with the key still in force, stays as it is.

    Raises:
        InputError: owner.json is damaged, or a secret of the environment too short.
    """
    owner = read_owner(home)
    if owner is None:
        owner = new_owner(os.environ)
        write_owner(home, owner)
    async with AsyncSessionLocal() as session:
        user = await accounts.get_user_by_username(session, owner.username)
        if user is not None and user.api_key == owner.api_key and user.role == UserRole.owner:
            return
        await _store(session, user, owner)
    add_credentials(home, owner.username, owner.password, UserRole.owner.value, api_url)


async def _store(session: AsyncSession, user: User | None, owner: Owner) -> None:
    values = {
        "api_key": owner.api_key,
        "password_hash": accounts.hash_password(owner.password),
        "role": UserRole.owner,
    }
    if user is None:
        _LOG.info("creating the account %s", owner.username)
        await User.create(session, first_name=owner.username, last_name=None, username=owner.username, **values)
    else:
        _LOG.warning("the account %s did not match owner.json and was given its password and key", owner.username)
        await user.update(session, **values)
