"""Flag rows that are not worth an annotator's time, and leave out, fix or sample as asked.

Every check only flags: what it found is stored under `curation` in the row's extension, in Argilla as metadata.
Rows are left out for the checks named with --drop, and fixed by those named with --fix. docs/curation.md has all
checks, what they find in real data, and how often they are right.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from sharegpt_argilla.cli.printing import counted, progress, tell
from sharegpt_argilla.config import DEFAULT_CONFIG
from sharegpt_argilla.curation.checks.base import Options
from sharegpt_argilla.curation.checks.table import CHECKS
from sharegpt_argilla.curation.curation_report import report_lines
from sharegpt_argilla.curation.language_identifier import IDENTIFIERS
from sharegpt_argilla.curation.sampling import Stratum
from sharegpt_argilla.workflows.curate import CurateSummary, curate

SUMMARY = CurateSummary
MORE_KEYS = {"report": "all counts, as `--report` writes them, without the examples"}
EXAMPLE = "sharegpt-argilla curate rows.jsonl -o curated.jsonl --drop blank_answer duplicate --report report.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser the options of this command."""
    add = parser.add_argument
    add("rows", metavar="ROWS", help="rows file; - is standard input")
    add("-o", "--output", required=True, metavar="FILE", help="file to write; - is standard output")
    _add_checks(parser)
    _add_options(parser)
    _add_sampling(parser)
    add("--report", metavar="FILE", help="write the counts with examples: an HTML page, or JSON for .json")
    add("--rejects", metavar="FILE", help="file for lines that are not rows (rejected.jsonl next to the output)")
    add("--config", metavar="FILE", help=f"project file with a curation section ({DEFAULT_CONFIG} if it is here)")
    add("--workers", type=int, default=1, metavar="N", help="processes to share the work (default: 1)")
    add("--scheduler", metavar="ADDRESS", help="Dask scheduler that does the work instead: tcp://host:8786")
    add("--dry-run", action="store_true", help="check and count, write nothing")


def _add_checks(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("checks")
    checks = "; ".join(f"{name} ({check.message})" for name, check in CHECKS.items())
    extra = ", ".join(name for name, check in CHECKS.items() if check.optional)
    add = group.add_argument
    add("--check", nargs="+", default=[], metavar="ID", help=f"only these: {checks}. By default all but {extra}")
    add("--with", dest="also", nargs="+", default=[], metavar="ID", help="these too, such as names")
    add("--skip", nargs="+", default=[], metavar="ID", help="all but these")
    add("--drop", nargs="+", default=[], metavar="ID", help="leave out the rows that these flag")
    add("--fix", nargs="+", default=[], metavar="ID", help="let these fix what they find")
    add("--redact", action="store_true", help="put placeholders such as <EMAIL> for private data")


def _add_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what the checks go by")
    add = group.add_argument
    defaults = Options()
    add("--language", nargs="+", metavar="CODE", help="languages that are wanted, such as en; others are flagged")
    add("--identifier", choices=IDENTIFIERS, default="py3langid", help="what tells the language (%(default)s)")
    add("--similarity", type=float, metavar="S", help=f"of near duplicates, 0 to 1 ({defaults.similarity})")
    add("--toxicity", type=float, metavar="S", help=f"score above which a text is toxic ({defaults.toxicity})")
    add("--min-words", type=int, metavar="N", help=f"words that a prompt has at least ({defaults.min_words})")
    add("--spacy-model", metavar="NAME", help=f"pipeline that finds names ({defaults.spacy_model})")
    add("--detoxify-model", metavar="NAME", help=f"model or checkpoint of Detoxify ({defaults.detoxify_model})")
    add("--moderation-url", metavar="URL", help=f"moderation endpoint ({defaults.moderation_url})")
    add("--moderation-model", metavar="NAME", help=f"its model ({defaults.moderation_model})")


def _add_sampling(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("sample")
    add = group.add_argument
    add(
        "--sample", type=int, metavar="N", help="write N of the rows that are kept, the same ones on every machine"
    )
    add("--seed", type=int, default=42, metavar="N", help="another seed is another sample (%(default)s)")
    add("--stratify", choices=get_args(Stratum), help="as many rows of each language, model, length or flag")
    add("--diverse", action="store_true", help="prompts that are unlike one another")
    add("--first-turn", action="store_true", help="only the first pair of each conversation")


def names() -> dict[str, list[str]]:
    """What options may be, for completion in a shell."""
    return {option: list(CHECKS) for option in ("check", "skip", "drop", "fix")}


def run(arguments: argparse.Namespace) -> int:
    """Curate, then print what each check found and the counts on standard error.

    Returns:
        0; 1 when a line was rejected, or no row is left.
    """
    config = arguments.config or (DEFAULT_CONFIG if Path(DEFAULT_CONFIG).is_file() else None)
    thresholds = {
        "languages": tuple(arguments.language) if arguments.language else None,
        "identifier": arguments.identifier,
        **{
            name: getattr(arguments, name)
            for name in (
                "similarity",
                "toxicity",
                "min_words",
                "spacy_model",
                "detoxify_model",
                "moderation_url",
                "moderation_model",
            )
        },
    }
    with progress("rows", arguments.rows) as advance:
        summary = curate(
            arguments.rows,
            arguments.output,
            check=arguments.check,
            also=arguments.also,
            skip=arguments.skip,
            drop=arguments.drop,
            fix=arguments.fix,
            redact=arguments.redact,
            sample=arguments.sample,
            seed=arguments.seed,
            stratify=arguments.stratify,
            diverse=arguments.diverse,
            first_turn=arguments.first_turn,
            report=arguments.report,
            rejects=arguments.rejects,
            config=config,
            workers=arguments.workers,
            scheduler=arguments.scheduler,
            dry_run=arguments.dry_run,
            on_progress=advance,
            options={name: value for name, value in thresholds.items() if value is not None},
        )
    tell(summary, *report_lines(summary.report), *_describe(summary), report=_without_examples(summary.report))
    return 1 if summary.rejected or not summary.kept else 0


def _without_examples(report: Mapping[str, Any]) -> dict[str, Any]:
    """The counts alone: examples are people's words, which go to the file of --report."""
    checks = {
        name: {key: value for key, value in check.items() if key != "examples"}
        for name, check in report["checks"].items()
    }
    return {**report, "checks": checks}


def _describe(summary: CurateSummary) -> Iterator[str]:
    where = "nothing written (dry run)" if not summary.output else summary.output
    flagged = sum(1 for check in summary.report["checks"].values() if check["flagged"])
    counts = counted(
        (summary.kept, f"of {summary.rows:,} rows kept"),
        (summary.dropped, "dropped"),
        (summary.report["later_turns"], "later turns left out"),
        (flagged, "checks found something"),
    )
    rejects = f" -> {summary.rejects}; rows" if summary.rejects else ""
    yield f"{counts}, {summary.rejected:,} rejected{rejects} -> {'standard output' if where == '-' else where}"
