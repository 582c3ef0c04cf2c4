"""Merge submitted responses back into the rows.

Row order is kept, rows that nobody answered keep their bytes, and the output appears whole or not at all.
"""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.printing import counted, note, progress
from sharegpt_argilla.cli.setup_dataset import add_config
from sharegpt_argilla.workflows.export_responses import ExportSummary, export_responses

EXAMPLE = "sharegpt-argilla export-responses rows.jsonl -o annotated.jsonl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("rows", metavar="ROWS", help="the rows that were loaded; - is standard input")
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="takes the merged rows; - is standard output"
    )
    add_config(parser)
    parser.add_argument("--dry-run", action="store_true", help="count, write nothing")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    with progress("rows") as advance:
        summary = export_responses(
            arguments.rows,
            arguments.output,
            arguments.config,
            dry_run=arguments.dry_run,
            on_progress=advance,
        )
    note(describe(summary))
    return 1 if summary.orphans or summary.unreadable else 0


def describe(summary: ExportSummary) -> str:
    """The counts as one line."""
    orphans = f"-> {summary.orphans_file}" if summary.orphans_file else "whose rows are not in the file"
    text = counted(
        (summary.annotated, f"of {summary.rows:,} rows annotated"),
        (summary.responses, "responses"),
        (summary.withdrawn, "answers withdrawn since"),
        (summary.repeated, "rows there twice"),
        (summary.unreadable, "lines that are no row, kept as they are"),
        (summary.orphans, f"answered records {orphans}"),
    )
    return f"{text} -> {summary.output}"
