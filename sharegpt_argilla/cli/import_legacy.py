"""Turn a FeedbackDataset of Argilla 1.x, as stored on the Hugging Face Hub, into annotated rows.

Fetch it first: `hf download OWNER/NAME --repo-type dataset --local-dir FOLDER`. Every response of every
person is kept, drafts and discards too, as are suggestions, metadata and external ids. Labels are spelt as in
dataset-config.yml: "unqualified advice" becomes unqualified_advice.
"""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.printing import counted, progress, tell
from sharegpt_argilla.workflows.import_legacy import ImportSummary, import_legacy

SUMMARY = ImportSummary
EXAMPLE = (
    "sharegpt-argilla import-legacy sharegpt-curation -o annotated.jsonl --write-config project/dataset-config.yml"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("folder", metavar="FOLDER", help="argilla.yaml with the records, Parquet or JSON Lines")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="rows file; - is standard output")
    parser.add_argument("--prompt", metavar="FIELD", help="field that is the question (prompt, else the first)")
    parser.add_argument("--response", metavar="FIELD", help="the field that is the answer (response, else none)")
    parser.add_argument("--dataset", metavar="NAME", help="what the rows call the dataset (the folder's name)")
    parser.add_argument(
        "--person",
        action="append",
        default=[],
        type=_person,
        metavar="ID=NAME",
        help="username of a 1.x user; once for each person",
    )
    parser.add_argument(
        "--write-config",
        metavar="FILE",
        help="write the same questions as a project file, guidelines.md next to it, for push-to-argilla",
    )
    parser.add_argument("--create-time", metavar="TIME", help='of the rows: "20230511 15:56:03" (default: now)')
    parser.add_argument("--dry-run", action="store_true", help="read and count, write nothing")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns 1 when a record was rejected."""
    with progress("records") as advance:
        summary = import_legacy(
            arguments.folder,
            arguments.output,
            prompt=arguments.prompt,
            response=arguments.response,
            dataset=arguments.dataset,
            people=dict(arguments.person),
            write_config=arguments.write_config,
            create_time=arguments.create_time,
            dry_run=arguments.dry_run,
            on_progress=advance,
        )
    tell(summary, describe(summary, dry_run=arguments.dry_run))
    return 1 if summary.rejected else 0


def describe(summary: ImportSummary, *, dry_run: bool = False) -> str:
    """The counts as one line."""
    rejects = f"rejected -> {summary.rejects}" if summary.rejects else "rejected"
    text = counted(
        (summary.rows, "rows"),
        (summary.annotated, "annotated"),
        (summary.responses, "responses"),
        (summary.suggestions, "suggestions"),
        (summary.rejected, rejects),
    )
    config = f", {summary.config}" if summary.config else ""
    return f"{text} -> {'nothing written (dry run)' if dry_run else summary.output}{config}"


def _person(text: str) -> tuple[str, str]:
    user, _, name = text.partition("=")
    if not user or not name:
        raise argparse.ArgumentTypeError(f'"{text}" is not of the form ID=NAME')
    return user, name
