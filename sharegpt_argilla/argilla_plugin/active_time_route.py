"""A route next to Argilla's that stores and returns measured active time: ``/api/sharegpt/activity``.

POST, from the annotation page: seconds on records and questions, for the person whose token is sent. GET, with
``dataset_id``: all times of the dataset for owners and its admins, an annotator's own for an annotator.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from argilla_server.api.policies.v1 import RecordPolicy
from argilla_server.database import AsyncSessionLocal
from argilla_server.errors import ServerError
from argilla_server.models import Dataset, Record, User
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import defer, joinedload
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sharegpt_argilla.argilla_plugin.active_time import MAX_CREDIT, ActiveTime, Spent, add_activity, read_activity
from sharegpt_argilla.argilla_plugin.base import Patch
from sharegpt_argilla.argilla_plugin.signed_in import (
    RELIES_ON,
    RouteRefusalError,
    dataset_of,
    person_of,
    read_body,
    sees_all_responses,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession
    from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/api/sharegpt/activity"

MAX_BODY = 16_384
"""Bytes of a post; the page's own have a few hundred."""

MAX_RECORDS = 50
"""Records in a post."""

_ROUNDING = 0.01

_LOG = logging.getLogger(__name__)

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


class ActivityRoute:
    """argilla-server with the route added.

    Args:
        app: argilla-server.
        base_url: the path below which argilla-server is mounted, ``/`` for none.
        measured: whether posts are accepted; what was measured before is returned in any case.
    """

    def __init__(self, app: ASGIApp, base_url: str, measured: bool) -> None:
        self._app, self._measured = app, measured
        self._path = base_url.rstrip("/") + PATH

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"] != self._path:
            await self._app(scope, receive, send)
            return
        try:
            response = await self._respond(Request(scope, receive))
        except RouteRefusalError as refused:
            response = JSONResponse({"detail": refused.detail}, refused.status)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method == "GET":
            return await self._return_times(request)
        if request.method != "POST":
            raise RouteRefusalError(405, "this address takes GET and POST")
        if not self._measured:
            raise RouteRefusalError(404, "active time is not measured here")
        return await self._store_times(request)

    async def _store_times(self, request: Request) -> Response:
        post = await read_body(request, _Post, MAX_BODY)
        async with AsyncSessionLocal() as db:
            user = await person_of(db, request, post.token)
            spent = [await _spent(db, user, time) for time in post.times]
            person = user.id
        if not await _stored(person, spent):
            raise RouteRefusalError(422, "more time than went by since the last post")
        return Response(status_code=204)

    async def _return_times(self, request: Request) -> Response:
        async with AsyncSessionLocal() as db:
            user = await person_of(db, request)
            dataset = await dataset_of(db, user, request.query_params.get("dataset_id", ""))
            whole = await sees_all_responses(user, dataset)
            username, key = user.username, dataset.id
            times = await _read(db, key)
        items = [
            {"record_id": record, "username": name, **spent}
            for (record, name), spent in times.items()
            if whole or name == username
        ]
        return JSONResponse({"items": items})


async def _stored(user_id: UUID, spent: list[Spent]) -> bool:
    # A session of its own, whose transaction begins with a write: SQLite refuses one that has read before.
    try:
        async with AsyncSessionLocal.begin() as db:
            stored: bool = await db.run_sync(lambda session: add_activity(session.connection(), user_id, spent))
            return stored
    except SQLAlchemyError as error:
        _LOG.warning("measured time cannot be stored: %s", error)
        raise RouteRefusalError(503, "the measured times cannot be stored now") from error


async def _read(db: AsyncSession, dataset_id: UUID) -> dict[tuple[str, str], ActiveTime]:
    try:
        return await db.run_sync(lambda session: read_activity(session.connection(), dataset_id))
    except SQLAlchemyError as error:
        _LOG.warning("measured time cannot be read: %s", error)
        raise RouteRefusalError(503, "the measured times cannot be read now") from error


async def _spent(db: AsyncSession, user: User, time: _Time) -> Spent:
    """Check a time that was posted."""
    record = await _record(db, time)
    allowed = False
    if record is not None:
        try:
            allowed = await RecordPolicy.create_response(record)(user)
        except ServerError:
            allowed = False
    if record is None or not allowed:
        raise RouteRefusalError(403, f"record {time.record} is not one that {user.username} annotates")
    questions = record.dataset.questions if time.questions else ()
    unknown = sorted(set(time.questions) - {question.name for question in questions})
    if unknown:
        raise RouteRefusalError(422, f"the dataset of record {time.record} has no question {unknown[0]!r}")
    if sum(time.questions.values()) > time.seconds + _ROUNDING * (1 + len(time.questions)):
        raise RouteRefusalError(422, f"more time on the questions of record {time.record} than on the record")
    return Spent(record.dataset_id, record.id, time.seconds, time.questions)


async def _record(db: AsyncSession, time: _Time) -> Record | None:
    """The record of a time without its texts; the dataset has its questions if the time has some."""
    dataset = joinedload(Record.dataset)
    options = [defer(Record.fields), dataset.selectinload(Dataset.questions) if time.questions else dataset]
    records = await db.scalars(select(Record).where(Record.id == time.record).options(*options))
    record: Record | None = records.one_or_none()
    return record


PATCH = Patch(
    name="active time",
    owner="argilla-server",
    reason="argilla-server stores when an answer was sent, and not how long a person worked on it",
    upstream="argilla-io/argilla: argilla_server/security/authentication/provider.py",
    loss="active time is not measured",
    relies_on=RELIES_ON,
)
