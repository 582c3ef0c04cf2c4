"""Raw chat corpora -> rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sharegpt_argilla.corpora.base import Corpus
from sharegpt_argilla.corpora.inputs import expand_inputs, total_size
from sharegpt_argilla.corpora.pairing import Counts, Pairer
from sharegpt_argilla.corpora.parts import LARGEST_MNBVC_FILE, PartsWriter
from sharegpt_argilla.corpora.reader import Damaged, Located, read_records
from sharegpt_argilla.corpora.table import CORPORA
from sharegpt_argilla.errors import InputError, RejectedError, UsageError
from sharegpt_argilla.jsonl import STANDARD_STREAM, RejectsFile
from sharegpt_argilla.rows import (
    CREATE_TIME_FORMAT,
    Pair,
    Row,
    build_row,
    check_create_time,
    check_profile,
    dump_row,
)

REJECTIONS_SHOWN = 5
OUTPUT_NAME = "shareGPT_{model}_{time:%Y-%m-%d-%H-%M-%S}.jsonl"
"""The default output, in the current folder: the name that ShareGPTQAExtractor-mnbvc gives."""
REJECTS_NAME = "rejected.jsonl"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that could not be used: the file, the 1-based line it starts on, and why."""

    file: str
    line: int
    reason: str


@dataclass(slots=True)
class ExtractSummary:
    """What ``extract`` did.

    Attributes:
        rows: rows written; in a dry run, rows that would have been.
        counts: what became of the records and their turns.
        outputs: the files written, ``-`` for standard output; none in a dry run.
        rejects: the file that holds the rejected records; None when there is none.
        first_rejections: the first five.
        first_id: id of the first row; "" when there is no row.
    """

    rows: int = 0
    counts: Counts = field(default_factory=Counts)
    outputs: list[str] = field(default_factory=list)
    rejects: Path | None = None
    first_rejections: list[Rejection] = field(default_factory=list)
    first_id: str = ""


def extract(  # noqa: PLR0913 - the options of the command, under their names
    inputs: Sequence[str | Path],
    model: str,
    output: str | Path | None = None,
    *,
    create_time: str | None = None,
    profile: str = "mnbvc-2023",
    start_line: int = 1,
    max_size: int | None = None,
    rejects: str | Path | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> ExtractSummary:
    """Read raw corpora and write their question/answer pairs as rows.

    Args:
        inputs: files, folders, patterns, or ``-`` for standard input.
        model: name of the corpus adapter, one of ``CORPORA``.
        output: rows file, or ``-``; default ``shareGPT_{model}_{time}.jsonl`` in the current folder.
        create_time: ``yyyymmdd HH:MM:SS`` for rows whose corpus has no time; default: now, the same for all.
        profile: ``mnbvc-2023`` or ``mnbvc-2025``.
        start_line: 1-based line of each file to start at.
        max_size: bytes a rows file may have before the next one starts; under ``mnbvc-2025`` at most and by
            default 512 MB.
        rejects: file for rejected records; default ``rejected.jsonl`` beside the output.
        dry_run: read and count everything, write nothing.
        progress: is given the number of bytes after each read.

    Raises:
        UsageError: an option cannot be used.
        InputError: a file cannot be read or written, or no record in the input is of this corpus; nothing stands
            under the output's name then.
    """
    started = datetime.now()
    corpus = CORPORA[model]
    if start_line < 1:
        raise UsageError(f"start line {start_line}: lines are counted from 1")
    target = output if output is not None else OUTPUT_NAME.format(model=model, time=started)
    rejected = Path(rejects) if rejects is not None else _beside(target)
    job = _Job(
        corpus,
        files=expand_inputs(inputs, (target, rejected)),
        start_line=start_line,
        progress=progress,
        rejects=None if dry_run else RejectsFile(rejected),
    )
    known_profile = check_profile(profile)
    time = check_create_time(create_time or started.strftime(CREATE_TIME_FORMAT))
    if known_profile == "mnbvc-2025" and str(target) != STANDARD_STREAM:
        max_size = min(max_size or LARGEST_MNBVC_FILE, LARGEST_MNBVC_FILE)
    writer = None if dry_run else PartsWriter(target, max_size)
    with job.rejects or nullcontext(), writer or nullcontext():
        for pair in job.pairs():
            job.write(build_row(pair, time, known_profile), writer)
        job.check_any()
    job.summary.outputs = writer.paths if writer is not None else []
    return job.summary


def input_size(inputs: Sequence[str | Path]) -> int | None:
    """Bytes in the files that the inputs name; None when one of them is a stream.

    Raises:
        UsageError, InputError: as ``extract``.
    """
    return total_size(expand_inputs(inputs))


@dataclass(slots=True)
class _Job:
    corpus: Corpus
    files: list[str]
    start_line: int
    progress: Callable[[int], None] | None
    rejects: RejectsFile | None
    summary: ExtractSummary = field(default_factory=ExtractSummary)

    def pairs(self) -> Iterator[Pair]:
        """Every pair of every file; what waits for its other half comes last."""
        pairer = Pairer(self.corpus.name, self.corpus.source)
        self.summary.counts = pairer.counts
        for file in self.files:
            for record in read_records(file, self.corpus.is_record, self.start_line, self.progress):
                if isinstance(record, Damaged):
                    self._reject(record, record.reason)
                    continue
                try:
                    conversation = self.corpus.read(record.value)
                except RejectedError as error:
                    self._reject(record, str(error))
                else:
                    yield from pairer.add(conversation)
        yield from pairer.finish()

    def write(self, row: Row, writer: PartsWriter | None) -> None:
        self.summary.rows += 1
        self.summary.first_id = self.summary.first_id or row["id"]
        if writer is not None:
            writer.write(dump_row(row))

    def check_any(self) -> None:
        """Raise InputError when not one conversation was found: most likely another corpus' name was given."""
        if self.summary.counts.conversations:
            return
        where = self.files[0] if len(self.files) == 1 else f"{len(self.files)} files"
        rejected = self.summary.counts.rejected
        if not rejected:
            raise InputError(f"no conversation in {where}: no record at all")
        first = self.summary.first_rejections[0]
        place = f"line {first.line}" if len(self.files) == 1 else f"{first.file}:{first.line}"
        kept = f" -> {self.rejects.path}" if self.rejects else ""
        raise InputError(
            f"no conversation of the {self.corpus.name} layout in {where}: {rejected:,} rejected{kept}"
            f" (first: {place}: {first.reason})"
        )

    def _reject(self, record: Located | Damaged, reason: str) -> None:
        self.summary.counts.rejected += 1
        if len(self.summary.first_rejections) < REJECTIONS_SHOWN:
            self.summary.first_rejections.append(Rejection(record.file, record.line, reason))
        if self.rejects is not None:
            self.rejects.add(record.file, record.line, reason, record.raw)
            self.summary.rejects = self.rejects.path


def _beside(target: str | Path) -> Path:
    return Path(REJECTS_NAME) if str(target) == STANDARD_STREAM else Path(target).with_name(REJECTS_NAME)
