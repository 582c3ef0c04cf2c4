"""Serve a real Argilla from this machine: server, user interface, worker and search, no Docker.

Listens on 127.0.0.1 only, unless --host says otherwise. The first start makes an owner with a random password.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

from sharegpt_argilla.argilla_plugin.team_options import IDLE_SECONDS, checked_idle
from sharegpt_argilla.cli.printing import note, tell
from sharegpt_argilla.embedded_argilla.processes.launcher import ServerInfo
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.settings import DEFAULT_PORT, Home, default_home
from sharegpt_argilla.workflows.serve import serve

SUMMARY = ServerInfo
EXAMPLE = "sharegpt-argilla serve --port 6900"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--base-url", default="/", help="path under which a proxy shows it (%(default)s)")
    parser.add_argument(
        "--behind-proxy",
        action="store_true",
        help="a proxy on this machine tells people's addresses by X-Forwarded-For",
    )
    parser.add_argument(
        "--active-time",
        type=_idle,
        nargs="?",
        const=IDLE_SECONDS,
        metavar="SECONDS",
        help="measure the time people spend on records and questions, and tell them on the page; pauses longer "
        f"than SECONDS do not count ({IDLE_SECONDS:g})",
    )
    parser.add_argument(
        "--open-queue",
        action="store_true",
        help="do not enforce a dataset's plan: every record is in everybody's queue",
    )
    parser.add_argument(
        "--processes",
        type=int,
        metavar="N",
        help="server processes that answer, each on a core of its own (WEB_CONCURRENCY, else 1)",
    )
    add_place(parser)


def _idle(seconds: str) -> float:
    try:
        return checked_idle(seconds)
    except UsageError as error:
        raise argparse.ArgumentTypeError(f"{seconds}: {error}") from error


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the embedded Argilla listens and keeps its data."""
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen on (%(default)s)")
    parser.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        help="folder for its data (ARGILLA_HOME_PATH, else ~/.sharegpt-argilla)",
    )


def home_of(arguments: argparse.Namespace) -> Home:
    """The home folder that the options name."""
    return Home(arguments.home) if arguments.home else default_home()


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    return serve(
        host=arguments.host,
        port=arguments.port,
        home=home_of(arguments),
        base_url=arguments.base_url,
        open_queue=arguments.open_queue,
        active_time=arguments.active_time,
        behind_proxy=arguments.behind_proxy,
        processes=arguments.processes,
        on_ready=_announce,
    )


def _announce(server: ServerInfo) -> None:
    tell(
        server,
        f"Argilla answers at {server.api_url}; sign in as {server.username}, "
        f"passwords in {server.home.credentials}. Ctrl-C stops it.",
    )
    if server.home != default_home():
        note(f"Other commands find it with {same_command(server.home)} ...")


def same_command(home: Home, folder: Path = Path()) -> str:
    """How to call this program again so that it finds this home folder.

    Args:
        home: the home folder.
        folder: from where it is called.
    """
    program = Path(sys.argv[0])
    command = os.path.relpath(program, folder) if program.parent != Path() else str(program)
    elsewhere = home != default_home()
    return f"ARGILLA_HOME_PATH={shlex.quote(str(home.path))} {command}" if elsewhere else command
