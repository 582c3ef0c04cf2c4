"""The worker child: the plug-in's worker, with the embedded search engine and SQLite's settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import sharegpt_argilla.embedded_argilla.engine  # noqa: F401 - registers the search engine
from sharegpt_argilla.argilla_plugin.job_worker import work_jobs
from sharegpt_argilla.embedded_argilla.server_database import share_database

if TYPE_CHECKING:
    from sharegpt_argilla.embedded_argilla.processes.child import ChildOptions


def run(_options: ChildOptions) -> None:
    """Work until SIGTERM."""
    share_database()
    work_jobs(os.environ)
