"""How far people agree: Krippendorff's alpha, Cohen's kappa, each person against the rest, label distributions,
pace and the most disputed records, from the rows that export-responses wrote.

Every coefficient has the number of records behind it and, if they are enough, a 95 % interval.
"""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.printing import counted, note, progress, show, tell
from sharegpt_argilla.cli.setup_dataset import add_config
from sharegpt_argilla.responses.agreement_report import render_text
from sharegpt_argilla.responses.working_time import read_length
from sharegpt_argilla.workflows.report_agreement import AgreementReport, report_agreement

SUMMARY = AgreementReport
EXAMPLE = "sharegpt-argilla report-agreement annotated.jsonl --html agreement.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("rows", metavar="ROWS", help="rows from export-responses; - is standard input")
    add_config(parser)
    add_json(parser)
    parser.add_argument("--html", metavar="FILE", help="write it as one HTML page with charts")
    parser.add_argument(
        "--datasheet",
        metavar="FILE",
        help="write the page about the data set that a paper or a Hub card needs: Markdown, or LaTeX for .tex",
    )
    parser.add_argument(
        "--idle",
        default="5m",
        metavar="5m",
        help="pauses between submissions up to this always count as work (5m)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option in place of the one that every command has: here it may name a file too."""
    parser.add_argument(
        "--json",
        metavar="FILE",
        nargs="?",
        const=True,
        help="write the report as JSON; without FILE to standard output, and nothing else",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    json_file = None if arguments.json is True else arguments.json
    with progress("rows", arguments.rows) as advance:
        report = report_agreement(
            arguments.rows,
            arguments.config,
            json_file=json_file,
            html_file=arguments.html,
            datasheet=arguments.datasheet,
            idle=read_length(arguments.idle),
            on_progress=advance,
        )
    if not report["annotated"]:
        note(
            f"{arguments.rows}: nobody has answered a row of it, nothing to compare; export-responses adds answers"
        )
    elif "-" not in {json_file, arguments.html, arguments.datasheet}:
        show(render_text(dict(report)).removesuffix("\n"))
    written = " and ".join(file for file in (json_file, arguments.html, arguments.datasheet) if file)
    text = counted(
        (report["annotated"], f"of {report['rows']:,} rows annotated"),
        (report["unreadable"], "lines that are no row, left out"),
    )
    tell(report, f"{text} -> {written}" if written else text)
    return 1 if report["unreadable"] or not report["annotated"] else 0
