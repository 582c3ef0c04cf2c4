"""Brings the statuses of records in line with the newest responses; the server does it at each start.

argilla-server commits a response and then, in a second transaction, the status of its record. A process that is
killed in between leaves a record pending that has all its answers; nobody is asked about it, and it is never
completed.
"""

from __future__ import annotations

from argilla_server.contexts import distribution
from argilla_server.database import AsyncSessionLocal
from argilla_server.models import Record, Response
from sqlalchemy import func, select

NEWEST = 1000
"""Records whose status is computed again: far more than a server can have been answering when it was killed."""


async def repair_statuses() -> int:
    """Compute the statuses of the newest answered records; the index follows when it is repaired.

    Returns:
        The number of records whose status was another.
    """
    newest = (
        select(Response.record_id)
        .group_by(Response.record_id)
        .order_by(func.max(Response.updated_at).desc())
        .limit(NEWEST)
    )
    async with AsyncSessionLocal() as db:
        records = list((await db.scalars(select(Record).where(Record.id.in_(newest)))).all())
        before = [record.status for record in records]
        await distribution.unsafe_update_records_status(db, records)
        await db.commit()
        return sum(record.status != status for record, status in zip(records, before, strict=True))
