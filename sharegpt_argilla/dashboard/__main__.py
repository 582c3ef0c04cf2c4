"""The dashboard's process: Streamlit with the options of ``workflows.dashboard``; ends with its parent process."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

from sharegpt_argilla.common.host_names import HostNames
from sharegpt_argilla.common.worker_processes import end_with
from sharegpt_argilla.dashboard.request_guards import guard_requests


def main() -> None:
    """Run Streamlit; arguments: a pipe that ends with the process that started this one, the address, options."""
    end_with(int(sys.argv[1]))
    # The SDK takes seconds to import; the first visitor should not wait for that.
    import_module("sharegpt_argilla.dashboard.team_page")
    import_module("sharegpt_argilla.dashboard.export_page")
    from streamlit.web.cli import main as streamlit  # noqa: PLC0415 - reads sys.argv of this process

    guard_requests(HostNames.of(os.environ, sys.argv[2]))
    sys.argv = ["streamlit", "run", str(Path(__file__).with_name("app.py")), *sys.argv[3:]]
    streamlit()


if __name__ == "__main__":
    main()
