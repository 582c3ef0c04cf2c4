"""One shard of raw corpora to lines of rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

from sharegpt_argilla.common.jsonl import RejectsFile
from sharegpt_argilla.corpora.formats.base import Conversation, GatheringCorpus, InputGatherer
from sharegpt_argilla.corpora.formats.sharegpt import ShareGPT
from sharegpt_argilla.corpora.pairing.extra_limits import bounded
from sharegpt_argilla.corpora.pairing.pairing import Pairer
from sharegpt_argilla.corpora.pairing.pending_pairs import write_pending
from sharegpt_argilla.corpora.pairing.plain_sharegpt import PlainShareGPT
from sharegpt_argilla.corpora.pairing.sessions import Resolution, ShardSessions
from sharegpt_argilla.corpora.reading.base import Damaged, Located
from sharegpt_argilla.corpora.reading.compression import Peekable
from sharegpt_argilla.corpora.reading.inputs import Progress, Reading, Source, Streams, Stretch
from sharegpt_argilla.corpora.reading.json_reader import Batch
from sharegpt_argilla.corpora.reading.json_recovery import TOO_DEEP
from sharegpt_argilla.corpora.run.run_plan import RunSettings, Shard, corpus_of
from sharegpt_argilla.corpora.run.shard_results import (
    REJECTIONS_SHOWN,
    ShardFiles,
    ShardResult,
    shard_file,
    this_boot,
)
from sharegpt_argilla.corpora.run.shared_rows import SharedRows
from sharegpt_argilla.errors import InputError, RejectedError
from sharegpt_argilla.rows import NewRow, Pair, RowBuilder, dump_new_rows

SPILL = 8_000_000
"""Characters that may wait for their other half in memory before they go to a file."""


def convert(  # noqa: PLR0913, PLR0917 - what a worker has to know
    folder: str,
    shard: Shard,
    sources: Mapping[int, Source],
    settings: RunSettings,
    streams: Streams | None = None,
    rows: SharedRows | None = None,
    progress: Progress | None = None,
    resolution: Resolution | None = None,
) -> int:
    """Convert one shard: afterwards its files and its completion marker are in the folder.

    Args:
        folder: the work folder.
        shard: what to convert.
        sources: the inputs in it, by their number in the run.
        settings: of the run.
        streams: the open streams among the inputs.
        rows: takes the rows instead of a file in the folder.
        progress: is given the number of bytes after each read.
        resolution: what the other shards of the run say about its ids; None before they are converted.

    Returns:
        The number of the shard.

    Raises:
        InputError: an input cannot be read, or a file of the shard cannot be written.
    """
    files = ShardFiles.of(folder, shard.number)
    try:
        files.remove()
        with ExitStack() as stack:
            target = rows.file if rows else None
            conversion = _Conversion(files, shard, settings, stack, target, resolution or Resolution())
            for stretch in shard.stretches:
                source = sources[stretch.source]
                stream = (streams or {}).get(source.name)
                conversion.read_stretch(source, stretch, settings, stream, progress)
            conversion.finish()
        if rows is not None:
            rows.finish(conversion.result)
        files.complete(conversion.result)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from error
    return shard.number


class _Conversion:
    """The state of one shard while it is converted."""

    def __init__(
        self,
        files: ShardFiles,
        shard: Shard,
        settings: RunSettings,
        stack: ExitStack,
        rows: IO[bytes] | None,
        resolution: Resolution,
    ) -> None:
        self.corpus = resolution.corpus(corpus_of(shard.corpus, settings.options))
        self._sessions = ShardSessions(self.corpus, resolution)
        # On one machine rows are moved within seconds, and the disk would write them twice.
        self.result = ShardResult(boot=this_boot() if rows is None and settings.scheduler is None else "")
        self._pairer = Pairer(self.corpus.name, self.corpus.source)
        self._builder = RowBuilder(settings.create_time, settings.profile)
        self._plain = PlainShareGPT(self.corpus, self._pairer) if type(self.corpus) is ShareGPT else None
        self._gatherer = self.corpus.gather() if isinstance(self.corpus, GatheringCorpus) else None
        self._files = files
        self._stack = stack
        self._file = rows or stack.enter_context(self._own_file(settings.dry_run))
        self._rejects = stack.enter_context(RejectsFile(files.rejects))
        self._pending: IO[bytes] | None = None
        self._last: Batch | Located | Damaged = Damaged("", 1, b"", "")
        self._rows: list[NewRow] = []

    def _own_file(self, dry_run: bool) -> AbstractContextManager[IO[bytes]]:
        return _nowhere() if dry_run else shard_file(self._files.rows, flushed=not self.result.boot)

    def read_stretch(
        self,
        source: Source,
        stretch: Stretch,
        settings: RunSettings,
        stream: Peekable | None,
        progress: Progress | None,
    ) -> None:
        """Convert a stretch of an input."""
        if isinstance(self._gatherer, InputGatherer):
            self._gatherer.begin_input()
        reading = Reading(source, stretch, self.corpus, settings.start_line, settings.split, stream)
        self.read(reading.batches(progress))
        self.result.start = reading.start

    def read(self, records: Iterable[Batch | Located | Damaged]) -> None:
        """Write the rows of records, and keep what has to wait or cannot be used."""
        for record in records:
            self._last = record
            if isinstance(record, Batch):
                if self._gatherer is not None:
                    # What does not fit is known at the end only, when the file is closed.
                    record.locate()
                self._batch(record)
            elif isinstance(record, Damaged):
                self._reject(record, record.reason)
            else:
                self._record(record)
            self._write()

    def finish(self) -> None:
        """After the last record."""
        if self._gatherer is not None:
            last = self._last.records[-1] if isinstance(self._last, Batch) else self._last
            try:
                self._add(self._gatherer.finish)
            except RejectedError as error:
                self._reject(Located(last.file, last.line, b"", None), str(error))
            self._write()
        self._spill()
        with shard_file(self._files.sessions) as file:
            self._sessions.write(file)
        self._pairer.counts.renamed = self._sessions.renamed
        self.result.counts = self._pairer.counts
        self.result.rows = self._pairer.counts.pairs

    def _batch(self, batch: Batch) -> None:
        for number, value in enumerate(batch.values):
            try:
                self._value(value)
            except RejectedError as error:
                self._reject(batch.records[number], str(error))

    def _record(self, record: Located) -> None:
        try:
            self._value(record.value)
        except RejectedError as error:
            self._reject(record, str(error))

    def _value(self, value: Any) -> None:
        pairs = self._plain.pairs(value, self._sessions) if self._plain is not None else None
        if pairs is None:
            self._add(partial(self._read, value))
        else:
            for consecutive in pairs:
                self._rows += self._builder.rows(consecutive)
            self._spill_when_full()

    def _read(self, value: object) -> Iterable[Conversation]:
        return self.corpus.read(value) if self._gatherer is None else self._gatherer.add(value)

    def _add(self, read: Callable[[], Iterable[Conversation]]) -> None:
        """Add the rows of the conversations that ``read`` gives.

        Raises:
            RejectedError: it cannot give any; nothing was added.
        """
        for conversation in self._conversations(read):
            self._add_pairs(self._pairer.add(conversation))

    def _add_pairs(self, pairs: Sequence[Pair]) -> None:
        row = self._builder.row
        self._rows += [row(pair) for pair in pairs]
        self._spill_when_full()

    def _spill_when_full(self) -> None:
        if self._pairer.waiting > SPILL:
            self._spill()

    def _conversations(self, read: Callable[[], Iterable[Conversation]]) -> Sequence[Conversation]:
        """The conversations of a record, all of which can become rows."""
        try:
            conversations = list(read())
        except RejectedError:
            raise
        except RecursionError:
            raise RejectedError(TOO_DEEP) from None
        except MemoryError:
            raise
        # One record of many: what an adapter did not foresee costs its record, not the run.
        except Exception as error:
            raise RejectedError(f"the {self.corpus.name} adapter failed ({type(error).__name__})") from error
        conversations = [bounded(each) for each in self._sessions.own(conversations)]
        for conversation in conversations:
            self._builder.share(
                conversation.session, self._pairer.corpus, conversation.created, conversation.extra
            )
        return conversations

    def _reject(self, record: Located | Damaged, reason: str) -> None:
        self._pairer.counts.rejected += 1
        if len(self.result.rejections) < REJECTIONS_SHOWN:
            self.result.rejections.append((record.file, record.line, reason))
        self._rejects.add(record.file, record.line, reason, record.raw)

    def _write(self) -> None:
        if self._rows:
            self.result.first_id = self.result.first_id or self._rows[0].id
            self._file.write(dump_new_rows(self._rows))
            self._rows.clear()

    def _spill(self) -> None:
        if not self._pairer.waits:
            return
        if self._pending is None:
            self._pending = self._stack.enter_context(shard_file(self._files.pending))
        write_pending(self._pairer, self._pending)


@contextmanager
def _nowhere() -> Iterator[IO[bytes]]:
    with Path(os.devnull).open("wb") as file:
        yield file
