"""How far people agree: Krippendorff's alpha, Cohen's kappa, each person against the rest, label distributions,
pace and the most disputed records, from the rows that export-responses wrote.

Every coefficient has the number of records behind it and, if they are enough, a 95 % interval.
"""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.printing import counted, note, progress
from sharegpt_argilla.cli.setup_dataset import add_config
from sharegpt_argilla.responses.agreement_report import render_text
from sharegpt_argilla.responses.working_time import read_length
from sharegpt_argilla.workflows.report_agreement import report_agreement

EXAMPLE = "sharegpt-argilla report-agreement annotated.jsonl --html agreement.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("rows", metavar="ROWS", help="rows from export-responses; - is standard input")
    add_config(parser)
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON")
    parser.add_argument("--html", metavar="FILE", help="write it as one HTML page with charts")
    parser.add_argument(
        "--idle", default="5m", metavar="5m", help="longer pauses between submissions do not count as work (5m)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    with progress("rows") as advance:
        report = report_agreement(
            arguments.rows,
            arguments.config,
            json_file=arguments.json,
            html_file=arguments.html,
            idle=read_length(arguments.idle),
            on_progress=advance,
        )
    if "-" not in {arguments.json, arguments.html}:
        print(render_text(dict(report)), end="")
    written = " and ".join(file for file in (arguments.json, arguments.html) if file)
    text = counted(
        (report["annotated"], f"of {report['rows']:,} rows annotated"),
        (report["unreadable"], "lines that are no row, left out"),
    )
    note(f"{text} -> {written}" if written else text)
    return 1 if report["unreadable"] else 0
