"""A route next to Argilla's that streams all responses of a dataset: ``/api/sharegpt/responses``.

POST, for owners and for admins who are members of the workspace. The answer is NDJSON in the order of the records'
ids, so that a reader who was cut off resumes after the last id. Its last line is ``{"lines": n}``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from argilla_server.database import AsyncSessionLocal
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from sharegpt_argilla.argilla_plugin.base import Code, Patch
from sharegpt_argilla.argilla_plugin.response_queries import Asked, record_lines, stamp_lines, totals
from sharegpt_argilla.argilla_plugin.signed_in import (
    RELIES_ON,
    RouteRefusalError,
    dataset_of,
    person_of,
    read_body,
    sees_all_responses,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/api/sharegpt/responses"

MAX_BODY = 65_536
"""Bytes of a request: what anybody may send."""

MAX_IDS = 1000
"""Records that a request may name."""


class _Question(BaseModel):
    """What a request asks; the form says what a line is, and ``totals`` is one line without an end."""

    model_config = ConfigDict(extra="forbid")

    dataset_id: str
    statuses: Annotated[list[Literal["submitted", "draft", "discarded"]], Field(min_length=1)]
    form: Literal["records", "stamps", "totals"] = "records"
    since: datetime | None = None
    ids: Annotated[list[UUID] | None, Field(max_length=MAX_IDS)] = None
    after: UUID | None = None


class ResponseRoute:
    """argilla-server with the route added.

    Args:
        app: argilla-server.
        base_url: the path below which it is mounted, ``/`` for none.
    """

    def __init__(self, app: ASGIApp, base_url: str) -> None:
        self._app, self._path = app, base_url.rstrip("/") + PATH

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"] != self._path:
            await self._app(scope, receive, send)
            return
        try:
            response = await _respond(Request(scope, receive))
        except RouteRefusalError as refused:
            response = JSONResponse({"detail": refused.detail}, refused.status)
        await response(scope, receive, send)


async def _respond(request: Request) -> Response:
    if request.method != "POST":
        raise RouteRefusalError(405, "this address takes POST")
    async with AsyncSessionLocal() as db:
        # First: nobody without an account is told what a request must look like.
        user = await person_of(db, request)
        question = await read_body(request, _Question, MAX_BODY)
        dataset = await dataset_of(db, user, question.dataset_id)
        if not await sees_all_responses(user, dataset):
            raise RouteRefusalError(403, f"{user.username} may not see everybody's responses")
        asked = _asked(question, dataset.id)
    if question.form == "totals":
        return JSONResponse(await totals(asked))
    pages = record_lines(asked) if question.form == "records" else stamp_lines(asked)
    return StreamingResponse(_with_end(pages), media_type="application/x-ndjson")


def _asked(question: _Question, dataset_id: UUID) -> Asked:
    since = question.since
    if since is not None and since.tzinfo is not None:
        since = since.astimezone(UTC).replace(tzinfo=None)
    return Asked(dataset_id, question.statuses, since, question.ids, question.after)


async def _with_end(pages: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pages, and a line that says how many lines they have: without it an answer was cut off."""
    lines = 0
    async for page in pages:
        lines += page.count(b"\n")
        yield page
    yield b'{"lines": %d}\n' % lines


PATCH = Patch(
    name="streamed responses",
    owner="argilla-server",
    reason="argilla-server returns responses in pages, with all texts, and cannot be asked which of them changed",
    upstream="argilla-io/argilla: argilla_server/api/handlers/v1/datasets/records.py",
    loss="exports read all records in pages",
    relies_on=(
        *RELIES_ON,
        Code("argilla_server.models.database:Response", ("a18cd941b5cb0025",)),
        Code("argilla_server.models.database:Suggestion", ("c412b3183d311f37",)),
    ),
)
