"""A route next to Argilla's that stores and returns measured active time: ``/api/sharegpt/activity``.

POST, from the annotation page: seconds on records and questions, for the person whose token is sent. GET, with
``dataset_id``: all times of the dataset for owners and its admins, an annotator's own for an annotator.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from argilla_server.api.policies.v1 import DatasetPolicy, RecordPolicy
from argilla_server.database import AsyncSessionLocal
from argilla_server.errors import ServerError, UnauthorizedError
from argilla_server.models import Dataset, Record, User
from argilla_server.security.authentication.provider import AuthenticationProvider
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sharegpt_argilla.argilla_plugin.active_time import MAX_CREDIT, Spent, add_activity, read_activity
from sharegpt_argilla.argilla_plugin.base import Code, Patch
from sharegpt_argilla.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession
    from starlette.types import ASGIApp, Receive, Scope, Send

    from sharegpt_argilla.settings import Home

PATH = "/api/sharegpt/activity"

MAX_BODY = 16_384
"""Bytes of a post; the page's own have a few hundred."""

MAX_RECORDS = 50
"""Records in a post."""

_ROUNDING = 0.01

Seconds = Annotated[float, Field(ge=0, le=MAX_CREDIT, allow_inf_nan=False)]


class _Time(BaseModel):
    """Time on one record. Other keys are refused, so that nothing else can be recorded."""

    model_config = ConfigDict(extra="forbid")

    record: UUID
    seconds: Seconds
    questions: dict[str, Seconds] = Field(default_factory=dict, max_length=100)


class _Post(BaseModel):
    """``token`` is for browsers that can send a last message only without headers."""

    model_config = ConfigDict(extra="forbid")

    token: str | None = None
    times: list[_Time] = Field(min_length=1, max_length=MAX_RECORDS)


class _RefusedError(Exception):
    """A refusal: the status of the reply, and what it says."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class ActivityRoute:
    """argilla-server with the route added.

    Args:
        app: argilla-server.
        home: the home folder that contains the times.
        base_url: the path below which argilla-server is mounted, ``/`` for none.
        measured: whether posts are accepted; what was measured before is returned in any case.
    """

    def __init__(self, app: ASGIApp, home: Home, base_url: str, measured: bool) -> None:
        self._app, self._home, self._measured = app, home, measured
        self._path = base_url.rstrip("/") + PATH

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"] != self._path:
            await self._app(scope, receive, send)
            return
        try:
            response = await self._respond(Request(scope, receive))
        except _RefusedError as refused:
            response = JSONResponse({"detail": refused.detail}, refused.status)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method == "GET":
            return await self._return_times(request)
        if request.method != "POST":
            raise _RefusedError(405, "this address takes GET and POST")
        if not self._measured:
            raise _RefusedError(404, "active time is not measured here")
        return await self._store_times(request)

    async def _store_times(self, request: Request) -> Response:
        post = await _read(request)
        async with AsyncSessionLocal() as db:
            user = await _person(db, request, post.token)
            spent = [await _spent(db, user, time) for time in post.times]
            person = str(user.id), user.username
        if not await asyncio.to_thread(add_activity, self._home, *person, spent):
            raise _RefusedError(422, "more time than went by since the last post")
        return Response(status_code=204)

    async def _return_times(self, request: Request) -> Response:
        async with AsyncSessionLocal() as db:
            user = await _person(db, request, None)
            dataset = await _dataset(db, user, request.query_params.get("dataset_id", ""))
            whole = await DatasetPolicy.list_records_with_all_responses(dataset)(user)
            username, key = user.username, str(dataset.id)
        try:
            times = await asyncio.to_thread(read_activity, self._home, key)
        except InputError as error:
            # The next post sets a damaged file aside.
            raise _RefusedError(503, "the measured times cannot be read now") from error
        items = [
            {"record_id": record, "username": name, **spent}
            for (record, name), spent in times.items()
            if whole or name == username
        ]
        return JSONResponse({"items": items})


async def _read(request: Request) -> _Post:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise _RefusedError(413, f"a post has at most {MAX_BODY} bytes")
    try:
        return _Post.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise _RefusedError(422, f"{path}: {first['msg']}") from error


async def _person(db: AsyncSession, request: Request, token: str | None) -> User:
    """The person whose token it is, as argilla-server itself determines it."""
    if token is not None and "authorization" not in request.headers:
        headers = [*request.scope["headers"], (b"authorization", token.encode("latin-1", "replace"))]
        request = Request({**request.scope, "headers": headers})
    try:
        account = await AuthenticationProvider()._authenticate_request_user(db, request)
    except UnauthorizedError as error:
        raise _RefusedError(401, "sign in to Argilla first") from error
    user = await User.get_by(db, username=account.username) if account else None
    if user is None:
        raise _RefusedError(401, "sign in to Argilla first")
    return user


async def _spent(db: AsyncSession, user: User, time: _Time) -> Spent:
    """Check a time that was posted."""
    record = await _record(db, time.record)
    allowed = False
    if record is not None:
        try:
            allowed = await RecordPolicy.create_response(record)(user)
        except ServerError:
            allowed = False
    if record is None or not allowed:
        raise _RefusedError(403, f"record {time.record} is not one that {user.username} annotates")
    unknown = sorted(set(time.questions) - {question.name for question in record.dataset.questions})
    if unknown:
        raise _RefusedError(422, f"the dataset of record {time.record} has no question {unknown[0]!r}")
    if sum(time.questions.values()) > time.seconds + _ROUNDING * (1 + len(time.questions)):
        raise _RefusedError(422, f"more time on the questions of record {time.record} than on the record")
    return Spent(str(record.dataset_id), str(record.id), time.seconds, time.questions)


async def _record(db: AsyncSession, key: UUID) -> Record | None:
    records = await db.scalars(
        select(Record)
        .where(Record.id == key)
        .options(selectinload(Record.dataset).selectinload(Dataset.questions))
    )
    record: Record | None = records.one_or_none()
    return record


async def _dataset(db: AsyncSession, user: User, key: str) -> Any:
    try:
        dataset = await Dataset.get(db, UUID(key))
    except ValueError as error:
        raise _RefusedError(422, "dataset_id must be the id of a dataset") from error
    # A stranger is not told which datasets there are.
    if dataset is None or not await DatasetPolicy.get(dataset)(user):
        raise _RefusedError(404, f"no dataset {key} that {user.username} sees")
    return dataset


PATCH = Patch(
    name="active time",
    owner="argilla-server",
    reason="argilla-server stores when an answer was sent, and not how long a person worked on it",
    upstream="argilla-io/argilla: argilla_server/security/authentication/provider.py",
    loss="active time is not measured",
    relies_on=(
        Code(
            "argilla_server.security.authentication.provider:AuthenticationProvider._authenticate_request_user",
            ("26b5316cb0ec677f",),
        ),
        Code(
            "argilla_server.api.policies.v1.dataset_policy:DatasetPolicy.list_records_with_all_responses",
            ("04fa1b639c5a46ce",),
        ),
    ),
)
