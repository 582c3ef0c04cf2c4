"""The dashboard's process: Streamlit with the options of ``workflows.dashboard``; ends with who started it."""

from __future__ import annotations

import os
import sys
import threading
from importlib import import_module
from pathlib import Path


def main() -> None:
    """Run Streamlit; the first argument is a pipe that ends with the process that started this one."""
    threading.Thread(target=_exit_at_end, args=(int(sys.argv[1]),), daemon=True).start()
    # The SDK and its libraries take seconds to import, which the first visitor need not wait for.
    import_module("sharegpt_argilla.dashboard.team_page")
    import_module("sharegpt_argilla.dashboard.export_page")
    from streamlit.web.cli import main as streamlit  # noqa: PLC0415 - reads sys.argv of this process

    sys.argv = ["streamlit", "run", str(Path(__file__).with_name("app.py")), *sys.argv[2:]]
    streamlit()


def _exit_at_end(descriptor: int) -> None:
    os.read(descriptor, 1)
    os._exit(1)


if __name__ == "__main__":
    main()
