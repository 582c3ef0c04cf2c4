"""Lets argilla-server answer for one record that has vectors.

Its ``GET /records/{id}`` loads the vectors but not their settings, whose name the answer needs, and fails (2.8.0,
on every database). Argilla's page asks it when somebody opens a link to the records that are similar to one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argilla_server.models import Record, Vector
from sqlalchemy import select
from sqlalchemy.orm import selectinload

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_get_or_raise = Record.get_or_raise


def load_settings_with_vectors() -> None:
    """Whenever a record is got with its vectors, load their settings too."""

    async def get_or_raise(db: AsyncSession, *arguments: Any, **options: Any) -> Any:
        record = await _get_or_raise(db, *arguments, **options)
        if record.is_relationship_loaded("vectors") and record.vectors:
            vectors = select(Vector).where(Vector.record_id == record.id)
            await db.execute(vectors.options(selectinload(Vector.vector_settings)))
        return record

    Record.get_or_raise = get_or_raise
