"""Makes the embedded Argilla follow a plan: annotators see and answer what is assigned to them, and no more.

The search engine does it for queues and searches; here is the rest, in argilla-server itself. Owners and admins,
and datasets without a plan, are as argilla-server has them.
"""

from __future__ import annotations

import logging
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from argilla_server.api.policies.v1 import RecordPolicy, is_authorized
from argilla_server.contexts import datasets as dataset_context
from argilla_server.errors import ForbiddenOperationError
from argilla_server.models import Response
from argilla_server.security.authentication import provider
from sqlalchemy.orm.attributes import set_committed_value

from sharegpt_argilla.argilla_plugin import completion
from sharegpt_argilla.argilla_plugin.assigned_people import assigned_people, is_planned
from sharegpt_argilla.argilla_plugin.current_annotator import Annotator, note_annotator
from sharegpt_argilla.argilla_plugin.speedups import KNOWN_VERSION, Replacement
from sharegpt_argilla.argilla_plugin.team_options import OPEN_QUEUE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from argilla_server.models import Dataset, Record, User
    from sqlalchemy.ext.asyncio import AsyncSession

_LOG = logging.getLogger(__name__)


@runtime_checkable
class CountsOwnRecords(Protocol):
    """A search engine that knows plans."""

    async def count_own_records(self, dataset: Dataset, annotator: Annotator) -> int | None:
        """How many records of a dataset are an annotator's; None where the dataset has no plan."""


def follow_plans(environ: Mapping[str, str], installed: str | None = None) -> bool:
    """Let this process, server or worker, follow plans; False where they are not enforced, with a log line.

    Args:
        environ: may hold `OPEN_QUEUE`.
        installed: the version of argilla-server, by default that of the installed one.
    """
    installed = version("argilla-server") if installed is None else installed
    if environ.get(OPEN_QUEUE) == "1":
        _LOG.info("the queue is open: plans are not enforced, because %s is 1", OPEN_QUEUE)
        return False
    if installed != KNOWN_VERSION:
        _LOG.warning("plans are not enforced: argilla-server is %s, this is for %s", installed, KNOWN_VERSION)
        return False
    for replacement in replacements():
        setattr(*replacement)
    return True


def replacements() -> list[Replacement]:
    """All that is replaced."""
    return [
        *completion.replacements(),
        Replacement(provider, "set_request_user", note_annotator),
        Replacement(dataset_context, "get_user_dataset_metrics", _own_metrics),
        Replacement(RecordPolicy, "get", _policy(_may_get)),
        Replacement(RecordPolicy, "create_response", _policy(_may_answer)),
        Replacement(RecordPolicy, "get_suggestions", _policy(_may_see_suggestions)),
    ]


_get = RecordPolicy.get
_create_response = RecordPolicy.create_response
_get_suggestions = RecordPolicy.get_suggestions
_metrics = dataset_context.get_user_dataset_metrics


def _policy(decide: Callable[[User, Record], Awaitable[bool]]) -> staticmethod[..., Any]:
    """A policy in argilla-server's form: called with the record, it gives what is called with the person."""

    def policy(record: Record) -> Callable[[User], Awaitable[bool]]:
        return lambda actor: decide(actor, record)

    return staticmethod(policy)


async def _may_answer(actor: User, record: Record) -> bool:
    return await _create_response(record)(actor) and await _check_assigned(actor, record)


async def _may_see_suggestions(actor: User, record: Record) -> bool:
    return await _get_suggestions(record)(actor) and await _check_assigned(actor, record)


async def _may_get(actor: User, record: Record) -> bool:
    """Of what argilla-server shows of a record, an annotator gets their own response and no hidden metadata."""
    if not (await _get(record)(actor) and await _check_assigned(actor, record)):
        return False
    if actor.is_annotator and await is_planned(actor.current_async_session, record.dataset_id):
        await record.dataset.awaitable_attrs.metadata_properties
        metadata = {
            name: value
            for name, value in (record.metadata_ or {}).items()
            if await is_authorized(actor, RecordPolicy.get_metadata(record, name))
        }
        own = [response for response in record.responses if response.user_id == actor.id]
        # "Committed": it is shown so, and stays in the database as it is.
        set_committed_value(record, "metadata_", metadata)
        set_committed_value(record, "responses", own)
    return True


async def is_assigned(db: AsyncSession, user: User, record: Record) -> bool:
    """Whether a record is for a person: its dataset has no plan, it is assigned to them, they answered it once,
    or they are no annotator."""
    if not user.is_annotator or not await is_planned(db, record.dataset_id):
        return True
    if user.username in assigned_people(record.metadata_):
        return True
    return await Response.get_by(db, record_id=record.id, user_id=user.id) is not None


async def _check_assigned(actor: User, record: Record) -> bool:
    if not await is_assigned(actor.current_async_session, actor, record):
        raise ForbiddenOperationError(f"record {record.id} is not assigned to {actor.username}")
    return True


async def _own_metrics(db: AsyncSession, search_engine: Any, user: User, dataset: Dataset) -> dict[str, int]:
    """A person's progress in a dataset; of an annotator with a plan the total is what is theirs."""
    found: dict[str, int] = await _metrics(db, search_engine, user, dataset)
    if not (user.is_annotator and isinstance(search_engine, CountsOwnRecords)) or dataset.is_draft:
        return found
    total = await search_engine.count_own_records(dataset, Annotator(str(user.id), user.username))
    if total is None:
        return found
    answered = sum(found[status] for status in ("submitted", "discarded", "draft"))
    return {**found, "total": total, "pending": total - answered}
