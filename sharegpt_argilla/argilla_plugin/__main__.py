"""``python -m sharegpt_argilla.argilla_plugin``: one worker for the jobs of a full stack.

Start as many as are needed.
"""

from __future__ import annotations

import os

from sharegpt_argilla.argilla_plugin.job_worker import work_jobs

if __name__ == "__main__":
    work_jobs(os.environ)
