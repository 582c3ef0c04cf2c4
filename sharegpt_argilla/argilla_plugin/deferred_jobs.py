"""Jobs for the worker that Redis does not take now are kept and handed over later.

argilla-server stores an answer, then hands over a job for the webhooks, then updates the search index. If Redis is
down while a webhook is enabled, it stops in the middle: the answer is stored, and the index does not have it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from sharegpt_argilla.argilla_plugin.base import Code, Patch, Replacement

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 10_000
"""Jobs of one kind that are kept in memory; further ones are lost, with a line in the log."""

PAUSE = 1.0
"""Seconds between two tries. A Redis that died is up again within one."""

BATCH = 100
"""Jobs that are handed over between two pauses: the event loop waits for each of them."""

_LOG = logging.getLogger(__name__)


class DeferredJobs:
    """Replaces a job's ``delay``: the same call, which never fails because of Redis and keeps the calls' order."""

    def __init__(self, enqueue: Callable[..., Any]) -> None:
        """``enqueue`` is the job's own ``delay``."""
        self._enqueue = enqueue
        self._waiting: deque[tuple[Any, ...]] = deque()
        self._task: asyncio.Task[None] | None = None

    def __call__(self, *arguments: Any) -> Any:
        """Hand a job over; needs a running event loop. Returns the job, or None if it has to wait."""
        if not self._waiting:
            try:
                return self._enqueue(*arguments)
            except RedisError as error:
                _LOG.warning("Redis cannot be reached (%s); jobs for the worker wait", type(error).__name__)
        if len(self._waiting) >= MOST:
            _LOG.error("%d jobs wait for Redis; one more is lost", MOST)
            return None
        self._waiting.append(arguments)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._hand_over())
        return None

    async def _hand_over(self) -> None:
        while self._waiting:
            await asyncio.sleep(PAUSE)
            for _ in range(min(BATCH, len(self._waiting))):
                try:
                    self._enqueue(*self._waiting[0])
                except RedisError:
                    break
                except Exception as error:  # of this one job: those behind it must not wait for ever
                    # Only the type: the message may quote the job, and with it people's texts.
                    _LOG.error("a job that waited for Redis is lost: %s", type(error).__name__)
                self._waiting.popleft()
        _LOG.warning("Redis is back; no job waits any more")


PATCH = Patch(
    name="jobs wait for Redis",
    owner="argilla-server",
    # Only the jobs whose id nobody needs. The worker needs no such thing: rq tries a failed job again.
    reason="an answer that is stored while Redis is down would be missing in the search index",
    upstream="argilla-io/argilla: argilla_server/jobs/webhook_jobs.py, notify_event_job",
    loss="answers during an outage of Redis may be missing in the search index until the next start",
    replaces=(
        Replacement(
            "argilla_server.jobs.webhook_jobs:notify_event_job.delay", ("993f21307e397c06",), DeferredJobs
        ),
        Replacement(
            "argilla_server.jobs.dataset_jobs:update_dataset_records_status_job.delay",
            ("26d8cbd3c75608f9",),
            DeferredJobs,
        ),
    ),
    relies_on=(Code("rq.decorators:job.__call__", ("b473cf9f46bca087",)),),
)
