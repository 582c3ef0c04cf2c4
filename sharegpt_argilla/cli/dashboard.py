"""Serve the dashboard: the team's progress, everybody's own page, the corpus, the export.

People sign in with their own Argilla account. An owner, or an admin of the workspace, sees everything; an
annotator sees the own numbers. The Argilla is the one that the other commands use.
"""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.printing import tell
from sharegpt_argilla.cli.setup_dataset import add_config
from sharegpt_argilla.responses.working_time import read_length
from sharegpt_argilla.workflows.dashboard import DEFAULT_PORT, DashboardOptions, dashboard

MORE_KEYS = {"url": "its address; printed when it is ready"}
EXAMPLE = "sharegpt-argilla dashboard --rows rows.jsonl --annotated annotated.jsonl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_config(parser)
    parser.add_argument(
        "--rows", default="", metavar="FILE", help="the rows that were loaded, for Corpus and Export"
    )
    parser.add_argument(
        "--annotated",
        default="",
        metavar="FILE",
        help="the last export, which Export compares with (need not exist)",
    )
    parser.add_argument(
        "--refresh", default="30s", metavar="30s", help="how often an open page looks again (%(default)s)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen on (%(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    options = DashboardOptions(
        arguments.config, arguments.rows, arguments.annotated, read_length(arguments.refresh)
    )
    return dashboard(
        options,
        host=arguments.host,
        port=arguments.port,
        on_ready=lambda url: tell({"url": url}, f"The dashboard is at {url}. Ctrl-C stops it."),
    )
