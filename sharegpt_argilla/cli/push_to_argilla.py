"""Set up the dataset where it is missing, then load the rows. Doing it again changes nothing."""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.load_records import add_load_arguments, enriching, exit_code
from sharegpt_argilla.cli.load_records import describe as describe_load
from sharegpt_argilla.cli.printing import progress, tell, warn
from sharegpt_argilla.cli.setup_dataset import describe
from sharegpt_argilla.workflows.push_to_argilla import PushSummary, push_to_argilla

SUMMARY = PushSummary
EXAMPLE = "sharegpt-argilla push-to-argilla rows.jsonl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_load_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    with progress("rows", arguments.rows) as advance:
        summary = push_to_argilla(
            arguments.rows,
            arguments.config,
            rejects=arguments.rejects,
            dry_run=arguments.dry_run,
            on_progress=advance,
            enriching=enriching(arguments),
        )
    warn(summary.load.warnings)
    tell(summary, describe(summary.setup, dry_run=arguments.dry_run), *describe_load(summary.load))
    return exit_code(summary.load)
