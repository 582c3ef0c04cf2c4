"""Merge submitted responses back into the rows.

Row order is kept, rows that nobody answered keep their bytes, and the output appears whole or not at all.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from sharegpt_argilla.cli.printing import counted, note, progress, tell
from sharegpt_argilla.cli.service import log, run_service
from sharegpt_argilla.cli.setup_dataset import add_config
from sharegpt_argilla.cli.training import add_selection, add_splits, read_selection
from sharegpt_argilla.cli.training import describe as describe_training
from sharegpt_argilla.common.jsonl import STANDARD_STREAM
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.training.splits import parse_split
from sharegpt_argilla.training.table import FORMATS
from sharegpt_argilla.workflows.export_responses import (
    ExportOptions,
    ExportSummary,
    check_statuses,
    export_responses,
)
from sharegpt_argilla.workflows.training import TrainingSummary, check_formats, training

SUMMARY = ExportSummary
MORE_KEYS = {"training": "what `--training` wrote: format -> the keys of [training](#training)"}
EXAMPLE = "sharegpt-argilla export-responses rows.jsonl -o annotated.jsonl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("rows", metavar="ROWS", help="the rows that were loaded; - is standard input")
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="takes the merged rows; - is standard output"
    )
    add_config(parser)
    parser.add_argument(
        "--dataset",
        action="append",
        default=[],
        metavar="NAME",
        help="dataset, or workspace/dataset; several are joined (default: the configuration's)",
    )
    parser.add_argument(
        "--statuses", metavar="LIST", help="of submitted,draft,discarded; only submitted ones make values"
    )
    parser.add_argument("--since", metavar="TIME", help="only rows whose responses changed since are looked at")
    parser.add_argument(
        "--state", metavar="FILE", help="remember this export; the next looks only at what changed"
    )
    parser.add_argument("--every", metavar="15m", help="export again and again until SIGTERM or Ctrl-C")
    parser.add_argument("--dry-run", action="store_true", help="count, write nothing")
    parser.add_argument(
        "--training",
        action="append",
        default=[],
        metavar="FORMAT",
        help="write a training set next to the output too, as annotated-FORMAT (several times for several)",
    )
    add_selection(parser, "rows of the training set")
    add_splits(parser)


def names() -> dict[str, list[str]]:
    """What options may be, for completion in a shell."""
    return {"training": list(FORMATS)}


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    statuses = check_statuses(arguments.statuses.split(",")) if arguments.statuses else ()
    options = ExportOptions(arguments.dataset, statuses, arguments.since, arguments.state)
    export = partial(
        export_responses,
        arguments.rows,
        arguments.output,
        arguments.config,
        options,
        dry_run=arguments.dry_run,
    )
    write_training = _training_writer(arguments)
    if arguments.every is not None:
        return _run_periodically(arguments, export, write_training)
    with progress("rows", arguments.rows) as advance:
        summary = export(on_progress=advance)
    note(describe(summary, dry_run=arguments.dry_run))
    made = dict(write_training(summary))
    tell(summary, *map(describe_training, made.values()), training=_without_texts(made))
    whole = not any(training_set.unreadable for training_set in made.values())
    return 0 if whole and not summary.orphans and not summary.unreadable else 1


def _training_writer(
    arguments: argparse.Namespace,
) -> Callable[[ExportSummary], Iterator[tuple[str, TrainingSummary]]]:
    """What writes the training sets after an export; nothing where the rows are as they were at the one before."""
    targets = check_formats(arguments.training, arguments.output)
    selection = read_selection(arguments)
    if arguments.split:
        parse_split(arguments.split)
    written: set[str] = set()

    def write(summary: ExportSummary) -> Iterator[tuple[str, TrainingSummary]]:
        for name, target in targets.items():
            if not arguments.dry_run and (name not in written or summary.changed != 0):
                yield (
                    name,
                    training(
                        arguments.output,
                        name,
                        target,
                        selection=selection,
                        split=arguments.split,
                        seed=arguments.seed,
                        config=arguments.config,
                    ),
                )
                written.add(name)

    return write


def _without_texts(made: Mapping[str, TrainingSummary]) -> dict[str, TrainingSummary]:
    return {name: replace(training_set, sample=None) for name, training_set in made.items()}


def _run_periodically(
    arguments: argparse.Namespace,
    export: partial[ExportSummary],
    write_training: Callable[[ExportSummary], Iterator[tuple[str, TrainingSummary]]],
) -> int:
    if STANDARD_STREAM in {arguments.rows, arguments.output}:
        raise UsageError("--every needs files for rows and output, not standard input or output")

    def done(summary: ExportSummary) -> None:
        log(describe(summary, dry_run=arguments.dry_run))
        made = dict(write_training(summary))
        for training_set in made.values():
            log(describe_training(training_set))
        tell(summary, training=_without_texts(made))

    run_service(export, arguments.every, done)
    log("stopped")
    return 0


def describe(summary: ExportSummary, *, dry_run: bool = False) -> str:
    """The counts as one line."""
    orphans = (
        f"-> {summary.orphans_file}" if summary.orphans_file and not dry_run else "whose rows are not in the file"
    )
    text = counted(
        (summary.annotated, f"of {summary.rows:,} rows annotated"),
        (summary.responses, "responses"),
        (summary.changed or 0, "rows changed since the last export"),
        (summary.withdrawn, "answers withdrawn since"),
        (summary.repeated, "rows there twice"),
        (summary.unreadable, "lines that are no row, kept as they are"),
        (summary.orphans, f"answered records {orphans}"),
    )
    gone = f"; {summary.stale} of an earlier run removed, there is no orphan any more" if summary.stale else ""
    damaged = f"; {summary.damaged_state} was damaged, so every row was looked at" if summary.damaged_state else ""
    return f"{text} -> {'nothing written (dry run)' if dry_run else summary.output}{gone}{damaged}"
