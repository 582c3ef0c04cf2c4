"""Say whether the embedded Argilla runs, where, and what it contains; the exit code is 1 when it does not run."""

from __future__ import annotations

import argparse
from pathlib import Path

from sharegpt_argilla.cli.printing import show, tell
from sharegpt_argilla.cli.serve import home_of
from sharegpt_argilla.embedded_argilla.server_status import ServerStatus
from sharegpt_argilla.workflows.status import status

SUMMARY = ServerStatus
EXAMPLE = "sharegpt-argilla status"


def add_home(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the home folder."""
    parser.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        help="folder of its data (ARGILLA_HOME_PATH, else ~/.sharegpt-argilla)",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_home(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    server = status(home_of(arguments))
    for name, text in _lines(server):
        show(f"{name:<9} {text}")
    tell(server)
    return 0 if server.running else 1


def _lines(server: ServerStatus) -> list[tuple[str, str]]:
    address = server.api_url + ("" if server.running or not server.api_url else " (when it ran last)")
    pids = ", ".join(f"{name} {pid}" for name, pid in server.pids.items())
    version = f"Argilla {server.version}" if server.version else "gives no answer" if server.running else ""
    lines = [
        ("server", "running" if server.running else "not running"),
        ("address", address),
        ("version", version),
        ("since", f"{server.since:%Y-%m-%d %H:%M:%S %z}" if server.since else ""),
        ("processes", pids),
        ("home", str(server.home.path)),
        ("records", "" if server.records is None else f"{server.records:,}"),
    ]
    return [(name, text) for name, text in lines if text]
