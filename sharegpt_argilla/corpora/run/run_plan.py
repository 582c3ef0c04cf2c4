"""What a run of ``extract`` is to do: its settings, its inputs, and the shards that they are cut into."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from sharegpt_argilla.common.atomic_files import check_file_writable
from sharegpt_argilla.common.jsonl import STANDARD_STREAM
from sharegpt_argilla.corpora.detection import AUTO, choose_corpora, repeats_rounds
from sharegpt_argilla.corpora.formats.base import Configurable, Corpus, GatheringCorpus, Options
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.reading.compression import Peekable
from sharegpt_argilla.corpora.reading.inputs import Source, Stretch, describe, expand
from sharegpt_argilla.corpora.reading.tabular import row_groups
from sharegpt_argilla.errors import InputError, UsageError
from sharegpt_argilla.rows import Profile

SHARD_SIZE = 32_000_000
"""Bytes of an input in one shard: less than a second of work, and few enough shards for a corpus of a terabyte."""
LARGEST_MNBVC_FILE = 512_000_000
"""Bytes: "512 MB" of the MNBVC data check, in the reading that satisfies both."""
PLAN_FORMAT = 7
"""Of the plan and of what shards leave; a run of another format is not resumed."""
COLUMNS_ADAPTER = "question_answer"
"""The adapter that named columns are for."""
KEPT = -1
"""Time of change of a source that is a copy of a stream."""
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class RunSettings:
    """All that a run is asked for; ``workflows/extract.py`` describes each option.

    Attributes:
        inputs: files, folders, patterns, ``-`` or data sets of the Hub.
        model: name of the adapter, or ``auto``.
        output: the rows file, or ``-``.
        rejects: the file for rejected records.
        create_time: for rows without a time.
        profile: of the rows.
        start_line: 1-based line, or row, of each input to start at.
        split: which split of a data set of the Hub.
        options: of the adapters.
        max_size: bytes that a rows file may have; None for any number.
        dry_run: count only.
        workers: processes; 1 for this one only.
        scheduler: address of a Dask scheduler that converts the shards instead.
        restart: discard what an earlier run left.
        shard_size: bytes of a plain file in one shard.
        output_given: whether the output was asked for, and is not the default name.
        create_time_given: the same for the time, which is now by default.
    """

    inputs: tuple[str, ...]
    model: str
    output: str
    rejects: Path
    create_time: str
    profile: Profile = "mnbvc-2023"
    start_line: int = 1
    split: str = "train"
    options: Options = field(default_factory=Options)
    max_size: int | None = None
    dry_run: bool = False
    workers: int = 1
    scheduler: str | None = None
    restart: bool = False
    shard_size: int = SHARD_SIZE
    output_given: bool = True
    create_time_given: bool = True

    @property
    def to_stdout(self) -> bool:
        """Whether the rows go to standard output."""
        return self.output == STANDARD_STREAM

    @property
    def alone(self) -> bool:
        """Whether this process converts every shard."""
        return self.workers == 1 and self.scheduler is None

    @property
    def largest_file(self) -> int | None:
        """Bytes that a rows file may have, under the rules of the profile; None for any number."""
        if self.profile != "mnbvc-2025" or self.to_stdout:
            return self.max_size
        return LARGEST_MNBVC_FILE if self.max_size is None else min(self.max_size, LARGEST_MNBVC_FILE)

    def check(self) -> None:
        """Raise for what would fail when all the work is done.

        Raises:
            UsageError: a number makes no sense.
            InputError: a file cannot be written.
        """
        if self.start_line < 1:
            raise UsageError(f"start line {self.start_line}: lines are counted from 1")
        if self.workers < 1:
            raise UsageError(f"{self.workers} workers: at least one is needed")
        check_max_size(self.output, self.largest_file)
        if self.options.columns and self.model not in {AUTO, COLUMNS_ADAPTER}:
            raise UsageError(f"--columns is for -m {COLUMNS_ADAPTER} or -m {AUTO}, not for -m {self.model}")
        if self.model != AUTO:
            corpus_of(self.model, self.options)
        for path in [] if self.dry_run else [self.output, str(self.rejects)]:
            if path != STANDARD_STREAM:
                check_file_writable(path)


def check_max_size(output: str | Path, max_size: int | None) -> None:
    """Whether a rows file can have a limit.

    Raises:
        UsageError: the limit is given for standard output, or is not positive.
    """
    if max_size is not None and max_size < 1:
        raise UsageError(f"maximum size {max_size} is not a positive number of bytes")
    if max_size is not None and str(output) == STANDARD_STREAM:
        raise UsageError("a maximum size needs a file to write to, not standard output")


def corpus_of(name: str, options: Options) -> Corpus:
    """The adapter of that name, read as the options say.

    Raises:
        UnknownNameError: no adapter has the name.
    """
    corpus = CORPORA[name]
    return corpus.with_options(options) if isinstance(corpus, Configurable) else corpus


@dataclass(frozen=True, slots=True)
class Shard:
    """What one worker converts in one go.

    Attributes:
        number: its position in the output, from 0.
        corpus: name of the adapter.
        stretches: read in this order.
    """

    number: int
    corpus: str
    stretches: tuple[Stretch, ...]

    @property
    def size(self) -> int:
        """Bytes of the inputs in it."""
        return sum(stretch.size for stretch in self.stretches)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run does, to the byte.

    Attributes:
        settings: of the run.
        sources: the inputs.
        corpora: the adapter of each input.
        shards: in the order of the output.
        streams: the open streams among the inputs, by name; no part of the plan on disk.
        skipped: files of folders and zip files that are not read -> why.
    """

    settings: RunSettings
    sources: Sequence[Source]
    corpora: Sequence[str]
    shards: Sequence[Shard]
    streams: Mapping[str, Peekable] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As a JSON object: all that changes the rows."""
        settings = self.settings
        options = {
            "model": settings.model,
            "profile": settings.profile,
            "start line": settings.start_line,
            "split": settings.split,
            **asdict(settings.options),
        }
        if options.get("salt") is not None:
            options["salt"] = sha256(str(options["salt"]).encode("utf-8")).hexdigest()[:16]
        plan = {
            "format": PLAN_FORMAT,
            "options": options,
            "create_time": settings.create_time,
            "sources": [asdict(source) for source in self.sources],
            "corpora": list(self.corpora),
        }
        document: dict[str, Any] = json.loads(json.dumps(plan))
        # A run has thousands of them, and `asdict` copies each part of each.
        return {**document, "shards": msgspec.json.decode(msgspec.json.encode(self.shards))}

    @property
    def resumable(self) -> bool:
        """Whether the inputs can be read again."""
        return not any(source.form == "stream" or source.modified == KEPT for source in self.sources)

    def inputs_of(self, shard: Shard) -> dict[int, Source]:
        """The inputs in a shard, by their number."""
        return {stretch.source: self.sources[stretch.source] for stretch in shard.stretches}


def plan_run(settings: RunSettings, stack: ExitStack) -> RunPlan:
    """Look at the inputs and cut them into shards.

    Args:
        settings: of the run.
        stack: closes the streams among the inputs.

    Raises:
        UsageError: no input, or a file is to be read and written.
        InputError: an input names no file, cannot be read, or fits no adapter.
    """
    streams: dict[str, Peekable] = {}
    expanded = expand(settings.inputs, (settings.output, settings.rejects))
    skipped = dict(expanded.skipped)
    described: list[Source] = []
    for name in expanded.files:
        try:
            described.append(describe(name, streams, stack))
        except InputError as error:
            if name not in expanded.optional:
                raise
            skipped[name] = str(error).removeprefix(f"{name}: ")
    model = COLUMNS_ADAPTER if settings.options.columns else settings.model
    wanted = None if model == AUTO else corpus_of(model, settings.options)
    sources, chosen = choose_corpora(described, settings.split, streams, wanted, expanded.optional, skipped)
    sources = [
        _kept(source, streams, stack) if source.form == "stream" and _splits(name) else source
        for source, name in zip(sources, chosen, strict=True)
    ]
    if repeats_rounds(sources, chosen, settings.split, streams):
        settings = replace(settings, options=replace(settings.options, history=True))
    corpora = {name: corpus_of(name, settings.options) for name in set(chosen)}
    shards = cut(sources, chosen, corpora, settings.start_line, settings.shard_size)
    return RunPlan(settings, sources, chosen, shards, streams, skipped)


def _splits(name: str) -> bool:
    return bool(getattr(CORPORA[name], "splits", False))


def _kept(source: Source, streams: dict[str, Peekable], stack: ExitStack) -> Source:
    """A stream in a file that goes with the stack, so that it can be read again.

    Of records that may be pieces of conversations only all together say whether they are.

    Raises:
        InputError: there is no place for it.
    """
    try:
        path = Path(stack.enter_context(TemporaryDirectory())) / "stream"
        with path.open("wb") as file:
            copyfileobj(streams.pop(source.name), file)
        return replace(describe(str(path), streams, stack), name=source.name, modified=KEPT)
    except OSError as error:
        raise InputError(f"{source.name}: cannot be kept until it is read: {error.strerror or error}") from error


def cut(
    sources: Sequence[Source],
    names: Sequence[str],
    corpora: Mapping[str, Corpus],
    start_line: int,
    shard_size: int,
) -> list[Shard]:
    """The shards of a run.

    Plain JSON is cut at every ``shard_size`` bytes, parquet between row groups. Everything else is read as a
    whole, and small neighbouring inputs share a shard. All of a corpus that gathers is one shard.

    Args:
        sources: the inputs.
        names: the adapter of each.
        corpora: the adapters by name.
        start_line: 1-based line, or row, of each input to start at.
        shard_size: bytes.
    """
    groups: list[tuple[str, list[Stretch]]] = []
    gathered: dict[str, list[Stretch]] = {}
    room = 0
    for number, (source, name) in enumerate(zip(sources, names, strict=True)):
        stretches = list(_stretches(number, source, corpora[name], start_line, shard_size))
        if isinstance(corpora[name], GatheringCorpus):
            if name not in gathered:
                gathered[name] = []
                groups.append((name, gathered[name]))
            gathered[name] += stretches
            room = 0
        elif groups and len(stretches) == 1 and source.size <= room and groups[-1][0] == name:
            groups[-1][1].extend(stretches)
            room -= source.size
        else:
            groups += [(name, [stretch]) for stretch in stretches]
            room = shard_size - source.size if source.size and len(stretches) == 1 else 0
    return [Shard(number, name, tuple(stretches)) for number, (name, stretches) in enumerate(groups)]


def _stretches(number: int, source: Source, corpus: Corpus, start_line: int, shard_size: int) -> Iterator[Stretch]:
    whole = isinstance(corpus, GatheringCorpus)
    if source.form == "parquet":
        yield from _of_row_groups(number, source, source.size + 1 if whole else shard_size)
    elif source.form == "plain" and corpus.container == "json":
        start = _offset_of_line(source, start_line)
        size = source.size if whole else shard_size
        yield from _of_bytes(number, start, source.size, start_line, size)
    else:
        yield Stretch(number, size=source.size)


def _of_bytes(number: int, start: int, end: int, line: int, size: int) -> Iterator[Stretch]:
    # A rest of less than half a shard belongs to the last one.
    count = max(1, round((end - start) / size)) if size else 1
    for index in range(count):
        first, last = start + index * size, index == count - 1
        stop = end if last else first + size
        yield Stretch(number, first, None if last else stop, 0 if index else line, stop - first)


def _of_row_groups(number: int, source: Source, shard_size: int) -> Iterator[Stretch]:
    groups = row_groups(source.path)
    total = sum(size for _, size in groups) or 1
    first, row, rows, size = 0, 1, 0, 0
    for group, (group_rows, group_size) in enumerate(groups, 1):
        rows += group_rows
        size += group_size
        if size >= shard_size or group == len(groups):
            # In bytes of the file, so that they add up to its size.
            yield Stretch(number, first, group, row, source.size * size // total)
            first, row, rows, size = group, row + rows, 0, 0


def _offset_of_line(source: Source, line: int) -> int:
    """Bytes before a 1-based line; the size of the file when it has fewer."""
    offset, breaks = 0, line - 1
    if not breaks:
        return 0
    with source.open() as file:
        while breaks and (block := file.read(_BLOCK)):
            count = block.count(b"\n")
            if count < breaks:
                breaks -= count
                offset += len(block)
                continue
            at = -1
            for _ in range(breaks):
                at = block.index(b"\n", at + 1)
            return offset + at + 1
    return offset
