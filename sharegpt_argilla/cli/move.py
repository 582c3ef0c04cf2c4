"""Copy accounts, workspaces, datasets, records, responses and suggestions from one Argilla to another.

Each side is an embedded one (--from-home, --to-home), or named by the environment: ARGILLA_API_URL and
ARGILLA_API_KEY for the source, SHAREGPT_ARGILLA_TARGET_URL and SHAREGPT_ARGILLA_TARGET_KEY for the target; owners'
keys. After an interruption, run the same command again to resume. Passwords cannot be read, so accounts get new
ones. Where the target completes records by another count than the source, the command says so and ends with 1.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sharegpt_argilla.cli.printing import counted, note, progress, tell, warn
from sharegpt_argilla.common.plurals import numbered
from sharegpt_argilla.settings import Home
from sharegpt_argilla.workflows.move import MovedDataset, MoveSummary, move

SUMMARY = MoveSummary
EXAMPLE = "sharegpt-argilla move --from-home old --to-home new"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--from-home", type=Path, metavar="DIR", help="home folder of the embedded Argilla to copy"
    )
    parser.add_argument("--to-home", type=Path, metavar="DIR", help="home folder of the one that takes the copy")
    parser.add_argument("--dry-run", action="store_true", help="look and count, send nothing")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; the exit code is 1 when the target lacks something in the end."""
    with progress("records") as bar:
        summary = move(
            Home(arguments.from_home) if arguments.from_home else None,
            Home(arguments.to_home) if arguments.to_home else None,
            dry_run=arguments.dry_run,
            on_progress=bar,
            on_total=bar.expect,
        )
    _report(summary)
    return 0 if summary.dry_run or summary.complete else 1


def _report(summary: MoveSummary) -> None:
    verb = "would be copied" if summary.dry_run else "copied"
    note(
        f"{summary.source} -> {summary.target}: {numbered(summary.users, 'accounts')}, "
        f"{numbered(summary.workspaces, 'workspaces')}, {numbered(len(summary.datasets), 'datasets')} {verb}"
    )
    if summary.made:
        note(
            f"new passwords of {numbered(len(summary.made), 'accounts')} are in {summary.credentials.credentials}"
        )
    warn(summary.warnings)
    for dataset in summary.datasets:
        note(_line(dataset, dry_run=summary.dry_run))
        for identifier, reason in dataset.refused.items():
            note(f"  refused {identifier}: {reason}")
    tell(summary)


def _line(dataset: MovedDataset, *, dry_run: bool) -> str:
    name = f"{dataset.workspace}/{dataset.name}"
    if dry_run:
        return f"{name}: {numbered(dataset.source['records'], 'records')}"
    # `Counter` gives 0 for what one side has none of.
    kinds = sorted({*dataset.source, *dataset.target} - {"records"})
    both = [f"{dataset.source[kind]:,} -> {numbered(dataset.target[kind], kind)}" for kind in ["records", *kinds]]
    verdict = "complete" if dataset.complete else "NOT COMPLETE"
    counts = counted(
        (dataset.sent, "sent now"),
        (dataset.without_times, "responses without times (no extra metadata is taken there)"),
        (dataset.other_status, "records with another status there"),
    )
    return f"{name}: {', '.join(both)}; {counts}; {verdict}"
