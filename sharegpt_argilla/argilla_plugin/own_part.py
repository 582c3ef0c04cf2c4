"""What an annotator may see of a single record: no hidden metadata, and of a plan only what is theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argilla_server.api.policies.v1 import RecordPolicy, is_authorized
from argilla_server.errors import ForbiddenOperationError
from argilla_server.models import Response
from sqlalchemy.orm.attributes import set_committed_value

from sharegpt_argilla.argilla_plugin.assigned_people import assigned_people, is_planned
from sharegpt_argilla.argilla_plugin.base import Replacement
from sharegpt_argilla.argilla_plugin.current_annotator import plans_are_followed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from argilla_server.models import Record, User
    from sqlalchemy.ext.asyncio import AsyncSession

    Policy = Callable[[Record], Callable[[User], Awaitable[bool]]]
    """A policy of argilla-server: called with the record, it returns what is called with the person."""


async def is_assigned(db: AsyncSession, user: User, record: Record) -> bool:
    """Whether a person may work on a record.

    They may if they are no annotator, if the dataset has no plan, if the record is assigned to them, or if they
    answered it before.
    """
    if not user.is_annotator or not await is_planned(db, record.dataset_id):
        return True
    if user.username in assigned_people(record.metadata_):
        return True
    return await Response.get_by(db, record_id=record.id, user_id=user.id) is not None


async def check_assigned(actor: User, record: Record) -> bool:
    """True if a person may work on a record.

    Raises:
        ForbiddenOperationError: they may not; it says why.
    """
    if not await is_assigned(actor.current_async_session, actor, record):
        raise ForbiddenOperationError(f"record {record.id} is not assigned to {actor.username}")
    return True


def _own_part(policy: Policy) -> staticmethod[..., Any]:
    def policy_of_own_part(record: Record) -> Callable[[User], Awaitable[bool]]:
        async def is_allowed(actor: User) -> bool:
            if not await policy(record)(actor):
                return False
            if actor.is_annotator:
                # Before the metadata is hidden that says whose the record is.
                if plans_are_followed() and await check_assigned(actor, record):
                    await _hide_answers(actor, record)
                await _hide_metadata(actor, record)
            return True

        return is_allowed

    return staticmethod(policy_of_own_part)


async def _hide_metadata(actor: User, record: Record) -> None:
    """Reduce the metadata to what an annotator may see. "Committed": only the reply changes, not the database."""
    await record.dataset.awaitable_attrs.metadata_properties
    metadata = {
        name: value
        for name, value in (record.metadata_ or {}).items()
        if await is_authorized(actor, RecordPolicy.get_metadata(record, name))
    }
    set_committed_value(record, "metadata_", metadata)


async def _hide_answers(actor: User, record: Record) -> None:
    """Leave only the annotator's own response, if the dataset has a plan."""
    if await is_planned(actor.current_async_session, record.dataset_id):
        own = [response for response in record.responses if response.user_id == actor.id]
        set_committed_value(record, "responses", own)


REPLACEMENTS = (
    Replacement("argilla_server.api.policies.v1.record_policy:RecordPolicy.get", ("a9c5e5d962771dfa",), _own_part),
)
"""For the patches of the plan and of hidden metadata."""
