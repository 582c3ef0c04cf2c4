"""Serve an Argilla, extract examples/, set up the dataset, load the rows, and stay up with the dashboard until
Ctrl-C.

Doing it again finds everything in place and adds nothing twice.
"""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.load_records import report
from sharegpt_argilla.cli.printing import note
from sharegpt_argilla.cli.serve import add_place, home_of, same_command
from sharegpt_argilla.cli.setup_dataset import add_config, describe
from sharegpt_argilla.workflows.dashboard import DEFAULT_PORT as DASHBOARD_PORT
from sharegpt_argilla.workflows.demo import DemoSummary, demo

EXAMPLE = "sharegpt-argilla demo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_place(parser)
    add_config(parser)
    parser.add_argument(
        "--dashboard-port", type=int, default=DASHBOARD_PORT, help="port of the dashboard (%(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    note("starting Argilla (the first start takes a little longer) ...")
    return demo(
        _announce,
        port=arguments.port,
        home=home_of(arguments),
        config=arguments.config,
        dashboard_port=arguments.dashboard_port,
    )


def _announce(summary: DemoSummary) -> None:
    note(describe(summary.setup))
    report(summary.load)
    url = summary.server.api_url
    command = same_command(summary.server.home)
    dashboard = summary.dashboard or f"not running: {summary.no_dashboard}"
    note(
        f"""
Argilla is running at {url}

  accounts   {summary.server.home.credentials}
  annotate   sign in as ana and open {url}/dataset/{summary.load.dataset_id}/annotation-mode
  dashboard  {dashboard}
  export     in another terminal: {command} export-responses {summary.rows} -o annotated.jsonl
  stop       Ctrl-C; `make demo` again goes on where this ends
"""
    )
