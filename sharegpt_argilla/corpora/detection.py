"""Which adapter reads an input, found out from its content."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from mmap import ACCESS_READ, mmap
from pathlib import Path

from sharegpt_argilla.common.object_storage import BLOCK, is_remote
from sharegpt_argilla.corpora.formats.base import Corpus, Typical
from sharegpt_argilla.corpora.formats.messages import repeats
from sharegpt_argilla.corpora.formats.question_answer import QuestionAnswer, likely_columns, names_turn
from sharegpt_argilla.corpora.formats.repeated_rounds import HISTORY
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.reading.base import Located
from sharegpt_argilla.corpora.reading.byte_window import Readable
from sharegpt_argilla.corpora.reading.compression import Decompressed, Peekable
from sharegpt_argilla.corpora.reading.inputs import Source, companion, open_source, other_records
from sharegpt_argilla.corpora.reading.json_reader import JsonReader
from sharegpt_argilla.corpora.reading.tabular import read_arrow, read_hub, read_parquet
from sharegpt_argilla.errors import InputError, RejectedError


def detect(values: Sequence[object]) -> str:
    """The name of the adapter that fits the first records of a file.

    Args:
        values: JSON values, rows of a table as objects, or blocks of text as ``str``; a few dozen are enough.

    Raises:
        InputError: there are none, or no adapter fits; the text lists the names.
    """
    if not values:
        raise InputError("no record to tell the corpus by; name one with -m")
    fitting = [corpus for corpus in CORPORA.values() if _fits(corpus, values)]
    if not fitting:
        known_names = ", ".join(sorted(CORPORA))
        raise InputError(f"no known corpus looks like this{_keys(values)}; name one with -m: {known_names}")
    return min(fitting, key=lambda corpus: not isinstance(corpus, Typical)).name


def _keys(values: Sequence[object]) -> str:
    """The keys of the first records, and how to name the columns, if two of them are likely these."""
    records = [value for value in values if isinstance(value, dict)]
    keys = list(dict.fromkeys(str(key)[:_LONGEST_KEY] for record in records for key in record))
    if not keys:
        return ""
    shown = ", ".join(keys[:_NAMED]) + (" …" if len(keys) > _NAMED else "")
    columns = likely_columns(records[0])
    hint = f"; its columns with --columns question={columns[0]},answer={columns[1]}" if columns else ""
    return f" (keys: {' '.join(shown.split())}){hint}"


def recognised(values: Sequence[object]) -> list[object]:
    """The values that some adapter takes for a record of its corpus."""
    return [value for value in values if any(corpus.is_record(value) for corpus in CORPORA.values())]


def _fits(corpus: Corpus, values: Sequence[object]) -> bool:
    records = [value for value in values if corpus.is_record(value)]
    if 2 * len(records) <= len(values):
        return False
    return not isinstance(corpus, Typical) or corpus.is_typical(records)


AUTO = "auto"
"""The name that means: find out."""
RECORDS = 20
"""Records of an input that are looked at."""
RECORDS_OF_DAMAGED = 500
"""The same of an input that begins with damaged text."""
_NAMED, _LONGEST_KEY = 12, 40
"""Keys or files named in a message, and characters of a key."""
_STREAM_HEAD = 1 << 20
"""Bytes of a stream that are looked at."""
_BLOCK = 1 << 16
"""Bytes of a plain text that are looked at."""
_OVERLAP = 1 << 12
"""Bytes of a block of an object that are looked at again with the next one: longer than a key."""
_JSON = re.compile(rb"(?:\s|\xef\xbb\xbf)*(?:[{\[]|\Z)")

_WITH_HISTORY = frozenset({"alpaca", "question_answer"})
_OF_MESSAGES = "messages"
_HISTORY = re.compile(rb'"history"\s*:\s*\[\s*\[')
_RECORD = re.compile(rb"^\s*\{", re.MULTILINE)


def choose_corpora(
    sources: Sequence[Source],
    split: str,
    streams: Mapping[str, Peekable],
    wanted: Corpus | None,
    optional: Collection[str],
    skipped: dict[str, str],
) -> tuple[list[Source], list[str]]:
    """The inputs that are read, and the name of the adapter for each.

    Args:
        sources: the inputs.
        split: of data sets of the Hub.
        streams: the open streams among them.
        wanted: the adapter that was asked for; None to find out.
        optional: names of inputs that are skipped where no adapter, or not the one that was asked for, fits.
        skipped: takes these, and why.

    Raises:
        InputError: an input fits no adapter, none of them has a record, or none is left.
    """
    kept: list[Source] = []
    for source in sources:
        if isinstance(wanted, QuestionAnswer) and source.name not in optional:
            _check_columns(wanted, source, split, streams)
        if source.name in optional and (why := _misfit(source, split, streams, wanted)):
            skipped[source.name] = why
        else:
            kept.append(source)
    if not kept:
        names = ", ".join(Path(name).name for name in list(skipped)[:_NAMED])
        raise InputError(f"nothing in it is a conversation that can be read; skipped: {names}")
    return kept, [wanted.name] * len(kept) if wanted is not None else detect_corpora(kept, split, streams)


def _check_columns(corpus: QuestionAnswer, source: Source, split: str, streams: Mapping[str, Peekable]) -> None:
    """Raise for a named column that no record has, among the first ones or, of a plain file, among all.

    Raises:
        InputError: there is one; the text names the columns that are there.
    """
    records = [value for value in _first_values(source, split, streams) if isinstance(value, dict)]
    there = dict.fromkeys(str(key) for record in records for key in record)
    missing = [name for name in corpus.columns.values() if name not in there and not _has_key(source, name)]
    if records and missing:
        shown = ", ".join(key[:_LONGEST_KEY] for key in list(there)[:_NAMED])
        raise InputError(f'{source.name}: it has no column "{missing[0]}" (columns: {shown})')


def _has_key(source: Source, name: str) -> bool:
    """Whether a plain file has that key anywhere."""
    if source.form != "plain" or not source.size:
        return False
    spellings = {json.dumps(name).encode("ascii"), json.dumps(name, ensure_ascii=False).encode("utf-8")}
    return any(data.find(spelling) >= 0 for data in _texts(source) for spelling in spellings)


def _misfit(source: Source, split: str, streams: Mapping[str, Peekable], wanted: Corpus | None) -> str:
    """Why a file of a folder is not read; "" for one that is. One whose records are all damaged is read."""
    values = _first_values(source, split, streams)
    if not values:
        # What is damaged in it may name a person.
        return companion(source.name)
    if wanted is not None:
        fits = any(wanted.is_record(value) for value in values) or wanted.container == "text"
        return "" if fits else f"no record of the {wanted.name} layout"
    try:
        detect(values)
    except InputError:
        return "no known corpus looks like this"
    return ""


def detect_corpora(sources: Sequence[Source], split: str, streams: Mapping[str, Peekable]) -> list[str]:
    """The name of the adapter for each input. An input without a record takes that of its neighbour.

    Raises:
        InputError: an input fits no adapter, or none of them has a record.
    """
    detected = [_detect(source, split, streams) for source in sources]
    first = next((name for name in detected if name), "")
    if not first:
        raise InputError(_no_record(sources, split, streams))
    names: list[str] = []
    for name in detected:
        names.append(name or (names[-1] if names else first))
    return names


def _no_record(sources: Sequence[Source], split: str, streams: Mapping[str, Peekable]) -> str:
    """Why no input has a record: what is wrong with the first that is not empty."""
    where = sources[0].name if len(sources) == 1 else f"{len(sources)} files"
    for source in sources:
        with ExitStack() as stack:
            if source.form in {"hub", "parquet", "arrow"}:
                continue
            text = Peekable(Decompressed(_start(source, streams, stack), source.name))
            for found in JsonReader(text, source.name, lambda value: isinstance(value, dict)).records():
                if not isinstance(found, Located):
                    first = f"{found.file}:{found.line}: {found.reason}"
                    return f"no conversation in {where}: no record can be read (first: {first})"
    return f"no conversation in {where}: no record at all"


def repeats_rounds(
    sources: Sequence[Source], names: Sequence[str], split: str, streams: Mapping[str, Peekable]
) -> bool:
    """Whether conversations are in several records: each names its session, or repeats the rounds before it.

    A plain file is searched for earlier rounds to its end, any other input in its first records.
    """
    return any(
        (name in _WITH_HISTORY and _has_history(source, split, streams))
        or (name == _OF_MESSAGES and any(map(repeats, _first_values(source, split, streams))))
        for source, name in zip(sources, names, strict=True)
    )


def _has_history(source: Source, split: str, streams: Mapping[str, Peekable]) -> bool:
    values = [value for value in _first_values(source, split, streams) if isinstance(value, dict)]
    if any(value.get(HISTORY) or names_turn(value) for value in values):
        return True
    if source.form != "plain" or not source.size:
        return False
    return any(_HISTORY.search(data) for data in _texts(source))


def _texts(source: Source) -> Iterator[mmap | bytes]:
    """All of a plain file: mapped as a whole, an object a block at a time, each with the end of the one before."""
    if not is_remote(source.path):
        with Path(source.path).open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            yield data
        return
    before = b""
    with source.open() as stored:
        while block := stored.read(BLOCK):
            yield before + block
            before = block[-_OVERLAP:]


def _detect(source: Source, split: str, streams: Mapping[str, Peekable]) -> str:
    values = _first_values(source, split, streams)
    if not values:
        return ""
    try:
        return detect(values)
    except (InputError, RejectedError) as error:
        raise InputError(f"{source.name}: {error}") from None


def _first_values(source: Source, split: str, streams: Mapping[str, Peekable]) -> list[object]:
    if source.form == "hub":
        return [row.value for row in islice(read_hub(source.path, split, source.name), RECORDS)]
    if source.form == "parquet":
        rows = read_parquet(source.path, source.name, 0, 1, 1)
        return [row.value for row in islice(rows, RECORDS) if isinstance(row, Located)]
    if source.form == "arrow":
        rows = read_arrow(source.path, source.name)
        return [row.value for row in islice(rows, RECORDS) if isinstance(row, Located)]
    try:
        with ExitStack() as stack:
            return _in_text(Decompressed(_start(source, streams, stack), source.name), source.name)
    except OSError as error:
        raise InputError(f"{source.name}: cannot be read: {error.strerror}") from error


def _start(source: Source, streams: Mapping[str, Peekable], stack: ExitStack) -> Peekable:
    """An input from its start. What is looked at of a stream is kept in memory until it is read."""
    if source.form == "stream":
        return Peekable(io.BytesIO(streams[source.name].peek(_STREAM_HEAD)))
    return stack.enter_context(open_source(source))


def _in_text(file: Readable, name: str) -> list[object]:
    text = Peekable(file)
    if (rows := other_records(text, name, lambda value: isinstance(value, dict))) is not None:
        return [row.value for row in islice(rows, RECORDS) if isinstance(row, Located)]
    head = text.peek(_BLOCK)
    plain: list[object] = [head.decode("utf-8-sig", "replace")]
    # JSON that was cut off at its beginning looks like a text, until the next line.
    if not _JSON.match(head) and (recognised(plain) or not _RECORD.search(head)):
        return plain
    reader = JsonReader(text, "", lambda value: isinstance(value, dict))
    values: list[object] = []
    damaged = False
    for record in reader.records():
        if isinstance(record, Located):
            values.append(record.value)
        else:
            damaged = True
        if len(values) >= (RECORDS_OF_DAMAGED if damaged else RECORDS):
            break
    # What is left of a record that was cut off are its turns and other parts, often many.
    return recognised(values) if damaged else values
