"""Give the records that people disagree on to reviewers, in a dataset of their own, with what people answered.

The section `adjudication` of dataset-config.yml names the reviewers, who alone see that dataset. What they answer
is final at the next export; the others' answers stay in the rows. Nothing is given to reviewers twice.
"""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.printing import counted, note, progress, show, tell
from sharegpt_argilla.cli.setup_dataset import add_config
from sharegpt_argilla.common.jsonl import DEFAULT_REJECTS
from sharegpt_argilla.workflows.adjudicate import AdjudicateOptions, AdjudicateSummary, adjudicate

SUMMARY = AdjudicateSummary
EXAMPLE = "sharegpt-argilla adjudicate annotated.jsonl --question intent --threshold 0.3 --dry-run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("annotated", metavar="ANNOTATED", help="rows as `export-responses` writes them")
    add_config(parser)
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="X",
        help="disagreement, 0 to 1, above which records are reviewed (default: the project's, 0.5)",
    )
    parser.add_argument(
        "--question",
        action="append",
        default=[],
        metavar="NAME",
        help="count disagreement on this question alone; may be given several times (default: the mean of all)",
    )
    parser.add_argument("--names", action="store_true", help="show reviewers who answered what")
    parser.add_argument(
        "--rejects", default=DEFAULT_REJECTS, metavar="FILE", help="takes rows that are refused (%(default)s)"
    )
    parser.add_argument("--dry-run", action="store_true", help="count only, make and send nothing")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    options = AdjudicateOptions(arguments.threshold, arguments.question, arguments.names, arguments.rejects)
    with progress("records") as bar:
        summary = adjudicate(
            arguments.annotated,
            arguments.config,
            options,
            dry_run=arguments.dry_run,
            on_progress=bar,
            on_total=bar.expect,
        )
    _report(summary, dry_run=arguments.dry_run)
    return 1 if summary.load.rejected else 0


def _report(summary: AdjudicateSummary, *, dry_run: bool) -> None:
    if summary.created:
        accounts = any(item.startswith("account ") for item in summary.created)
        sheet = f"; passwords in {summary.credentials}" if accounts and not dry_run else ""
        note(f"{'would make' if dry_run else 'made'} {', '.join(summary.created)}{sheet}")
    if summary.removed:
        note(f"{'would see' if dry_run else 'see'} it no more, being no reviewers: {', '.join(summary.removed)}")
    if summary.url:
        show(summary.url)
    tell(
        summary,
        f"{summary.disputed:,} of {summary.compared:,} rows disputed (above {summary.threshold:g}): "
        + counted(
            (summary.load.loaded, "would be given to reviewers" if dry_run else "given to reviewers"),
            (summary.load.updated, "updated"),
            (summary.load.unchanged, "there already"),
            (summary.reviewed, "decided"),
            (summary.load.rejected, f"rejected -> {summary.load.rejects}"),
        ),
    )
