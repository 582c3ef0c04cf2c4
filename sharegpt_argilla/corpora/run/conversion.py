"""One shard of raw corpora to lines of rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

from sharegpt_argilla.common.jsonl import RejectsFile
from sharegpt_argilla.corpora.formats.base import Configurable, Conversation, Corpus, GatheringCorpus, Options
from sharegpt_argilla.corpora.formats.sharegpt import ShareGPT
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.reading.base import Damaged, Located
from sharegpt_argilla.corpora.reading.inputs import Progress, Reading, Source, Streams
from sharegpt_argilla.corpora.reading.json_reader import Batch, may_be_rounded
from sharegpt_argilla.corpora.reading.json_recovery import TOO_DEEP
from sharegpt_argilla.corpora.run.halves import write_halves
from sharegpt_argilla.corpora.run.lines import ID, RowLines
from sharegpt_argilla.corpora.run.pairing import Pairer
from sharegpt_argilla.corpora.run.quick import QuickShareGPT
from sharegpt_argilla.corpora.run.shard_files import ShardFiles, ShardResult, SharedRows, part
from sharegpt_argilla.corpora.run.shards import Shard
from sharegpt_argilla.errors import InputError, RejectedError
from sharegpt_argilla.rows import Profile

REJECTIONS_SHOWN = 5
SPILL = 8_000_000
"""Characters that may wait for their other half in memory before they go to a file."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for every shard of a run.

    Attributes:
        create_time: for rows without a time.
        profile: of the rows.
        start_line: 1-based line, or row, of each input to start at.
        split: which split of a data set of the Hub.
        options: of the adapters.
        keep_rows: False to count only.
    """

    create_time: str
    profile: Profile
    start_line: int = 1
    split: str = "train"
    options: Options = field(default_factory=Options)
    keep_rows: bool = True


def corpus_of(name: str, options: Options) -> Corpus:
    """The adapter of that name, read as the options say.

    Raises:
        UnknownNameError: there is none.
    """
    corpus = CORPORA[name]
    return corpus.with_options(options) if isinstance(corpus, Configurable) else corpus


def convert(
    folder: str,
    shard: Shard,
    sources: Mapping[int, Source],
    settings: Settings,
    streams: Streams | None = None,
    rows: SharedRows | None = None,
    progress: Progress | None = None,
) -> int:
    """Do one shard: its parts and its completion marker stand in the folder then.

    Args:
        folder: the work folder.
        shard: what to do.
        sources: the inputs in it, by their number in the run.
        settings: what holds for every shard.
        streams: the open streams among the inputs.
        rows: takes the rows instead of a file in the folder.
        progress: is given the number of bytes after each read.

    Returns:
        The number of the shard.

    Raises:
        InputError: an input cannot be read, or a part cannot be written.
    """
    files = ShardFiles.of(folder, shard.number)
    try:
        files.remove()
        with ExitStack() as stack:
            conversion = _Conversion(files, shard, settings, stack, rows.file if rows else None)
            for stretch in shard.stretches:
                source = sources[stretch.source]
                reading = Reading(
                    source,
                    stretch,
                    conversion.corpus,
                    settings.start_line,
                    settings.split,
                    (streams or {}).get(source.name),
                )
                conversion.read(reading.batches(progress))
                conversion.result.start = reading.start
            conversion.finish()
        if rows is not None:
            rows.finish(conversion.result)
        files.complete(conversion.result)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from error
    return shard.number


class _Conversion:
    """The state of one shard while it is done."""

    def __init__(
        self, files: ShardFiles, shard: Shard, settings: Settings, stack: ExitStack, rows: IO[bytes] | None
    ) -> None:
        self.corpus = corpus_of(shard.corpus, settings.options)
        self.result = ShardResult()
        self._pairer = Pairer(self.corpus.name, self.corpus.source)
        self._lines = RowLines(settings.create_time, settings.profile)
        self._gatherer = self.corpus.gather() if isinstance(self.corpus, GatheringCorpus) else None
        self._files = files
        self._stack = stack
        self._rows = rows or stack.enter_context(part(files.rows) if settings.keep_rows else _nowhere())
        self._rejects = stack.enter_context(RejectsFile(files.rejects))
        self._halves: IO[bytes] | None = None
        self._last: Batch | Located | Damaged = Damaged("", 1, b"", "")
        self._out: list[bytes] = []
        self._quick: Callable[[dict[str, Any]], bool] = _never
        if type(self.corpus) is ShareGPT:
            self._quick = QuickShareGPT(self.corpus, self._pairer, self._lines, self._out).write

    def read(self, records: Iterable[Batch | Located | Damaged]) -> None:
        """Write the rows of records, and keep what has to wait or cannot be used."""
        for found in records:
            self._last = found
            if isinstance(found, Batch):
                if self._gatherer is not None:
                    # What does not fit is known at the end only, when the file is closed.
                    found.locate()
                self._batch(found)
            elif isinstance(found, Damaged):
                self._reject(found, found.reason)
            else:
                self._record(found)
            self._rows.write(b"".join(self._out))
            self._out.clear()

    def finish(self) -> None:
        """After the last record."""
        if self._gatherer is not None:
            last = self._last.records[-1] if isinstance(self._last, Batch) else self._last
            try:
                self._write(self._gatherer.finish)
            except RejectedError as error:
                self._reject(Located(last.file, last.line, b"", None), str(error))
            self._rows.write(b"".join(self._out))
        self._spill()
        self.result.counts = self._pairer.counts
        self.result.rows = self._pairer.counts.pairs

    def _batch(self, batch: Batch) -> None:
        quick, pairer = self._quick, self._pairer
        for place, value in enumerate(batch.values):
            # The first row goes the long way, where its id is taken down.
            if self.result.first_id and quick(value):
                if pairer.waiting > SPILL:
                    self._spill()
            elif may_be_rounded(value):
                self._record(batch.records[place])
            else:
                try:
                    self._write(partial(self._read, value))
                except RejectedError as error:
                    self._reject(batch.records[place], str(error))

    def _record(self, record: Located) -> None:
        try:
            self._write(partial(self._read, record.value))
        except RejectedError as error:
            self._reject(record, str(error))

    def _write(self, read: Callable[[], Iterable[Conversation]]) -> None:
        """Write the rows of the conversations that ``read`` gives.

        Raises:
            RejectedError: it cannot give any; nothing was written.
        """
        line = self._lines.line
        for conversation in self._conversations(read):
            lines = [line(pair) for pair in self._pairer.add(conversation)]
            if lines:
                self.result.first_id = self.result.first_id or lines[0][ID].decode("ascii")
                self._out += lines
        if self._pairer.waiting > SPILL:
            self._spill()

    def _conversations(self, read: Callable[[], Iterable[Conversation]]) -> Sequence[Conversation]:
        try:
            conversations = list(read())
        except RejectedError:
            raise
        except RecursionError:
            raise RejectedError(TOO_DEEP) from None
        except MemoryError:
            raise
        # One job of many: what an adapter did not foresee costs its record, not the run.
        except Exception as error:
            raise RejectedError(f"the {self.corpus.name} adapter failed ({type(error).__name__})") from error
        for conversation in conversations:
            self._lines.share(
                conversation.session,
                self._pairer.corpus,
                self._pairer.source,
                conversation.created,
                conversation.extra,
            )
        return conversations

    def _read(self, value: object) -> Iterable[Conversation]:
        return self.corpus.read(value) if self._gatherer is None else self._gatherer.add(value)

    def _reject(self, record: Located | Damaged, reason: str) -> None:
        self._pairer.counts.rejected += 1
        if len(self.result.rejections) < REJECTIONS_SHOWN:
            self.result.rejections.append((record.file, record.line, reason))
        self._rejects.add(record.file, record.line, reason, record.raw)

    def _spill(self) -> None:
        if not self._pairer.waits:
            return
        if self._halves is None:
            self._halves = self._stack.enter_context(part(self._files.halves))
        write_halves(self._pairer, self._halves)


def _never(_record: object) -> bool:
    """For corpora without a quick way."""
    return False


@contextmanager
def _nowhere() -> Iterator[IO[bytes]]:
    with Path(os.devnull).open("wb") as file:
        yield file
