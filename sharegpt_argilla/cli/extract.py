"""Turn raw chat corpora into rows, one question with its answer per line.

A file says by its content what it is: a JSON array, JSON Lines, objects one after the other, parquet or plain
text, compressed with gzip or zstd or not. A record that cannot be used goes to the rejects file with its file and
line and the reason; the others are still written. An interrupted run resumes when the same command is run again.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

from sharegpt_argilla.cli.printing import Progress, progress, shows_progress, tell
from sharegpt_argilla.common.plurals import numbered
from sharegpt_argilla.corpora.detection import AUTO
from sharegpt_argilla.corpora.formats.base import Options, Ranking
from sharegpt_argilla.corpora.formats.question_answer import parse_columns
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.rows import Profile
from sharegpt_argilla.workflows.extract import ExtractSummary, extract, input_size

SUMMARY = ExtractSummary
EXAMPLE = "sharegpt-argilla extract examples/sharegpt_vicuna.json -m vicuna -o rows.jsonl"

SALT = "SHAREGPT_ARGILLA_SALT"
"""Environment variable with the key for pseudonyms; without it nothing is kept that would need one."""

_NAMED = 5
"""Skipped files and inputs that are named."""
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser the options of this command."""
    _add_input(parser.add_argument)
    _add_output(parser.add_argument)
    _add_work(parser.add_argument)


class _ModelHelp(str):
    """The help of --model, made when it is shown: the list asks every installed package for plug-ins."""

    __slots__ = ()

    def __mod__(self, values: object) -> str:
        corpora = ", ".join(f"{name} ({corpus.title})" for name, corpus in CORPORA.items())
        return f"the corpus, or auto to tell by the content: {corpora}" % values


def _add_input(add: Callable[..., object]) -> None:
    add(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="file, folder, pattern, URL (s3://..., https://...), - for standard input, or a data set: hf://owner/name",
    )
    add("-m", "--model", required=True, metavar="MODEL", help=_ModelHelp("the corpus"))
    columns = "columns of a flat table: question=query,answer=response; also system, session, turn, context"
    add("--columns", type=_columns, default={}, metavar="NAMES", help=columns)
    line = "start at line N of each file, row N of a parquet file (default: 1)"
    add("-l", "--start-line", type=int, default=1, metavar="N", help=line)
    add("--split", default="train", metavar="NAME", help="split of data sets of the Hub (default: train)")
    add("--keep-origin", action="store_true", help="keep where messages came from, for corpora that know it")
    tools = "keep definitions, calls and results of tools (messages, vicuna and gpt4), for training"
    add("--keep-tools", action="store_true", help=tools)
    add(
        "--ranking",
        choices=get_args(Ranking),
        default="order",
        help="what ranking numbers mean: completions from best to worst (order, default) or their ranks (rank)",
    )


def _add_output(add: Callable[..., object]) -> None:
    add("-o", "--output", metavar="FILE", help="rows file, URL, or -; default: shareGPT_MODEL_TIME.jsonl here")
    size = "start a new file before one grows beyond this: 512M, 1G, bytes (K, M, G are powers of 1000)"
    add("-s", "--max-size", type=parse_size, metavar="SIZE", help=size)
    add("--create-time", metavar="TIME", help='for rows without a time: "20230511 15:56:03" (default: now)')
    add("--profile", default="mnbvc-2023", metavar="NAME", help="mnbvc-2023 (default) or mnbvc-2025")
    rejects = "file for what cannot be used (default: rejected.jsonl next to the output)"
    add("--rejects", metavar="FILE", help=rejects)
    add("--dry-run", action="store_true", help="read and count, write nothing")


def _add_work(add: Callable[..., object]) -> None:
    add("--workers", type=int, default=1, metavar="N", help="processes to share the work (default: 1)")
    add("--scheduler", metavar="ADDRESS", help="Dask scheduler that does the work instead: tcp://host:8786")
    add("--restart", action="store_true", help="discard what an unfinished run left, and begin again")


def names() -> dict[str, list[str]]:
    """What options may be, for completion in a shell."""
    return {"model": [AUTO, *CORPORA], "profile": list(get_args(Profile))}


def run(arguments: argparse.Namespace) -> int:
    """Extract, then print what was rejected and the counts on standard error.

    Returns:
        0; 1 when something was rejected.
    """
    options = Options(
        arguments.keep_origin,
        arguments.ranking,
        os.environ.get(SALT) or None,
        arguments.columns,
        keep_tools=arguments.keep_tools,
    )
    with _progress(arguments.inputs) as advance:
        summary = extract(
            arguments.inputs,
            arguments.model,
            arguments.output,
            create_time=arguments.create_time,
            profile=arguments.profile,
            start_line=arguments.start_line,
            max_size=arguments.max_size,
            rejects=arguments.rejects,
            dry_run=arguments.dry_run,
            split=arguments.split,
            options=options,
            workers=arguments.workers,
            scheduler=arguments.scheduler,
            restart=arguments.restart,
            on_progress=advance,
        )
    tell(summary, *describe(summary))
    return 1 if summary.counts.rejected else 0


def _columns(text: str) -> dict[str, str]:
    try:
        return parse_columns(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def parse_size(text: str) -> int:
    """``512M`` as a number of bytes.

    Raises:
        argparse.ArgumentTypeError: the text is no size.
    """
    upper = text.strip().upper().removesuffix("B")
    unit = upper[-1:] if upper[-1:] in _UNITS else ""
    digits = upper.removesuffix(unit)
    if not (digits.isascii() and digits.isdigit() and int(digits)):
        raise argparse.ArgumentTypeError(f'"{text}" is not a size such as 512M')
    return int(digits) * _UNITS[unit]


def describe(summary: ExtractSummary) -> Iterator[str]:
    """The lines that tell a person what was done: rejects, then the counts."""
    fate = f"the record went to {summary.rejects}" if summary.rejects else "the record would be rejected"
    for rejection in summary.first_rejections:
        yield f"{rejection.file}:{rejection.line}: {rejection.reason}; {fate}"
    hidden = summary.counts.rejected - len(summary.first_rejections)
    if hidden:
        yield f"... and {hidden:,} more"
    if summary.not_of_this_run:
        yield summary.not_of_this_run
    if summary.resumed:
        yield f"{summary.resumed:,} of {summary.shards:,} shards were done by an earlier run"
    if summary.skipped:
        shown = [f"{Path(name).name} ({why})" for name, why in list(summary.skipped.items())[:_NAMED]]
        more = f" … and {len(summary.skipped) - _NAMED:,} more" if len(summary.skipped) > _NAMED else ""
        yield f"skipped {numbered(len(summary.skipped), 'files')}: {', '.join(shown)}{more}"
    if not summary.outputs and summary.first_id:
        yield f"id of the first row: {summary.first_id}"
    yield _counts(summary)


def _counts(summary: ExtractSummary) -> str:
    counts = summary.counts
    rows, conversations = numbered(summary.rows, "rows"), numbered(counts.conversations, "conversations")
    parts = [
        f"{rows} from {conversations}{_read_as(summary)}",
        f"{counts.unanswered:,} unanswered",
    ]
    others = (
        (counts.stitched, "pairs", "stitched"),
        (counts.answers_joined, "answers", "joined"),
        (counts.answers_dropped, "answers", "without a question dropped"),
        (counts.answers_blank, "blank answers", "ignored"),
        (counts.questions_blank, "blank questions", "dropped"),
        (counts.renamed, "conversations", "with an id that another has"),
    )
    parts += [f"{numbered(number, what)} {fate}" for number, what, fate in others if number]
    parts += [f"{numbered(number, what)} left out" for what, number in sorted(counts.left_out.items())]
    rejects = f" -> {summary.rejects}; rows" if summary.rejects else ""
    return f"{', '.join(parts)}, {counts.rejected:,} rejected{rejects} -> {_where(summary.outputs)}"


def _read_as(summary: ExtractSummary) -> str:
    """Which adapter read which inputs, where that was found out; the names only where they differ."""
    if summary.model != AUTO:
        return ""
    inputs: dict[str, list[str]] = {}
    for name, corpus in summary.corpora.items():
        inputs.setdefault(corpus, []).append(Path(name).name)
    if len(inputs) == 1:
        return f" ({next(iter(inputs))})"
    shown = (
        f"{corpus}: {', '.join(names[:_NAMED])}{' …' if len(names) > _NAMED else ''}"
        for corpus, names in inputs.items()
    )
    return f" ({'; '.join(shown)})"


def _where(outputs: Sequence[str]) -> str:
    if not outputs:
        return "nothing written (dry run)"
    if outputs == ["-"]:
        return "standard output"
    if len(outputs) == 1:
        return outputs[0]
    return f"{outputs[0]} … {outputs[-1]} ({len(outputs)} files)"


@contextmanager
def _progress(inputs: Sequence[str | Path]) -> Iterator[Progress | None]:
    """Something that takes bytes and moves a bar; None when nobody is at the terminal."""
    if not shows_progress():
        yield None
        return
    with progress("B", total=input_size(inputs), scale=True) as bar:
        yield bar
