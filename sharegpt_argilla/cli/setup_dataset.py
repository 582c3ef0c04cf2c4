"""Build accounts, workspace, dataset and guidelines on an Argilla, as dataset-config.yml describes them.

What exists already is not changed; a dataset that differs from the file is refused with the difference.
"""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.printing import tell, warn
from sharegpt_argilla.config import DEFAULT_CONFIG
from sharegpt_argilla.workflows.setup_dataset import SetupSummary, setup_dataset

SUMMARY = SetupSummary
EXAMPLE = "sharegpt-argilla setup-dataset --config dataset-config.yml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_config(parser)
    add_people(parser)
    parser.add_argument("--update-guidelines", action="store_true", help="upload guidelines that changed since")
    parser.add_argument("--dry-run", action="store_true", help="say what would be made, make nothing")


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the project file."""
    parser.add_argument("--config", default=DEFAULT_CONFIG, help="the project file (%(default)s)")


def add_people(parser: argparse.ArgumentParser) -> None:
    """Add the option that names a CSV of people."""
    parser.add_argument("--people", metavar="CSV", help="people in place of those in the project file")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    summary = setup_dataset(
        arguments.config,
        people=arguments.people,
        update=arguments.update_guidelines,
        dry_run=arguments.dry_run,
    )
    warn(summary.warnings)
    tell(summary, describe(summary, dry_run=arguments.dry_run))
    return 0


def describe(summary: SetupSummary, *, dry_run: bool = False) -> str:
    """One line on what was made."""
    where = f'dataset "{summary.dataset}" in workspace "{summary.workspace}" at {summary.url}'
    if not summary.created:
        return f"{where}: all there, nothing changed"
    made = ", ".join(summary.created)
    if dry_run:
        return f"{where}: would make {made}"
    accounts = any(item.startswith("account ") for item in summary.created)
    return f"{where}: made {made}" + (f"; passwords in {summary.credentials}" if accounts else "")
