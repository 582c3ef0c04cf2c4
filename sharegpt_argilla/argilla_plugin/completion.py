"""When a record of a planned dataset is complete: once all the people assigned to it have answered.

argilla-server knows one number of submitted responses for a whole dataset. Here each record has its own people.
A discard is an answer too, but a record that everybody discarded stays pending, as it does in argilla-server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argilla_server.contexts import distribution
from argilla_server.contexts import records as record_context
from argilla_server.enums import RecordStatus, ResponseStatus
from argilla_server.models import Response, User
from sqlalchemy import select

from sharegpt_argilla.argilla_plugin.assigned_people import assigned_people, is_planned
from sharegpt_argilla.argilla_plugin.speedups import Replacement

if TYPE_CHECKING:
    from argilla_server.models import Record
    from sqlalchemy.ext.asyncio import AsyncSession

_ANSWERED = (ResponseStatus.submitted, ResponseStatus.discarded)

_update_status_by_number = distribution._update_record_status_with_overlap_strategy
_update_record = record_context.update_record


def replacements() -> list[Replacement]:
    """What makes argilla-server, and its worker, follow the plan."""
    return [
        Replacement(distribution, "_update_record_status_with_overlap_strategy", _update_status_by_plan),
        Replacement(record_context, "update_record", _update_record_and_status),
    ]


async def _update_status_by_plan(db: AsyncSession, record: Record) -> Record:
    """The status of a record whose dataset and submitted responses are loaded."""
    assigned = assigned_people(record.metadata_)
    if not assigned or not await is_planned(db, record.dataset_id):
        return await _update_status_by_number(db, record)
    # Most records that are loaded or assigned anew have no answer yet and cost no query.
    complete = bool(record.responses_submitted) and assigned <= await _people_who_answered(db, record)
    record.status = RecordStatus.completed if complete else RecordStatus.pending
    return await record.save(db, autocommit=False)


async def _people_who_answered(db: AsyncSession, record: Record) -> set[str]:
    answered = (Response.record_id == record.id, Response.status.in_(_ANSWERED))
    return set(
        await db.scalars(select(User.username).join(Response, Response.user_id == User.id).where(*answered))
    )


async def _update_record_and_status(db: AsyncSession, search_engine: Any, record: Record, update: Any) -> Record:
    """Change a record; where that assigns it to others, argilla-server would not look at its status."""
    before = assigned_people(record.metadata_)
    changed = await _update_record(db, search_engine, record, update)
    if assigned_people(changed.metadata_) != before and await is_planned(db, changed.dataset_id):
        await distribution.update_record_status(search_engine, changed.id)
        await db.refresh(changed, attribute_names=["status", "updated_at"])
    return changed
