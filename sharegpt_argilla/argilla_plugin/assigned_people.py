"""A plan as argilla-server's database has it: who is assigned to a record, and which datasets have one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argilla_server.models import Dataset, MetadataProperty
from sqlalchemy import inspect
from sqlalchemy.orm.util import identity_key

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
    """Whether a dataset has a plan."""
    return await has_property(db, dataset_id, ASSIGNED_TO)


async def has_property(db: AsyncSession, dataset_id: UUID, name: str) -> bool:
    """Whether a dataset has a metadata property of this name; read from the database once in a session."""
    known: dict[tuple[UUID, str], bool] = db.info.setdefault(has_property, {})
    key = dataset_id, name
    if key not in known:
        names = _loaded_names(db, dataset_id)
        if names is None:
            known[key] = await MetadataProperty.get_by(db, name=name, dataset_id=dataset_id) is not None
        else:
            known[key] = name in names
    return known[key]


def _loaded_names(db: AsyncSession, dataset_id: UUID) -> set[str] | None:
    """The names of a dataset's metadata properties if the session has loaded them already."""
    dataset = db.sync_session.identity_map.get(identity_key(Dataset, dataset_id))
    if dataset is None or "metadata_properties" in inspect(dataset).unloaded:
        return None
    return {each.name for each in dataset.metadata_properties}
