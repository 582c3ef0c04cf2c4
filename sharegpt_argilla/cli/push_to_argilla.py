"""Set up the dataset where it is missing, then load the rows. Doing it again changes nothing."""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.load_records import add_load_arguments, enriching, report
from sharegpt_argilla.cli.printing import note, progress
from sharegpt_argilla.cli.setup_dataset import describe
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla

EXAMPLE = "sharegpt-argilla push-to-argilla rows.jsonl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_load_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    with progress("rows") as advance:
        setup, load = push_to_argilla(
            arguments.rows,
            arguments.config,
            rejects=arguments.rejects,
            dry_run=arguments.dry_run,
            on_progress=advance,
            enriching=enriching(arguments),
        )
    note(describe(setup, dry_run=arguments.dry_run))
    return report(load)
