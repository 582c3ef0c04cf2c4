"""Who sends a request to a route of ours, what is in it, and which datasets they see, as argilla-server says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from argilla_server.api.policies.v1 import DatasetPolicy
from argilla_server.contexts import accounts
from argilla_server.errors import UnauthorizedError
from argilla_server.models import Dataset, User
from argilla_server.security.authentication.provider import AuthenticationProvider
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from sharegpt_argilla.argilla_plugin.base import Code

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


Body = TypeVar("Body", bound=BaseModel)


class RouteRefusalError(Exception):
    """A refusal: the status of the reply, and what it says."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


async def person_of(db: AsyncSession, request: Request, token: str | None = None) -> User:
    """The person whose key or token a request has.

    Args:
        db: a session.
        request: the request.
        token: of its body, for browsers that can send a last message only without headers.

    Raises:
        RouteRefusalError: it is nobody's.
    """
    if token is not None and "authorization" not in request.headers:
        headers = [*request.scope["headers"], (b"authorization", token.encode("latin-1", "replace"))]
        request = Request({**request.scope, "headers": headers})
    try:
        account = await AuthenticationProvider()._authenticate_request_user(db, request)
    except UnauthorizedError as error:
        raise RouteRefusalError(401, "sign in to Argilla first") from error
    user: User | None = await accounts.get_user_by_username(db, account.username) if account else None
    if user is None:
        raise RouteRefusalError(401, "sign in to Argilla first")
    return user


async def dataset_of(db: AsyncSession, user: User, key: str) -> Any:
    """The dataset with an id.

    Raises:
        RouteRefusalError: it is no id, or the person does not see such a dataset.
    """
    try:
        dataset = await Dataset.get(db, UUID(key))
    except ValueError as error:
        raise RouteRefusalError(422, "dataset_id must be the id of a dataset") from error
    # A stranger is not told which datasets there are.
    if dataset is None or not await DatasetPolicy.get(dataset)(user):
        raise RouteRefusalError(404, f"no dataset {key} that {user.username} sees")
    return dataset


async def sees_all_responses(user: User, dataset: Any) -> bool:
    """Whether a person sees everybody's responses: owners, and admins who are members of the workspace."""
    return bool(await DatasetPolicy.list_records_with_all_responses(dataset)(user))


RELIES_ON = (
    Code(
        "argilla_server.security.authentication.provider:AuthenticationProvider._authenticate_request_user",
        ("26b5316cb0ec677f",),
    ),
    Code(
        "argilla_server.api.policies.v1.dataset_policy:DatasetPolicy.list_records_with_all_responses",
        ("04fa1b639c5a46ce",),
    ),
)
"""For the patches that add a route."""


async def read_body(request: Request, model: type[Body], most: int) -> Body:
    """The body of a request to a route of ours.

    Args:
        request: the request.
        model: what its JSON is.
        most: bytes that it may have.

    Raises:
        RouteRefusalError: it is longer, or something else.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise RouteRefusalError(413, f"a request has at most {most} bytes")
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise RouteRefusalError(422, f"{path}: {first['msg']}") from error
