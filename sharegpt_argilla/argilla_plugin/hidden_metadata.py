"""Metadata that annotators may not see: they cannot read it, nor filter or sort by it.

argilla-server leaves hidden properties out of lists and searches, and refuses their counts. It filters and sorts
by them for everybody, and a record that is asked for by its id has all of them. A personal link filters by its
own person, which tells nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argilla_server.api.schemas.v1.records import MetadataFilterScope
from argilla_server.errors.future import NotFoundError
from argilla_server.models import MetadataProperty

from sharegpt_argilla.argilla_plugin import current_annotator, own_part
from sharegpt_argilla.argilla_plugin.base import Patch, Replacement
from sharegpt_argilla.argilla_plugin.current_annotator import signed_in_annotator
from sharegpt_argilla.common.contract_keys import ASSIGNED_RANK, ASSIGNED_TO

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from argilla_server.api.schemas.v1.records import SearchRecordsQuery
    from argilla_server.models import Dataset
    from sqlalchemy.ext.asyncio import AsyncSession


def _visible_only(validate: Callable[..., Awaitable[None]]) -> classmethod[Any, ..., Any]:
    async def validate_visible(_cls: Any, db: AsyncSession, dataset: Dataset, query: SearchRecordsQuery) -> None:
        """Refuse a hidden property as one that does not exist."""
        await validate(db, dataset, query)
        if (annotator := signed_in_annotator()) is None:
            return
        for name in _names(query, annotator.username):
            asked_for = await MetadataProperty.get_by(db, name=name, dataset_id=dataset.id)
            if asked_for is not None and not asked_for.visible_for_annotators:
                raise NotFoundError(
                    f"MetadataProperty not found filtering by name={name}, dataset_id={dataset.id}"
                )

    return classmethod(validate_visible)


def _names(query: SearchRecordsQuery, username: str) -> Iterator[str]:
    """The properties that a query asks for, without those of a personal link: own records, by rank."""
    filters = query.filters.and_ if query.filters else []
    others = [each.scope for each in filters if not _is_own(each, username)]
    free = {ASSIGNED_RANK} if len(others) < len(filters) else set()
    for scope in others:
        yield from _name(scope)
    for order in query.sort or []:
        yield from (name for name in _name(order.scope) if name not in free)


def _is_own(condition: Any, username: str) -> bool:
    return list(_name(condition.scope)) == [ASSIGNED_TO] and getattr(condition, "values", None) == [username]


def _name(scope: Any) -> Iterator[str]:
    if isinstance(scope, MetadataFilterScope):
        yield scope.metadata_property


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
            "argilla_server.contexts.search:SearchRecordsQueryValidator.validate",
            ("9fe4bb3200b9b70f",),
            _visible_only,
        ),
    ),
)
