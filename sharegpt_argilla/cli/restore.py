"""Put a backup of the embedded Argilla into a home folder that nobody serves."""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.printing import note, tell
from sharegpt_argilla.cli.serve import home_of
from sharegpt_argilla.cli.status import add_home
from sharegpt_argilla.common.plurals import numbered
from sharegpt_argilla.workflows.restore import RestoreSummary, restore

SUMMARY = RestoreSummary
EXAMPLE = "sharegpt-argilla restore argilla-backup.tar.gz --home restored"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("source", metavar="DIR|FILE|URL", help="what `backup` wrote")
    add_home(parser)
    parser.add_argument("--replace", action="store_true", help="move the content of the home folder aside first")
    parser.add_argument(
        "--missing-ok",
        action="store_true",
        help="do nothing if there is no backup yet; for the start of a container",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    summary = restore(
        arguments.source, home_of(arguments), replace=arguments.replace, missing_ok=arguments.missing_ok
    )
    if summary.missing:
        tell(summary, "there is no backup yet; nothing was restored")
        return 0
    tell(summary, f"{numbered(summary.records, 'records')} -> {summary.home.path}")
    if summary.aside is not None:
        note(f"what was there before is in {summary.aside}; remove it once you do not need it")
    return 0
