"""Copy the embedded Argilla, running or not, to an archive (.tar.gz, .tgz), a new folder or a URL.

It contains the database, the owner's file, the first passwords and the key that signs sign-ins: keep it as safe as
those. The search index is left out; it is rebuilt from the database.
"""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.printing import tell
from sharegpt_argilla.cli.serve import home_of
from sharegpt_argilla.cli.service import log, run_service
from sharegpt_argilla.cli.status import add_home
from sharegpt_argilla.common.plurals import numbered
from sharegpt_argilla.workflows.backup import Backups, BackupSummary, backup

SUMMARY = BackupSummary
EXAMPLE = "sharegpt-argilla backup argilla-backup.tar.gz"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "target",
        metavar="DIR|FILE|URL",
        help="what takes the copy; it must not be there yet. A URL: s3://bucket/argilla.tar.gz, or "
        "hf://datasets/owner/name/argilla.tar.gz in a private repository",
    )
    parser.add_argument(
        "--every",
        metavar="5m",
        help="again and again into the same archive until SIGTERM or Ctrl-C, then once more",
    )
    add_home(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    if arguments.every is None:
        summary = backup(arguments.target, home_of(arguments))
        tell(summary, _line(summary))
        return 0
    backups = Backups(arguments.target, home_of(arguments))
    run_service(backups.make, arguments.every, _log)
    # What people did since the last one.
    _log(backups.make())
    return 0


def _log(summary: BackupSummary) -> None:
    if not summary.unchanged:
        log(_line(summary))
        tell(summary)


def _line(summary: BackupSummary) -> str:
    return f"{numbered(summary.records, 'records')}, {summary.size / 1e6:,.1f} MB -> {summary.target}"
