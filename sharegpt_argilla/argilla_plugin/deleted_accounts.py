"""The responses of a deleted account leave the search index at once, and their records are offered again.

argilla-server deletes the responses with the account; search index and statuses stay as they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argilla_server.contexts import distribution
from argilla_server.models import Dataset, Record, Response
from argilla_server.search_engine import get_search_engine
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from sharegpt_argilla.argilla_plugin.base import Code, Patch, Replacement
from sharegpt_argilla.common.batching import batched

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from uuid import UUID

    from argilla_server.models import User
    from sqlalchemy.ext.asyncio import AsyncSession

BATCH = 200
"""Records that are loaded and indexed at a time, as in the repair of the index."""


def _with_records(_: Callable[..., Awaitable[User]]) -> Callable[..., Awaitable[User]]:
    async def delete_user(db: AsyncSession, user: User) -> User:
        """Delete an account and its responses; the statuses of their records change in the same transaction."""
        answered = await db.execute(
            select(Record.id, Record.dataset_id)
            .join(Response, Response.record_id == Record.id)
            .where(Response.user_id == user.id)
        )
        by_dataset: dict[UUID, list[UUID]] = {}
        for record_id, dataset_id in answered:
            by_dataset.setdefault(dataset_id, []).append(record_id)
        deleted: User = await user.delete(db, autocommit=False)
        await db.flush()
        for record_ids in by_dataset.values():
            for batch in batched(record_ids, BATCH):
                await distribution.unsafe_update_records_status(db, await _load(db, batch))
        await db.commit()
        await _index(db, by_dataset)
        return deleted

    return delete_user


async def _index(db: AsyncSession, by_dataset: dict[UUID, list[UUID]]) -> None:
    async for engine in get_search_engine():
        for dataset_id, record_ids in by_dataset.items():
            dataset = await Dataset.get_or_raise(db, dataset_id)
            for batch in batched(record_ids, BATCH):
                await engine.index_records(dataset, await _load(db, batch))


async def _load(db: AsyncSession, ids: Iterable[UUID]) -> list[Any]:
    """Records with the responses that are left, read anew."""
    query = select(Record).where(Record.id.in_(ids)).options(selectinload(Record.responses))
    return list((await db.scalars(query, execution_options={"populate_existing": True})).all())


PATCH = Patch(
    name="deleted accounts",
    owner="argilla-server",
    reason="the responses of a deleted account stay in the search index, and their records stay completed",
    upstream="argilla-io/argilla: argilla_server/contexts/accounts.py, delete_user",
    loss="responses of a deleted account are counted and found until the next start",
    replaces=(Replacement("argilla_server.contexts.accounts:delete_user", ("ddf2eb955c2619b9",), _with_records),),
    relies_on=(Code("argilla_server.contexts.distribution:unsafe_update_records_status", ("0cfdab04c2ed5b90",)),),
)
