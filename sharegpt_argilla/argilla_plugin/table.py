"""All patches of argilla-server and of the libraries below it, and what the server and the worker apply.

A patch is one file; the check of what it replaces is in `base`. Further changes replace nothing: response headers,
names of the server, sizes of requests (`security`), the scripts in the page (`page_script`), and the route that
tells all this (`capability_route`). `changed_server` puts all of them together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharegpt_argilla.argilla_plugin import (
    active_time_route,
    assigned_queue,
    deferred_jobs,
    deleted_accounts,
    elastic_queue,
    hidden_metadata,
    null_values,
    password_hashing,
    private_status,
    record_vectors,
    request_bodies,
    response_route,
    revoked_credentials,
    sign_in_limit,
    update_conflicts,
    webhook_pings,
)
from sharegpt_argilla.argilla_plugin.speedups import SPEEDUPS, apply_speedups

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sharegpt_argilla.argilla_plugin.base import Patch

_SERVER_ONLY = (
    deferred_jobs.PATCH,
    deleted_accounts.PATCH,
    hidden_metadata.PATCH,
    null_values.PATCH,
    password_hashing.PATCH,
    record_vectors.PATCH,
    private_status.PATCH,
    revoked_credentials.PATCH,
    update_conflicts.PATCH,
    webhook_pings.PATCH,
)

PATCHES: tuple[Patch, ...] = (
    assigned_queue.PATCH,
    elastic_queue.PATCH,
    *_SERVER_ONLY,
    active_time_route.PATCH,
    request_bodies.PATCH,
    response_route.PATCH,
    sign_in_limit.PATCH,
    *SPEEDUPS,
)
"""Each patch once. The last four before the speed-ups are applied where the application is wrapped."""


def patch_server(environ: Mapping[str, str]) -> None:
    """Apply what changes the server process: all that replaces code.

    Args:
        environ: may contain `speedups.SWITCH` and `team_options.OPEN_QUEUE`.
    """
    patch_worker(environ)
    for patch in _SERVER_ONLY:
        patch.apply()


def patch_worker(environ: Mapping[str, str]) -> None:
    """Apply what changes the worker process: speed-ups, and when a record of a plan is complete.

    Args:
        environ: as for `patch_server`.
    """
    apply_speedups(environ)
    assigned_queue.follow_plans(environ)
