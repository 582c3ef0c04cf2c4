"""Serve an Argilla, extract the examples, set up a dataset, load the rows, and stay up with the dashboard until
Ctrl-C.

The project is the new folder sharegpt-demo, and the server's data has a home folder of its own. Doing it again
finds everything done and adds nothing twice.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sharegpt_argilla.cli.load_records import describe as describe_load
from sharegpt_argilla.cli.printing import note, tell
from sharegpt_argilla.cli.serve import add_place, same_command
from sharegpt_argilla.cli.setup_dataset import describe
from sharegpt_argilla.settings import Home
from sharegpt_argilla.workflows.dashboard import DEFAULT_PORT as DASHBOARD_PORT
from sharegpt_argilla.workflows.demo import ANNOTATED, DemoSummary, demo

SUMMARY = DemoSummary
EXAMPLE = "sharegpt-argilla demo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_place(parser)
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="a project file (default: one of its own in sharegpt-demo)",
    )
    parser.add_argument(
        "--dashboard-port", type=int, default=DASHBOARD_PORT, help="port of the dashboard (%(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    note("starting Argilla (the first start takes a little longer) ...")
    return demo(
        _announce,
        port=arguments.port,
        home=Home(arguments.home) if arguments.home else None,
        config=arguments.config,
        dashboard_port=arguments.dashboard_port,
    )


def _announce(summary: DemoSummary) -> None:
    for line in (describe(summary.setup), *describe_load(summary.load)):
        note(line)
    url = summary.server.api_url
    dashboard = summary.dashboard or f"not running: {summary.no_dashboard}"
    sign_ins = ", or ".join(f"{name} / {password}" for name, password in reversed(summary.sign_ins.items()))
    folder = summary.rows.parent
    command = same_command(summary.server.home, folder)
    tell(
        summary,
        f"""
Argilla is running at {url}

  annotate   {url}/dataset/{summary.load.dataset_id}/annotation-mode
  dashboard  {dashboard}
  sign in    {sign_ins}
  export     in another terminal: cd {folder} && {command} export-responses {summary.rows.name} -o {ANNOTATED}
  stop       Ctrl-C; the same command resumes where this ends
""",
    )
