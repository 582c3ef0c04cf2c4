"""Lets argilla-server reply for one record that has vectors.

Its ``GET /records/{id}`` loads the vectors but not their settings, whose name the reply needs, and fails (2.8.0,
on every database). Argilla's page sends it when somebody opens a link to the records that are similar to one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argilla_server.models import Vector
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from sharegpt_argilla.argilla_plugin.base import Patch, Replacement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession


def _with_settings(get: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def get_or_raise(db: AsyncSession, *arguments: Any, **options: Any) -> Any:
        record = await get(db, *arguments, **options)
        if record.is_relationship_loaded("vectors") and record.vectors:
            vectors = select(Vector).where(Vector.record_id == record.id)
            await db.execute(vectors.options(selectinload(Vector.vector_settings)))
        return record

    return staticmethod(get_or_raise)


PATCH = Patch(
    name="settings with vectors",
    owner="argilla-server",
    reason="the reply for a record with vectors fails, because the names of the vectors are not loaded",
    upstream="https://github.com/argilla-io/argilla/pull/5531, which fixed the same fault in other queries",
    loss="links to similar records do not work",
    replaces=(
        Replacement("argilla_server.models.database:Record.get_or_raise", ("1a9e0bc40e1441bf",), _with_settings),
    ),
)
