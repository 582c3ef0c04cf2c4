"""A worker for argilla-server's background jobs, such as recomputing statuses and sending webhooks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from argilla_server.jobs.queues import DEFAULT_QUEUE, HIGH_QUEUE, REDIS_CONNECTION
from redis import Redis
from rq import Worker

from sharegpt_argilla.argilla_plugin.table import patch_worker

if TYPE_CHECKING:
    from collections.abc import Mapping


def work_jobs(environ: Mapping[str, str]) -> None:
    """Work off the server's two queues until SIGTERM, with the plug-in's patches.

    rq forks a process for every job. Nothing may therefore open a database connection before the fork: each job
    then makes its own, on its own event loop, and one that crashes takes only itself along.

    Args:
        environ: as for `patch_worker`.
    """
    patch_worker(environ)
    if isinstance(REDIS_CONNECTION, Redis):
        # rq's scheduler and jobs are forks, with the worker's connections still open. A worker that is killed
        # would, for Redis, keep waiting for a job as long as they live, and the next job would be lost.
        os.register_at_fork(after_in_child=REDIS_CONNECTION.connection_pool.reset)
    # A job's description has its arguments: the token of an export to the Hub, people's texts for a webhook.
    worker = Worker([DEFAULT_QUEUE, HIGH_QUEUE], connection=REDIS_CONNECTION, log_job_description=False)
    # Without the scheduler a webhook that failed once would wait for its second try for ever.
    worker.work(with_scheduler=True, logging_level="INFO")
