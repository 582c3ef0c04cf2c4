"""Metadata that annotators may not see: they cannot read it, nor filter or sort by it.

argilla-server leaves hidden properties out of lists and searches, and refuses their counts. It filters and sorts
by them for everybody, and a record that is asked for by its id has all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argilla_server.errors.future import NotFoundError
from argilla_server.models import MetadataProperty

from sharegpt_argilla.argilla_plugin import current_annotator, own_part
from sharegpt_argilla.argilla_plugin.base import Patch, Replacement
from sharegpt_argilla.argilla_plugin.current_annotator import signed_in_annotator

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from argilla_server.models import Dataset
    from sqlalchemy.ext.asyncio import AsyncSession


def _if_visible(validate: Callable[..., Awaitable[None]]) -> staticmethod[..., Any]:
    async def validate_visible(db: AsyncSession, dataset: Dataset, filter_scope: Any) -> None:
        """Refuse a hidden property as one that does not exist."""
        await validate(db, dataset, filter_scope)
        name = filter_scope.metadata_property
        if signed_in_annotator() is None:
            return
        found = await MetadataProperty.get_by(db, name=name, dataset_id=dataset.id)
        if found is not None and not found.visible_for_annotators:
            raise NotFoundError(f"MetadataProperty not found filtering by name={name}, dataset_id={dataset.id}")

    return staticmethod(validate_visible)


PATCH = Patch(
    name="hidden metadata",
    owner="argilla-server",
    reason="whoever can filter by hidden metadata knows it, such as which records have a known answer",
    upstream="argilla-io/argilla: argilla_server/contexts/search.py, SearchRecordsQueryValidator",
    loss="annotators can filter by hidden metadata",
    replaces=(
        *current_annotator.REPLACEMENTS,
        *own_part.REPLACEMENTS,
        Replacement(
            "argilla_server.contexts.search:SearchRecordsQueryValidator._validate_metadata_filter_scope",
            ("f4c050cf58db359a",),
            _if_visible,
        ),
    ),
)
