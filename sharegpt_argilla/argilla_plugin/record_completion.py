"""When a record of a planned dataset is complete: once all the people assigned to it have answered.

argilla-server knows one number of submitted responses for a whole dataset. Here each record has its own people.
A discard is an answer too, but a record that everybody discarded stays pending, as it does in argilla-server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argilla_server.contexts import distribution
from argilla_server.enums import RecordStatus, ResponseStatus
from argilla_server.models import Response, User
from sqlalchemy import select

from sharegpt_argilla.argilla_plugin.assigned_people import assigned_people, is_planned
from sharegpt_argilla.argilla_plugin.base import Replacement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from argilla_server.models import Record
    from sqlalchemy.ext.asyncio import AsyncSession

_ANSWERED = (ResponseStatus.submitted, ResponseStatus.discarded)


def _by_plan(update_by_number: Callable[..., Awaitable[Record]]) -> Callable[..., Awaitable[Record]]:
    async def update_status(db: AsyncSession, record: Record) -> Record:
        """Set the status of a record whose dataset and submitted responses are loaded."""
        assigned = assigned_people(record.metadata_)
        if not assigned or not await is_planned(db, record.dataset_id):
            return await update_by_number(db, record)
        # Most records that are loaded or assigned anew have no answer yet and cost no query.
        complete = bool(record.responses_submitted) and assigned <= await _people_who_answered(db, record)
        record.status = RecordStatus.completed if complete else RecordStatus.pending
        return await record.save(db, autocommit=False)

    return update_status


async def _people_who_answered(db: AsyncSession, record: Record) -> set[str]:
    answered = (Response.record_id == record.id, Response.status.in_(_ANSWERED))
    return set(
        await db.scalars(select(User.username).join(Response, Response.user_id == User.id).where(*answered))
    )


def _with_status(update: Callable[..., Awaitable[Record]]) -> Callable[..., Awaitable[Record]]:
    async def update_record(db: AsyncSession, search_engine: Any, record: Record, change: Any) -> Record:
        """Change a record; if that assigns it to others, update its status, which argilla-server would not do."""
        before = assigned_people(record.metadata_)
        changed = await update(db, search_engine, record, change)
        if assigned_people(changed.metadata_) != before and await is_planned(db, changed.dataset_id):
            await distribution.update_record_status(search_engine, changed.id)
            await db.refresh(changed, attribute_names=["status", "updated_at"])
        return changed

    return update_record


REPLACEMENTS = (
    Replacement(
        "argilla_server.contexts.distribution:_update_record_status_with_overlap_strategy",
        ("37e80d63a85a043f",),
        _by_plan,
    ),
    Replacement("argilla_server.contexts.records:update_record", ("15f22b05a5311e4a",), _with_status),
)
"""The part of the enforced plan that concerns statuses; the worker needs it too."""
