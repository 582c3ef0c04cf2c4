"""Stop the embedded Argilla as Ctrl-C in its terminal does, and wait until all of it has ended."""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.printing import tell
from sharegpt_argilla.cli.serve import home_of
from sharegpt_argilla.cli.status import add_home
from sharegpt_argilla.workflows.stop import stop

MORE_KEYS = {
    "home": "the home folder",
    "pid": "process id of the launcher that was stopped; null if none ran",
}
EXAMPLE = "sharegpt-argilla stop"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_home(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; it is no failure that nothing runs."""
    home = home_of(arguments)
    pid = stop(home)
    done = f"no Argilla runs on {home.path}" if pid is None else f"stopped process {pid} on {home.path}"
    tell({"home": home, "pid": pid}, done)
    return 0
