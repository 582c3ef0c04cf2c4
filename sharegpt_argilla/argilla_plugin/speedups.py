"""Makes argilla-server faster from outside, in ways that its answers do not show.

What is replaced was found by profiling argilla-server 2.8.0, and only that version is touched: another one is left
as it is. ``SHAREGPT_ARGILLA_SPEEDUPS=0`` in the environment leaves every version as it is.
"""

from __future__ import annotations

import gc
import logging
import os
from collections import deque
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

from argilla_server.api.schemas.v1.questions import QuestionSettings
from argilla_server.bulk import records_bulk
from argilla_server.contexts import webhooks as webhook_context
from argilla_server.models import MetadataProperty, Question, User
from argilla_server.models.metadata_properties import MetadataPropertySettings
from argilla_server.models.mixins import CRUDMixin
from argilla_server.webhooks.v1 import records as record_events
from argilla_server.webhooks.v1 import responses as response_events
from argilla_server.webhooks.v1.enums import RecordEvent
from brotli_asgi import BrotliMiddleware
from pydantic import TypeAdapter
from sqlalchemy.dialects.sqlite import aiosqlite, insert

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

KNOWN_VERSION = "2.8.0"
"""The argilla-server that was read and profiled for this; it asks for aiosqlite 0.20.0 and no other."""

SWITCH = "SHAREGPT_ARGILLA_SPEEDUPS"
"""The environment variable that turns everything here off when it is ``0``."""

_GARBAGE_THRESHOLDS = (20_000, 20, 20)
"""A bulk of 500 records makes about 200,000 objects that live as long as its request; with Python's own 700 they
are looked through some three hundred times."""

_COMPRESSION = 2
"""Brotli's quality, which argilla-server sets to 7: five times the time for replies that are a tenth shorter. The
event loop waits for it."""

_LOG = logging.getLogger(__name__)


class Replacement(NamedTuple):
    """``owner.name`` becomes ``value``."""

    owner: Any
    name: str
    value: Any


def apply_speedups(installed: str | None = None) -> bool:
    """Replace the slow parts of argilla-server in this process; False where it is left as it is, with a log line.

    ``installed`` is the version of argilla-server, by default that of the installed one.
    """
    installed = version("argilla-server") if installed is None else installed
    if os.environ.get(SWITCH) == "0":
        _LOG.info("argilla-server runs without speed-ups, because %s is 0", SWITCH)
        return False
    if installed != KNOWN_VERSION:
        _LOG.warning("argilla-server runs without speed-ups: it is %s, they are for %s", installed, KNOWN_VERSION)
        return False
    for replacement in replacements():
        setattr(*replacement)
    # What was imported stays, and need not be looked through whenever a request makes many objects.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    return True


def replacements() -> list[Replacement]:
    """All that is replaced."""
    bulk, cursor = records_bulk.UpsertRecordsBulk, aiosqlite.AsyncAdapt_aiosqlite_cursor
    return [
        Replacement(Question, "parsed_settings", _parsed_settings(QuestionSettings)),
        Replacement(MetadataProperty, "parsed_settings", _parsed_settings(MetadataPropertySettings)),
        Replacement(record_events, "build_record_event", _if_heard(_build_record_event)),
        Replacement(response_events, "build_response_event", _if_heard(_build_response_event)),
        Replacement(bulk, "_notify_upsert_record_events", _notify_if_heard),
        Replacement(CRUDMixin, "upsert_many", classmethod(_upsert_many)),
        Replacement(User, "is_member", _is_member),
        Replacement(BrotliMiddleware, "__init__", _compress_quickly),
        Replacement(cursor, "execute", _execute_at_once),
    ]


def _parsed_settings(settings: Any) -> property:
    """The settings as argilla-server reads them, but with one adapter for all of them."""
    adapter: TypeAdapter[Any] = TypeAdapter(settings)
    return property(lambda owner: adapter.validate_python(owner.settings))


_build_record_event = record_events.build_record_event
_build_response_event = response_events.build_response_event
_notify_upserted = records_bulk.UpsertRecordsBulk._notify_upsert_record_events


class UnheardEvent:
    """Stands for argilla-server's ``Event`` where no webhook waits for one."""

    async def notify(self, _db: AsyncSession) -> list[Any]:
        """No job, as argilla-server's own has none then."""
        return []


async def _heard(db: AsyncSession, *events: str) -> bool:
    """Whether a webhook wants one of the events now: asked of the database each time, so that all agree."""
    webhooks = await webhook_context.list_enabled_webhooks(db)
    return any(event in webhook.events for webhook in webhooks for event in events)


def _if_heard(build: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """An event costs seven queries and the whole dataset as JSON, which nobody needs without a webhook for it."""

    async def build_if_heard(db: AsyncSession, event: str, subject: Any) -> Any:
        return await build(db, event, subject) if await _heard(db, event) else UnheardEvent()

    return build_if_heard


async def _notify_if_heard(bulk: Any, records: list[Any]) -> None:
    if await _heard(bulk._db, RecordEvent.created, RecordEvent.updated):
        await _notify_upserted(bulk, records)


_upsert_many_in_text = CRUDMixin.upsert_many.__func__


async def _upsert_many(
    model: Any, db: AsyncSession, objects: list[Any], constraints: list[Any], autocommit: bool = True
) -> list[Any]:
    """Rows as parameters of one short statement, which is compiled once; argilla-server writes all rows into the
    text of the statement, so that each one is compiled. The times of the rows are those of each row."""
    rows = [row if isinstance(row, dict) else row.model_dump() for row in objects]
    if not rows or db.bind.dialect.name != "sqlite" or any(row.keys() != rows[0].keys() for row in rows):
        upserted: list[Any] = await _upsert_many_in_text(model, db, objects, constraints, autocommit)
        return upserted
    statement = insert(model)
    changes = {column: statement.excluded[column] for column in model.__upsertable_columns__}
    if hasattr(model, "updated_at"):
        changes["updated_at"] = datetime.now(UTC).replace(tzinfo=None)
    result = await db.execute(
        statement.on_conflict_do_update(index_elements=constraints, set_=changes).returning(model),
        rows,
        # "orm", because "bulk", which SQLAlchemy would choose, is slower than what is replaced.
        execution_options={"populate_existing": True, "dml_strategy": "orm"},
    )
    if autocommit:
        await db.commit()
    return list(result.scalars().all())


async def _is_member(user: Any, workspace_id: UUID) -> bool:
    """Asked once in a request; argilla-server asks for each metadata property of each record."""
    session = user.current_async_session
    members = session.info.setdefault(_is_member, set())
    if (user.id, workspace_id) not in members:
        if not await _is_member_now(user, workspace_id):
            return False
        members.add((user.id, workspace_id))
    return True


_set_up_compression = BrotliMiddleware.__init__


def _compress_quickly(middleware: Any, *arguments: Any, **options: Any) -> None:
    _set_up_compression(middleware, *arguments, **options)
    middleware.quality = min(middleware.quality, _COMPRESSION)


_is_member_now = User.is_member
_execute_in_steps = aiosqlite.AsyncAdapt_aiosqlite_cursor.execute


def _execute_at_once(cursor: Any, operation: Any, parameters: Any = None) -> None:
    """Run a statement with one change of threads instead of four: each costs more than most queries do."""
    if cursor.server_side:
        _execute_in_steps(cursor, operation, parameters)
        return
    connection = cursor._connection

    def work() -> tuple[Any, ...]:
        inner = connection._conn.execute(operation, () if parameters is None else parameters)
        try:
            rows = inner.fetchall() if inner.description else ()
            return inner.description, inner.lastrowid, inner.rowcount, rows
        finally:
            inner.close()

    try:
        description, lastrowid, rowcount, rows = cursor.await_(connection._execute(work))
    except Exception as error:  # argilla-server's SQLAlchemy sorts them all, as it does in its own
        cursor._adapt_connection._handle_exception(error)
        return
    cursor.description = description
    if description:
        cursor.lastrowid = cursor.rowcount = -1
        cursor._rows = deque(rows)
    else:
        cursor.lastrowid, cursor.rowcount = lastrowid, rowcount
