"""Enforces a plan: annotators see and answer the records that are assigned to them, and no others.

The search engine filters queues and searches; this file changes the rest, in argilla-server. For owners and
admins, and for datasets without a plan, nothing changes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from sharegpt_argilla.argilla_plugin import current_annotator, elastic_queue, own_part, record_completion
from sharegpt_argilla.argilla_plugin.base import Patch, Replacement
from sharegpt_argilla.argilla_plugin.current_annotator import Annotator
from sharegpt_argilla.argilla_plugin.own_part import check_assigned
from sharegpt_argilla.argilla_plugin.team_options import OPEN_QUEUE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from argilla_server.models import Dataset, Record, User
    from sqlalchemy.ext.asyncio import AsyncSession

    Policy = Callable[[Record], Callable[[User], Awaitable[bool]]]
    """A policy of argilla-server: called with the record, it returns what is called with the person."""

_POLICY = "argilla_server.api.policies.v1.record_policy:RecordPolicy"
_LOG = logging.getLogger(__name__)


@runtime_checkable
class CountsOwnRecords(Protocol):
    """A search engine that knows plans."""

    async def count_own_records(self, dataset: Dataset, annotator: Annotator) -> int | None:
        """How many records of a dataset are an annotator's; None if the dataset has no plan."""


def follow_plans(environ: Mapping[str, str]) -> bool:
    """Enforce plans in this process, server or worker.

    Args:
        environ: may contain `OPEN_QUEUE`.

    Returns:
        False if plans are not enforced; the log then says why.
    """
    if environ.get(OPEN_QUEUE) == "1":
        _LOG.info("the queue is open: plans are not enforced, because %s is 1", OPEN_QUEUE)
        return False
    # Each by itself: without the second, answers are refused that people were offered; the capabilities say so.
    elastic_queue.PATCH.apply()
    return PATCH.apply()


def _if_assigned(policy: Policy) -> staticmethod[..., Any]:
    def policy_if_assigned(record: Record) -> Callable[[User], Awaitable[bool]]:
        async def is_allowed(actor: User) -> bool:
            return await policy(record)(actor) and await check_assigned(actor, record)

        return is_allowed

    return staticmethod(policy_if_assigned)


def _own_metrics(count: Callable[..., Awaitable[dict[str, int]]]) -> Callable[..., Awaitable[dict[str, int]]]:
    async def own_metrics(db: AsyncSession, search_engine: Any, user: User, dataset: Dataset) -> dict[str, int]:
        """A person's progress in a dataset; for an annotator with a plan the total counts their own records."""
        metrics = await count(db, search_engine, user, dataset)
        if not (user.is_annotator and isinstance(search_engine, CountsOwnRecords)) or dataset.is_draft:
            return metrics
        total = await search_engine.count_own_records(dataset, Annotator(str(user.id), user.username))
        if total is None:
            return metrics
        answered = sum(metrics[status] for status in ("submitted", "discarded", "draft"))
        return {**metrics, "total": total, "pending": total - answered}

    return own_metrics


PATCH = Patch(
    name="enforced plan",
    owner="argilla-server",
    reason="argilla-server gives every record of a dataset to every annotator of its workspace",
    upstream="https://github.com/argilla-io/argilla/issues/3361",
    loss="plans are not enforced",
    replaces=(
        *record_completion.REPLACEMENTS,
        *current_annotator.REPLACEMENTS,
        Replacement(
            "argilla_server.contexts.datasets:get_user_dataset_metrics", ("2de1890fa25852e4",), _own_metrics
        ),
        *own_part.REPLACEMENTS,
        Replacement(f"{_POLICY}.create_response", ("f74e58ed29c4293f",), _if_assigned),
        Replacement(f"{_POLICY}.get_suggestions", ("f8b866d281d63dd5",), _if_assigned),
    ),
    install=current_annotator.note_plans,
)
