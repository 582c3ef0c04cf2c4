"""What an input is, and the records of a stretch of it."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BufferedReader, RawIOBase
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, Literal, cast

from sharegpt_argilla.common.jsonl import STANDARD_STREAM
from sharegpt_argilla.common.object_storage import (
    ObjectReader,
    ObjectState,
    canonical,
    check_unchanged,
    find_objects,
    is_remote,
    shown,
    state_of,
)
from sharegpt_argilla.corpora.formats.base import Corpus, TextCorpus
from sharegpt_argilla.corpora.reading.archives import is_zip, members, open_member, split_member
from sharegpt_argilla.corpora.reading.base import Damaged, Located
from sharegpt_argilla.corpora.reading.compression import (
    MAGIC_LENGTH,
    Decompressed,
    Peekable,
    form_of,
    is_whole,
)
from sharegpt_argilla.corpora.reading.compression import Form as Compression
from sharegpt_argilla.corpora.reading.delimited import is_delimited, read_delimited
from sharegpt_argilla.corpora.reading.json_reader import Batch, JsonReader, first_record
from sharegpt_argilla.corpora.reading.shapes import HEAD, no_data, read_shape, shape_of
from sharegpt_argilla.corpora.reading.tabular import SCHEME, hub_name, read_arrow, read_hub, read_parquet
from sharegpt_argilla.corpora.reading.text_blocks import read_blocks
from sharegpt_argilla.errors import InputError, UsageError

SUFFIXES = (
    *(".json", ".jsonl", ".ndjson", ".parquet", ".arrow", ".csv", ".tsv", ".zip"),
    *(
        f"{suffix}.{packed}"
        for suffix in (".json", ".jsonl", ".ndjson", ".csv", ".tsv")
        for packed in ("gz", "bz2", "xz")
    ),
    ".zst",
)
"""Files that count inside a folder or a zip file. What is in them is found out by reading."""
COMPANIONS = frozenset(
    {
        *("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "package.json"),
        *("user.json", "users.json", "user_settings.json", "message_feedback.json", "model_comparisons.json"),
        *("shared_conversations.json", "export_manifest.json", "group_chats.json", "sora.json", "shopping.json"),
        *("projects.json", "memories.json"),
    }
)
"""Files that go with data sets of the Hub, and with exports of ChatGPT and Claude, and contain no conversation.
Some of them name the person whose account it is."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """The files that inputs name.

    Attributes:
        files: each once, in the order given.
        optional: members of folders and zip files, and companions: one that no corpus fits is skipped.
        skipped: files of folders and zip files that are not read, and why.
    """

    files: Sequence[str]
    optional: frozenset[str] = frozenset()
    skipped: Mapping[str, str] = field(default_factory=dict)


def expand_inputs(inputs: Sequence[str | Path], written: Iterable[str | Path] = ()) -> list[str]:
    """The files that the inputs name, as ``expand`` finds them."""
    return list(expand(inputs, written).files)


def expand(inputs: Sequence[str | Path], written: Iterable[str | Path] = ()) -> Expanded:
    """The files that the inputs name, each once, in the order given; folders and patterns sorted.

    Args:
        inputs: files, zip files (their members), folders (every file at any depth that ends with one of
            ``SUFFIXES``, hidden ones left out), patterns such as ``data/*.json``, URLs of any of these, ``-``, or
            data sets of the Hub (``hf://owner/name`` or ``owner/name``), which stay as they are.
        written: files that the run writes. A folder or pattern leaves them out.

    Raises:
        UsageError: no input, or a file is to be read and written.
        InputError: an input names no file.
    """
    if not inputs:
        raise UsageError("no input: give a file, a folder, a pattern or - for standard input")
    outputs = {_identity(str(path)) for path in written if str(path) != STANDARD_STREAM}
    files: dict[str, str] = {}
    optional: set[str] = set()
    skipped: dict[str, str] = {}
    for given in inputs:
        for file in _files(str(given), outputs, skipped):
            unpacked = _unpacked(file, skipped)
            if unpacked != [file] or Path(given).is_dir() or companion(file) or _is_below(file, str(given)):
                optional.update(unpacked)
            for name in unpacked:
                files.setdefault(_identity(name), name)
    if not files:
        raise InputError(f"{inputs[0]}: nothing that can be read in it{_named(skipped)}")
    return Expanded(list(files.values()), frozenset(optional), skipped)


def _is_below(file: str, given: str) -> bool:
    """Whether an object was found in a folder that was given."""
    return is_remote(given) and canonical(file).startswith(f"{canonical(given).rstrip('/')}/")


def _identity(name: str) -> str:
    """What two names of the same input have in common."""
    if is_remote(name):
        return canonical(name)
    return name if hub_name(name) else str(Path(name).resolve())


def _named(skipped: Mapping[str, str]) -> str:
    names = [Path(name).name for name in skipped]
    return f"; skipped: {', '.join(names[:5])}{' …' if len(names) > 5 else ''}" if names else ""


def _unpacked(file: str, skipped: dict[str, str]) -> list[str]:
    """The members of a zip file that can be read; another file is itself."""
    if file == STANDARD_STREAM or not Path(file).is_file() or not is_zip(Path(file)):
        return [file]
    names: list[str] = []
    for member in members(Path(file)):
        name = f"{file}/{member.filename}"
        why = _unread(Path(member.filename)) or ("a zip file inside a zip file" if _is_zip_name(name) else "")
        if why:
            skipped[name] = why
        else:
            names.append(name)
    return names


def _is_zip_name(name: str) -> bool:
    return name.lower().endswith(".zip")


def _unread(path: Path) -> str:
    """Why a file of a folder is not read; "" for one that is."""
    if why := companion(path):
        return why
    return "" if path.name.lower().endswith(SUFFIXES) else "no kind of file that is read"


def companion(path: str | Path) -> str:
    """Why a file is only read if its records are conversations, though it is named; "" for another file."""
    return "goes with the data and has no conversation" if Path(path).name.lower() in COMPANIONS else ""


def total_size(files: Iterable[str]) -> int | None:
    """Bytes in the files together; None when one of them is a stream."""
    names = list(files)
    if not all(is_remote(name) or Path(name).is_file() for name in names):
        return None
    return sum(state_of(name).size if is_remote(name) else Path(name).stat().st_size for name in names)


def _files(name: str, outputs: set[str], skipped: dict[str, str]) -> list[str]:
    if is_remote(name):
        return _objects(name, outputs, skipped)
    path = Path(name)
    if name == STANDARD_STREAM or name.startswith(SCHEME) or split_member(name) is not None:
        return [name]
    if path.is_dir():
        return _in_folder(path, outputs, skipped)
    if path.exists():
        _check_not_written(name, outputs)
        return [name]
    matches = [match for match in sorted(glob.glob(name, recursive=True)) if Path(match).is_file()]  # noqa: PTH207
    files = [match for match in matches if _identity(match) not in outputs]
    if not files and hub_name(name) and not glob.has_magic(name):
        return [name]
    if not files:
        wanted = "no file matches this pattern" if glob.has_magic(name) else "no such file or folder"
        raise InputError(f"{name}: {wanted}")
    return files


def _check_not_written(name: str, outputs: set[str]) -> None:
    if _identity(name) in outputs:
        raise UsageError(f"{name}: would be read and written in the same run; give another -o or --rejects")


def _objects(url: str, outputs: set[str], skipped: dict[str, str]) -> list[str]:
    """The objects that a URL names; of a folder those that a local folder would give."""
    objects = find_objects(url)
    if objects.names == [url]:
        _check_not_written(url, outputs)
        return objects.names
    names, folder = [name for name in objects.names if name not in outputs], objects.folder
    files: list[str] = [] if folder else names
    for name in names if folder else ():
        path = Path(name.removeprefix(folder))
        if any(part.startswith(".") for part in path.parts):
            continue
        if why := _unread(path):
            skipped[name] = why
        else:
            files.append(name)
    if not files:
        raise InputError(f"{shown(url)}: nothing that can be read in this folder{_named(skipped)}")
    return files


def _in_folder(folder: Path, outputs: set[str], skipped: dict[str, str]) -> list[str]:
    files: list[str] = []
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if hidden or not path.is_file() or _identity(str(path)) in outputs:
            continue
        if why := _unread(path):
            skipped[str(path)] = why
        else:
            files.append(str(path))
    if not files:
        raise InputError(f"{folder}: no .json or .jsonl file in this folder{_named(skipped)}")
    return files


Form = Literal["plain", "compressed", "whole", "member", "parquet", "arrow", "hub", "stream"]
Progress = Callable[[int], None]
Streams = Mapping[str, Peekable]
"""The open streams by the name of their input; they cannot be opened twice."""


@dataclass(frozen=True, slots=True)
class Source:
    """One input.

    Attributes:
        name: as it was given, without the query of a URL; named in the rejects.
        path: absolute, a URL, or the name of a data set.
        form: what it is by its content.
        size: bytes; 0 for a stream and for the Hub.
        modified: time of the last change in ns, of an object its version; 0 for a stream and for the Hub.
    """

    name: str
    path: str
    form: Form
    size: int = 0
    modified: int = 0

    def open(self) -> BinaryIO:
        """The bytes of a file or object, unbuffered.

        Raises:
            InputError: the object cannot be read.
            OSError: the file cannot be read.
        """
        if is_remote(self.path):
            return cast("BinaryIO", ObjectReader(self.path))
        return cast("BinaryIO", Path(self.path).open("rb", buffering=0))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of an input that one worker reads.

    Attributes:
        source: number of the input.
        start: offset in bytes, of a parquet file the number of a row group; the stretch begins with the first
            record that starts there or later.
        stop: the same for the first record that is not in it any more; None for all to the end.
        line: 1-based line at ``start``, of a parquet file the row; 0 when it is not known yet.
        size: bytes of the input in it.
    """

    source: int
    start: int = 0
    stop: int | None = None
    line: int = 1
    size: int = 0


def describe(name: str, streams: dict[str, Peekable], stack: ExitStack) -> Source:
    """What an input is. A stream is opened, put into ``streams``, and closed with the stack.

    Raises:
        InputError: it cannot be read.
    """
    if is_remote(name):
        return _described_object(name)
    try:
        if name == STANDARD_STREAM:
            streams[name] = Peekable(stack.enter_context(os.fdopen(os.dup(sys.stdin.fileno()), "rb")))
            return Source(name, name, "stream")
        if not Path(name).exists() and (member := split_member(name)) is not None:
            status = member[0].stat()
            path = f"{member[0].resolve()}/{member[1]}"
            return Source(name, path, "member", status.st_size, status.st_mtime_ns)
        if not Path(name).exists() and (data_set := hub_name(name)):
            return Source(name, data_set, "hub")
        status = Path(name).stat()
        if not S_ISREG(status.st_mode):
            streams[name] = Peekable(stack.enter_context(os.fdopen(os.open(name, os.O_RDONLY), "rb")))
            return Source(name, name, "stream")
        with Path(name).open("rb") as file:
            head = file.read(HEAD)
            form = form_of(head)
            if not is_whole(file, head, status.st_size):
                form = "plain"
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from error
    return Source(name, str(Path(name).resolve()), _kind(name, head, form), status.st_size, status.st_mtime_ns)


def _described_object(url: str) -> Source:
    state = state_of(url)
    with ObjectReader(url) as file:
        head = file.read(HEAD)
        form = form_of(head)
        if not is_whole(cast("BinaryIO", file), head, state.size):
            form = "plain"
    if form == "zip":
        raise InputError(f"{shown(url)}: zip files are read from this machine only; download it and give the file")
    return Source(shown(url), url, _kind(shown(url), head, form), *state)


def _kind(name: str, head: bytes, form: Compression) -> Form:
    """How a file is read that begins like this.

    Raises:
        InputError: it contains no data.
    """
    if words := no_data(head):
        raise InputError(f"{name}: it is {words}")
    kinds: Mapping[str, Form] = {
        **dict.fromkeys(("gzip", "zstd", "bzip2", "xz", "utf-16"), "compressed"),
        "parquet": "parquet",
        "arrow": "arrow",
    }
    whole = is_delimited(name) or shape_of(head) != ""
    return kinds.get(form, "whole" if whole else "plain")


@contextmanager
def open_source(source: Source, stream: Peekable | None = None) -> Iterator[Peekable]:
    """The bytes of an input that is read as a whole: an open stream, a member of a zip file, or a file."""
    if stream is not None:
        yield stream
    elif source.form == "member":
        with open_member(source.path) as member:
            yield Peekable(member)
    else:
        with BufferedReader(cast("RawIOBase", source.open())) as file:
            yield Peekable(file)


class Reading:
    """The records of one stretch.

    Args:
        source: the input.
        stretch: the part of it.
        corpus: whose records it contains.
        start_line: 1-based line, or row, to start at.
        split: which split of a data set of the Hub.
        stream: the open stream, when the input is one.

    Attributes:
        start: after ``records`` is through: offset of the first record, which lines are counted from where the
            stretch does not know its line.
    """

    def __init__(
        self,
        source: Source,
        stretch: Stretch,
        corpus: Corpus,
        start_line: int = 1,
        split: str = "train",
        stream: Peekable | None = None,
    ) -> None:
        self.start = 0
        self._source = source
        self._stretch = stretch
        self._corpus = corpus
        self._start_line = start_line
        self._split = split
        self._stream = stream
        self._name = "<stdin>" if source.name == STANDARD_STREAM else source.name

    def records(self, progress: Progress | None = None) -> Iterator[Located | Damaged]:
        """Every record and every piece of damaged text, in order.

        Raises:
            InputError: the input cannot be read at all.
        """
        for found in self.batches(progress):
            yield from found.records if isinstance(found, Batch) else (found,)

    def batches(self, progress: Progress | None = None) -> Iterator[Batch | Located | Damaged]:
        """The same, with many records at a time where the input allows that.

        Raises:
            InputError: the input cannot be read at all.
        """
        source, form = self._source, self._source.form
        if is_remote(source.path):
            check_unchanged(source.path, ObjectState(source.size, source.modified))
        if form in {"parquet", "arrow", "hub"}:
            yield from self._rows(progress)
            return
        try:
            if form == "plain" and self._corpus.container == "json":
                yield from self._plain(progress)
            else:
                yield from self._whole(progress)
        except OSError as error:
            raise InputError(f"{self._name}: cannot be read: {error.strerror or error}") from error

    def _rows(self, progress: Progress | None) -> Iterator[Located | Damaged]:
        source, stretch = self._source, self._stretch
        records: Iterator[Located | Damaged]
        if source.form == "hub":
            records = read_hub(source.path, self._split, self._name)
        elif source.form == "arrow":
            records = read_arrow(source.path, self._name)
        else:
            records = read_parquet(source.path, self._name, stretch.start, stretch.stop or 0, stretch.line)
        for record in records:
            if record.line >= self._start_line:
                yield record
        if progress is not None:
            progress(stretch.size)

    def _plain(self, progress: Progress | None) -> Iterator[Batch | Located | Damaged]:
        stretch, is_record = self._stretch, self._corpus.is_record
        with self._source.open() as file:
            start = stretch.start if stretch.line else first_record(file, stretch.start, is_record)
            stop = None if stretch.stop is None else first_record(file, stretch.stop, is_record)
            if stop is not None and start >= stop:
                return
            file.seek(start)
            whole = start == 0 and stop is None
            live = progress if whole else None
            self.start = start
            line = stretch.line or 1
            reader = JsonReader(file, self._name, is_record, start=start, stop=stop, line=line, progress=live)
            if stretch.line > 1:
                reader.skip_lines(0)
            yield from reader.batches()
        if progress is not None and not whole:
            progress(stretch.size)

    def _whole(self, progress: Progress | None) -> Iterator[Batch | Located | Damaged]:
        with open_source(self._source, self._stream) as stream:
            form = form_of(stream.peek(MAGIC_LENGTH))
            if form == "zip" or (form in {"parquet", "arrow"} and self._source.form == "stream"):
                raise InputError(f"{self._name}: {form} cannot be read from a stream; give the file")
            stream.progress = progress
            yield from self._text(stream)

    def _text(self, stream: Peekable) -> Iterator[Batch | Located | Damaged]:
        file, skip = Decompressed(stream, self._name), self._start_line - 1
        line = 1
        text = Peekable(file)
        if isinstance(self._corpus, TextCorpus):
            for record in read_blocks(text, self._name, self._corpus.marker, skip):
                line = record.line
                yield record
        elif (rows := other_records(text, self._name, self._corpus.is_record, self._start_line)) is not None:
            for record in rows:
                line = record.line
                yield record
        else:
            reader = JsonReader(text, self._name, self._corpus.is_record)
            if skip:
                reader.skip_lines(skip)
            yield from reader.batches()
            line = reader.line
        if file.fault:
            yield Damaged(self._name, line, b"", file.fault)


def other_records(
    text: Peekable, name: str, is_record: Callable[[object], bool], first_line: int = 1
) -> Iterator[Located | Damaged] | None:
    """The records of a text that is a table, an object around its array, or lists; None for another text.

    Raises:
        InputError: the text is only a placeholder for a file.
    """
    head = text.peek(HEAD)
    if words := no_data(head):
        raise InputError(f"{name}: it is {words}")
    if is_delimited(name):
        return read_delimited(text, name, first_line)
    return read_shape(text, name, is_record, first_line) if shape_of(head) else None
