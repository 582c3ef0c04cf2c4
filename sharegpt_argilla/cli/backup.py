"""Copy the embedded Argilla, running or not, to an archive (.tar.gz, .tgz) or a new folder.

It contains the database, the owner's file, the first passwords and the key that signs sign-ins: keep it as safe as
those. The search index is left out; it is rebuilt from the database.
"""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.printing import tell
from sharegpt_argilla.cli.serve import home_of
from sharegpt_argilla.cli.status import add_home
from sharegpt_argilla.common.plurals import numbered
from sharegpt_argilla.workflows.backup import BackupSummary, backup

SUMMARY = BackupSummary
EXAMPLE = "sharegpt-argilla backup argilla-backup.tar.gz"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("target", metavar="DIR|FILE", help="what takes the copy; it must not be there yet")
    add_home(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    summary = backup(arguments.target, home_of(arguments))
    tell(summary, f"{numbered(summary.records, 'records')}, {summary.size / 1e6:,.1f} MB -> {summary.target}")
    return 0
