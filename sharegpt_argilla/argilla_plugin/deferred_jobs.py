"""Jobs for the worker that cannot be put into Redis now are kept and put there later.

argilla-server stores an answer, then tells the webhooks' queue, then the search index. Without this, a Redis that
is down while a webhook is enabled makes it stop in the middle: the answer is stored, the index never hears of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from argilla_server.jobs.dataset_jobs import update_dataset_records_status_job
from argilla_server.jobs.webhook_jobs import notify_event_job
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 10_000
"""Jobs of one kind that are kept in memory; what comes when so many wait is lost, with a line in the log."""

PAUSE = 1.0
"""Seconds between two tries. A Redis that died is up again within one."""

_LOG = logging.getLogger(__name__)


class DeferredJobs:
    """Stands for a job's ``delay``: the same call, which never fails for Redis and keeps the calls' order."""

    def __init__(self, enqueue: Callable[..., Any]) -> None:
        """``enqueue`` is the job's own ``delay``."""
        self._enqueue = enqueue
        self._waiting: deque[tuple[Any, ...]] = deque()
        self._task: asyncio.Task[None] | None = None

    def __call__(self, *arguments: Any) -> Any:
        """The job, or None when it has to wait. In a running event loop."""
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
            # At most so many at a time, since each is a call that the event loop waits for.
            for _ in range(min(100, len(self._waiting))):
                try:
                    self._enqueue(*self._waiting[0])
                except RedisError:
                    break
                self._waiting.popleft()
        _LOG.warning("Redis is back; no job waits any more")


def defer_jobs() -> None:
    """Keep the jobs whose number nobody asks for. For the server; a job of the worker is tried again by rq."""
    for job in (notify_event_job, update_dataset_records_status_job):
        job.delay = DeferredJobs(job.delay)
