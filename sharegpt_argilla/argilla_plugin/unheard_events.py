"""Events of records and responses are built only if an enabled webhook asks for them."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from argilla_server.models import Webhook
from argilla_server.webhooks.v1.enums import RecordEvent
from sqlalchemy import select

from sharegpt_argilla.argilla_plugin.base import Patch, Replacement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession


class UnheardEvent:
    """An event that no webhook asks for; it has the one method that argilla-server calls."""

    async def notify(self, _db: AsyncSession) -> list[Any]:
        """No jobs, which is what argilla-server's own event returns without a webhook."""
        return []


async def _heard(db: AsyncSession, *events: str) -> bool:
    """Whether a webhook asks for an event now. Read from the database in each transaction: all processes agree."""
    transaction, asked_for = db.info.get(_heard, (None, frozenset()))
    if transaction is None or transaction is not db.sync_session.get_transaction():
        asked_for = frozenset(chain(*await db.scalars(select(Webhook.events).where(Webhook.enabled))))
        db.info[_heard] = db.sync_session.get_transaction(), asked_for
    return not asked_for.isdisjoint(events)


def _if_heard(build: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def build_if_heard(db: AsyncSession, event: str, subject: Any) -> Any:
        return await build(db, event, subject) if await _heard(db, event) else UnheardEvent()

    return build_if_heard


def _notify_if_heard(notify: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    async def notify_if_heard(bulk: Any, records: list[Any]) -> None:
        if await _heard(bulk._db, RecordEvent.created, RecordEvent.updated):
            await notify(bulk, records)

    return notify_if_heard


PATCH = Patch(
    name="no event that nobody hears",
    owner="argilla-server",
    reason="an event costs seven queries and the whole dataset as JSON, also without any webhook",
    upstream="argilla-io/argilla: argilla_server/webhooks/v1/records.py, build_record_event",
    loss="records load more slowly",
    replaces=(
        Replacement("argilla_server.webhooks.v1.records:build_record_event", ("8bdd7be8fd715b8e",), _if_heard),
        Replacement("argilla_server.webhooks.v1.responses:build_response_event", ("a1ff561408f56533",), _if_heard),
        Replacement(
            "argilla_server.bulk.records_bulk:UpsertRecordsBulk._notify_upsert_record_events",
            ("31f61d3da0536001",),
            _notify_if_heard,
        ),
    ),
)
