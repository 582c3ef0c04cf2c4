"""Load rows as records: text metrics as metadata, earlier turns as context, checked before they are sent.

Rows that are on the server already are skipped, so the same command resumes a load that was cut off.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from sharegpt_argilla.cli.printing import counted, progress, tell, warn
from sharegpt_argilla.cli.setup_dataset import add_config
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.project.enrichers import EnrichOptions
from sharegpt_argilla.settings import default_cache
from sharegpt_argilla.workflows.load_records import DEFAULT_REJECTS, LoadSummary, load_records

SUMMARY = LoadSummary
EXAMPLE = "sharegpt-argilla load-records rows.jsonl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_load_arguments(parser)


def add_load_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that loading takes, here and in push-to-argilla."""
    parser.add_argument("rows", metavar="ROWS", help="rows as `extract` writes them; - is standard input")
    add_config(parser)
    parser.add_argument(
        "--rejects", default=DEFAULT_REJECTS, metavar="FILE", help="takes lines that cannot be used (%(default)s)"
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="processes that measure texts, and batches that are sent at a time (at most 4) (default: 1)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="Dask scheduler whose workers measure the texts and compute suggestions instead: tcp://host:8786",
    )
    parser.add_argument(
        "--no-cache", action="store_true", help="forget what former runs measured and asked, and keep nothing"
    )
    parser.add_argument("--dry-run", action="store_true", help="check and count, send nothing")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    with progress("rows", arguments.rows) as advance:
        summary = load_records(
            arguments.rows,
            arguments.config,
            rejects=arguments.rejects,
            dry_run=arguments.dry_run,
            on_progress=advance,
            enriching=enriching(arguments),
        )
    warn(summary.warnings)
    tell(summary, *describe(summary))
    return exit_code(summary)


def enriching(arguments: argparse.Namespace) -> EnrichOptions:
    """What the options say about processes and cache."""
    if arguments.workers < 1:
        raise UsageError(f"{arguments.workers} workers: at least one is needed")
    cache = None if arguments.no_cache else default_cache()
    return EnrichOptions(arguments.workers, cache, scheduler=arguments.scheduler)


def exit_code(summary: LoadSummary) -> int:
    """0; 1 when a row was rejected, or there was none."""
    rows = summary.loaded + summary.updated + summary.unchanged
    return 1 if summary.rejected or not rows else 0


def describe(summary: LoadSummary) -> Iterator[str]:
    """The lines that tell a person what was done; the counts are the last."""
    yield from summary.notes
    if summary.not_of_this_run:
        yield summary.not_of_this_run
    yield counted(
        (summary.loaded, "would be loaded" if summary.dry_run else "loaded"),
        (summary.updated, "updated"),
        (summary.rejected, f"rejected -> {summary.rejects}"),
        (summary.unchanged, "unchanged"),
        (summary.repeated, "repeated in the file"),
        (summary.without_context, "without context (their session and turn numbers repeat)"),
    )
    if not summary.rejected and not summary.loaded + summary.updated + summary.unchanged:
        yield "no row in it; give the rows that `extract` wrote"
