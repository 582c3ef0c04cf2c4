"""Say whether the embedded Argilla runs, where it answers, and what it holds; exit code 1 when it does not run."""

from __future__ import annotations

import argparse
from pathlib import Path

from sharegpt_argilla.cli.serve import home_of
from sharegpt_argilla.embedded_argilla.server_status import ServerStatus
from sharegpt_argilla.workflows.status import status

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
    found = status(home_of(arguments))
    for name, text in _lines(found):
        print(f"{name:<9} {text}")
    return 0 if found.running else 1


def _lines(found: ServerStatus) -> list[tuple[str, str]]:
    address = found.api_url + ("" if found.running or not found.api_url else " (when it ran last)")
    pids = ", ".join(f"{name} {pid}" for name, pid in found.pids.items())
    version = f"Argilla {found.version}" if found.version else "gives no answer" if found.running else ""
    lines = [
        ("server", "running" if found.running else "not running"),
        ("address", address),
        ("version", version),
        ("since", f"{found.since:%Y-%m-%d %H:%M:%S %z}" if found.since else ""),
        ("processes", pids),
        ("home", str(found.home.path)),
        ("records", "" if found.records is None else f"{found.records:,}"),
    ]
    return [(name, text) for name, text in lines if text]
