"""Make a new dataset with other questions or labels and copy records and responses of an old one into it.

Argilla freezes questions and labels when a dataset is published. Give dataset-config.yml a new `dataset:` name and
the questions as they shall be; --map names a YAML that says what becomes of what is gone:

  questions: {intent: {code: coding, old: null}}   old label -> new one, null for none
  names: {topic: intent, remarks: null}            old question -> new one, null for none

The old dataset stays as it is. After an interruption, run the same command again to resume.
"""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.printing import counted, note, progress, tell
from sharegpt_argilla.cli.setup_dataset import add_config
from sharegpt_argilla.common.plurals import numbered
from sharegpt_argilla.workflows.migrate import MigrationSummary, migrate

SUMMARY = MigrationSummary
EXAMPLE = "sharegpt-argilla migrate sharegpt-prompts --config new-config.yml --map labels.yml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("source", metavar="DATASET", help="the old dataset, or workspace/dataset")
    add_config(parser)
    parser.add_argument("--map", metavar="FILE", help="what becomes of questions and labels that are gone")
    parser.add_argument("--dry-run", action="store_true", help="check and count, make and send nothing")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; the exit code is 1 when the new dataset lacks something in the end."""
    with progress("records") as bar:
        summary = migrate(
            arguments.source,
            arguments.config,
            arguments.map,
            dry_run=arguments.dry_run,
            on_progress=bar,
            on_total=bar.expect,
        )
    _report(summary)
    return 0 if summary.dry_run or summary.complete else 1


def _report(summary: MigrationSummary) -> None:
    for identifier, reason in summary.refused.items():
        note(f"refused {identifier}: {reason}")
    kinds = sorted({*summary.wanted, *summary.there} - {"records", "suggestions", "vectors"})
    if summary.dry_run:
        both = [numbered(summary.wanted[kind], kind) for kind in ["records", *kinds]]
        verdict = "nothing sent"
    else:
        both = [
            f"{summary.wanted[kind]:,} -> {numbered(summary.there[kind], kind)}" for kind in ["records", *kinds]
        ]
        verdict = "complete" if summary.complete else "NOT COMPLETE"
    counts = counted(
        (summary.sent, "records sent now"),
        (summary.reopened, "submitted responses are drafts again"),
        (summary.dropped, "answers dropped"),
    )
    tell(summary, f"{summary.source} -> {summary.target}: {', '.join(both)}; {counts}; {verdict}")
