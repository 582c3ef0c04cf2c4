"""Write a training set from annotated rows, in the layout that a trainer reads.

Rows that nobody answered are left out, and rows that at least as many people discarded as submitted; nothing
else is unless you ask. A filter on a question takes no row on which that question is open. A conversation is
whole or not there: one annotated turn that is left out takes the others with it. Splits part neither a
conversation nor prompts that differ in case, spacing or punctuation only.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping

from sharegpt_argilla.cli.printing import note, progress, show, tell
from sharegpt_argilla.common.plurals import numbered
from sharegpt_argilla.training.base import Flat
from sharegpt_argilla.training.examples import NO_CONFIDENCE
from sharegpt_argilla.training.splits import DEFAULT_SEED
from sharegpt_argilla.training.table import FORMATS
from sharegpt_argilla.workflows.training import TOOL_FORMAT, TOOL_USE, Selection, TrainingSummary, training

SUMMARY = TrainingSummary
MORE_KEYS = {"sample": "the first training row, in a dry run; else null"}
EXAMPLE = "sharegpt-argilla training annotated.jsonl --format alpaca -o alpaca.json --min-quality 5"
LARGE_FAMILY = 0.1
"""Share of the units in one family from which a split may miss its size visibly."""
NAMED_SESSIONS = 3
"""Mixed sessions that the summary names; the others are counted."""

_HINTS = {NO_CONFIDENCE: " (run export-responses with `export: {confidence: true}`)"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("annotated", metavar="ANNOTATED", help="what export-responses wrote; - is standard input")
    formats = "; ".join(f"{name} ({layout.title})" for name, layout in FORMATS.items())
    parser.add_argument("--format", required=True, metavar="FORMAT", help=f"the layout: {formats}")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="OUT",
        help="file, - for standard output, or a folder for the format datasets",
    )
    add_selection(parser)
    add_splits(parser)
    _add_card(parser)
    parser.add_argument("--config", metavar="FILE", help="the project file (dataset-config.yml if it is here)")
    parser.add_argument("--dry-run", action="store_true", help="count, print the first row, write nothing")


def add_selection(parser: argparse.ArgumentParser, title: str = "which rows") -> None:
    """Add the options that choose rows, under that title."""
    add = parser.add_argument_group(title).add_argument
    add("--min-quality", type=float, metavar="N", help='least rating of the question "quality"')
    add("--intent", type=_words, default=[], metavar="A,B", help="labels of which a row has at least one")
    add("--toxicity", type=_words, default=[], metavar="A,B", help="labels that a row may have, and no other")
    add("--annotators", type=_words, default=[], metavar="A,B", help="only what these people said counts")
    add("--agreement", type=float, metavar="N", help="least mean agreement, 0 to 1, where two people answered")
    add("--min-responses", type=int, default=0, metavar="N", help="least number of submitted responses")
    add("--min-confidence", type=float, metavar="N", help="least probability of the values, 0 to 1")
    add("--ties", choices=["keep", "drop"], default="keep", help="rows with even votes (%(default)s)")
    add("--discarded", action="store_true", help="take rows that people discarded too")
    add("--unannotated", action="store_true", help="take rows that nobody answered too")
    add("--rank-by", metavar="QUESTION", help="the rating that tells better answers from worse (quality)")
    add("--good", type=float, metavar="N", help="rating from which kto says true (above the scale's middle)")


def read_selection(arguments: argparse.Namespace) -> Selection:
    """What the options of ``add_selection`` say."""
    return Selection(
        min_quality=arguments.min_quality,
        intents=arguments.intent,
        toxicity=arguments.toxicity,
        annotators=arguments.annotators,
        agreement=arguments.agreement,
        min_responses=arguments.min_responses,
        ties=arguments.ties,
        unannotated=arguments.unannotated,
        discarded=arguments.discarded,
        rank_by=arguments.rank_by,
        good=arguments.good,
        min_confidence=arguments.min_confidence,
    )


def names() -> dict[str, list[str]]:
    """What options may be, for completion in a shell."""
    return {"format": list(FORMATS)}


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    with progress("rows", arguments.annotated) as advance:
        summary = training(
            arguments.annotated,
            arguments.format,
            arguments.output,
            selection=read_selection(arguments),
            split=arguments.split,
            seed=arguments.seed,
            config=arguments.config,
            licence=arguments.licence,
            push=arguments.push_to_hub,
            private=arguments.private,
            dry_run=arguments.dry_run,
            on_progress=advance,
        )
    if arguments.dry_run and summary.sample is not None:
        show(json.dumps(summary.sample, ensure_ascii=False))
    if summary.largest_family > LARGE_FAMILY:
        note(f"{summary.largest_family:.0%} of them share conversations or equal prompts and stay in one split")
    for line in warnings(summary, arguments.format):
        note(line)
    # What people wrote is printed only where it was asked for.
    sample = summary.sample if arguments.dry_run else None
    tell(summary, describe(summary, dry_run=arguments.dry_run), sample=sample)
    return 1 if summary.unreadable or not sum(summary.written.values()) else 0


def describe(summary: TrainingSummary, *, dry_run: bool = False) -> str:
    """The counts as one line."""
    parts = [f"{numbered(sum(summary.written.values()), 'training rows')} from {numbered(summary.rows, 'rows')}"]
    parts += [f"{count:,} {why}{_HINTS.get(why, '')}" for why, count in sorted(summary.left_out.items()) if count]
    parts += [_mixed(summary.mixed)] if summary.mixed else []
    parts += [numbered(summary.repeated, "rows there twice")] if summary.repeated else []
    parts += [numbered(summary.unreadable, "lines that are no row")] if summary.unreadable else []
    return f"{', '.join(parts)} -> {_where(summary, dry_run=dry_run)}"


def warnings(summary: TrainingSummary, layout: str) -> list[str]:
    """What the training rows lack of their conversations, a line each."""
    flat: Flat | None = getattr(FORMATS[layout], "flat", None)
    total = numbered(sum(summary.written.values()), "training rows")
    lines = [
        f"warning: {count:,} of {total} lack the {what} of their conversation; --format {instead} writes "
        + ("them" if what == TOOL_USE else "it")
        for what, count in summary.dropped.items()
        if count and (instead := TOOL_FORMAT if what == TOOL_USE else flat and flat.instead)
    ]
    if summary.headless:
        count = numbered(summary.headless, "conversations")
        lines.append(f"warning: {count} without the first turn in the input, going out from the middle")
    return lines


def _mixed(sessions: Mapping[str, int]) -> str:
    named = ", ".join(list(sessions)[:NAMED_SESSIONS])
    others = f" and {len(sessions) - NAMED_SESSIONS:,} more" if len(sessions) > NAMED_SESSIONS else ""
    count = numbered(sum(sessions.values()), "rows with the session")
    return f"{count} and turn of another (session {named}{others})"


def _where(summary: TrainingSummary, *, dry_run: bool) -> str:
    counts = ", ".join(f"{name} {count:,}" for name, count in summary.written.items() if name)
    if not sum(summary.written.values()):
        return "nothing written, as no row is left"
    if dry_run:
        return f"nothing written (dry run{': ' + counts if counts else ''})"
    files = ["standard output"] if summary.outputs == ["-"] else summary.outputs
    where = ", ".join([*files, *([summary.hub] if summary.hub else [])])
    described = f", described in {', '.join(summary.trainer_configs)}" if summary.trainer_configs else ""
    return f"{where} ({counts}){described}" if counts else f"{where}{described}"


def add_splits(parser: argparse.ArgumentParser) -> None:
    """Add the options that split."""
    add = parser.add_argument_group("splits").add_argument
    add("--split", metavar="NAME=SHARE,…", help="train=0.9,test=0.1; a file for each, out-train.jsonl and so on")
    add("--seed", type=int, default=DEFAULT_SEED, metavar="N", help="of the splits (%(default)s)")


def _add_card(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("the format datasets").add_argument
    add("--licence", default="", metavar="ID", help="of the corpus, for the dataset card, as in cc0-1.0")
    add("--push-to-hub", metavar="OWNER/NAME", help="send it to the Hugging Face Hub as well; HF_TOKEN signs in")
    add("--private", action="store_true", help="make the repository there private")


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
