"""A plan as argilla-server's database has it: who is assigned to a record, and which datasets have one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argilla_server.models import MetadataProperty

from sharegpt_argilla.common.contract_keys import ASSIGNED_TO

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


def assigned_people(metadata: Mapping[str, Any] | None) -> set[str]:
    """The usernames that a record is assigned to; none if the metadata does not say."""
    names = (metadata or {}).get(ASSIGNED_TO) or []
    return {names} if isinstance(names, str) else {str(name) for name in names}


async def is_planned(db: AsyncSession, dataset_id: UUID) -> bool:
    """Whether a dataset has a plan; read from the database once in a session."""
    planned: dict[UUID, bool] = db.info.setdefault(is_planned, {})
    if dataset_id not in planned:
        plan = await MetadataProperty.get_by(db, name=ASSIGNED_TO, dataset_id=dataset_id)
        planned[dataset_id] = plan is not None
    return planned[dataset_id]
