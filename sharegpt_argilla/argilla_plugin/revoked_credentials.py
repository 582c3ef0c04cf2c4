"""A person's API key, password and sessions can be revoked, and end at once: ``POST /api/v1/users/ID/revoke``.

argilla-server makes an API key with the account and never again, and a sign-in token is valid until it expires,
whatever happened to the password. Here a token contains a fingerprint of the credentials that were in force when
it was made, and is refused when they are others.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from argilla_server.api.policies.v1 import UserPolicy, authorize
from argilla_server.api.routes import api_v1
from argilla_server.api.schemas.v1.users import UserPassword
from argilla_server.contexts import accounts
from argilla_server.database import get_async_db
from argilla_server.errors.future import UnprocessableEntityError
from argilla_server.models import User
from argilla_server.security import auth
from argilla_server.security.authentication.jwt import JWT
from argilla_server.security.authentication.userinfo import UserInfo
from fastapi import Depends, Response, Security
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from sharegpt_argilla.argilla_plugin.base import Code, Patch, Replacement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from argilla_server.security.authentication.db import BearerTokenAuthenticationBackend
    from fastapi import Request
    from starlette.authentication import AuthCredentials

    _Authenticate = Callable[
        [BearerTokenAuthenticationBackend, Request], Awaitable[tuple[AuthCredentials, UserInfo] | None]
    ]

PATH = "/users/{user_id}/revoke"
"""Below /api/v1."""

KEY_BYTES = 64
"""Random bytes of a new API key, as argilla-server's own keys have."""

_CLAIM = "credentials"


class _NewPassword(BaseModel):
    model_config = ConfigDict(extra="forbid")

    password: UserPassword


def fingerprint(api_key: str, password_hash: str) -> str:
    """What a sign-in token says of the credentials in force: 16 hexadecimal digits, which give neither away."""
    return hashlib.sha256(f"{api_key}\n{password_hash}".encode()).hexdigest()[:16]


def _with_fingerprint(_: Callable[[User], str]) -> Callable[[User], str]:
    def generate_user_token(user: User) -> str:
        """A sign-in token that ends with the credentials of its account."""
        info = UserInfo(identity=str(user.id), name=user.first_name, username=user.username, role=user.role)
        info[_CLAIM] = fingerprint(user.api_key, user.password_hash)
        token: str = JWT.create(info)
        return token

    return generate_user_token


def _with_credentials_in_force(original: _Authenticate) -> _Authenticate:
    async def authenticate(
        backend: BearerTokenAuthenticationBackend, request: Request
    ) -> tuple[AuthCredentials, UserInfo] | None:
        """The account of a sign-in token, if its credentials are those that the token was made with."""
        signed_in = await original(backend, request)
        if signed_in is None:
            return None
        token = await backend.scheme(request)
        user = await accounts.get_user_by_username(request.state.db, signed_in[1].username)
        if user is None:
            return None
        in_force = fingerprint(user.api_key, user.password_hash)
        return signed_in if JWT.decode(token.credentials).get(_CLAIM) == in_force else None

    return authenticate


async def revoke(
    user_id: UUID,
    new: _NewPassword,
    db: Annotated[AsyncSession, Depends(get_async_db)],
    current_user: Annotated[User, Security(auth.get_current_user)],
) -> Response:
    """Give an account a new API key and password; whoever is signed in to it is not any more. Owners only."""
    await authorize(current_user, UserPolicy.update)
    user = await User.get_or_raise(db, user_id)
    if user.is_owner:
        # The key of the embedded server's own owner is stored in owner.json, which would win at the next start.
        raise UnprocessableEntityError(f"{user.username} is an owner, whose credentials are not revoked here")
    key = secrets.token_urlsafe(KEY_BYTES)
    await accounts.update_user(db, user, {"password": new.password, "api_key": key})
    return Response(status_code=204)


def _add_route() -> None:
    if not any(getattr(route, "path", None) == PATH for route in api_v1.router.routes):
        api_v1.add_api_route(PATH, revoke, methods=["POST"], status_code=204, tags=["users"])


_AUTHENTICATION = "argilla_server.security.authentication"

PATCH = Patch(
    name="revoked credentials",
    owner="argilla-server",
    reason="an API key cannot be changed, and a changed password leaves all signed in who knew the old one",
    upstream="argilla-io/argilla: argilla_server/api/schemas/v1/users.py, User.api_key",
    loss="people cannot be signed out, and API keys not be revoked",
    replaces=(
        Replacement(
            "argilla_server.contexts.accounts:generate_user_token", ("3dfbf4b327c4df14",), _with_fingerprint
        ),
        Replacement(
            f"{_AUTHENTICATION}.db.bearer_token_backend:BearerTokenAuthenticationBackend.authenticate",
            ("3da05eea0e87bdf3",),
            _with_credentials_in_force,
        ),
    ),
    relies_on=(Code(f"{_AUTHENTICATION}.jwt:JWT", ("8dbe73323abd9371",)),),
    install=_add_route,
)
