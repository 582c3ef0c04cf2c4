"""JSON Lines files: reading line by line, writing whole or not at all, and the file of rejects."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import IO, Any, NamedTuple

import orjson

from sharegpt_argilla.common.atomic_files import atomic_bytes, atomic_text
from sharegpt_argilla.common.object_storage import ObjectReader, is_remote, object_output
from sharegpt_argilla.errors import InputError, RejectedError
from sharegpt_argilla.rows import Row, check_row, holds_text

STANDARD_STREAM = "-"
"""The name that means standard input or output."""

DEFAULT_REJECTS = "rejected.jsonl"
"""Default name of the file that takes what a command rejects."""


class RowLine(NamedTuple):
    """One line of a rows file.

    Attributes:
        number: 1-based.
        text: the line without its line break.
        row: the row in it; None if the line is not a valid row.
        reason: why it is not a valid row.
        end: its line break, as in the file; empty if the last line has none.
    """

    number: int
    text: str
    row: Row | None
    reason: str = ""
    end: str = "\n"


def read_rows(path: str | Path) -> Iterator[RowLine]:
    """Read every line of a rows file; blank lines are skipped.

    Raises:
        InputError: the file cannot be read, or is not UTF-8.
    """
    with open_input(path) as file:
        try:
            for number, line in enumerate(file, 1):
                text = line.rstrip("\r\n")
                if text.strip():
                    yield _row_line(number, text, line[len(text) :])
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: not UTF-8 near byte {error.start}; rows files are UTF-8") from None
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _row_line(number: int, text: str, end: str) -> RowLine:
    try:
        return RowLine(number, text, check_row(_row(text)), end=end)
    except json.JSONDecodeError as error:
        reason = f"not valid JSON: {error.msg} at column {error.colno}"
    except RecursionError:
        reason = "JSON nested too deeply"
    except RejectedError as error:
        reason = str(error)
    return RowLine(number, text, None, reason, end)


def _row(text: str) -> Any:
    """The value in a line. orjson may round numbers, so its result is used for rows that contain only text."""
    try:
        value = orjson.loads(text)
        if holds_text(value):
            return value
    except ValueError:
        pass
    return json.loads(text)


def open_input(path: str | Path, errors: str = "strict") -> IO[str]:
    """Open a file, an object, or standard input for ``-``, as UTF-8 text without its byte order mark.

    Raises:
        InputError: the file cannot be opened.
    """
    if str(path) == STANDARD_STREAM:
        return io.TextIOWrapper(os.fdopen(os.dup(sys.stdin.fileno()), "rb"), encoding="utf-8-sig", errors=errors)
    if is_remote(path):
        stored = io.BufferedReader(ObjectReader(str(path)))
        return io.TextIOWrapper(stored, encoding="utf-8-sig", errors=errors, newline="")
    try:
        return Path(path).open(encoding="utf-8-sig", errors=errors, newline="")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


@contextmanager
def open_output(path: str | Path) -> Iterator[IO[str]]:
    """A text file or object that appears under its name only if the block succeeds; standard output for ``-``.

    Raises:
        InputError: the file cannot be written. An existing file of that name is kept.
    """
    if str(path) == STANDARD_STREAM:
        yield sys.stdout
        sys.stdout.flush()
        return
    if is_remote(path):
        with object_output(str(path)) as sent, io.TextIOWrapper(sent, encoding="utf-8", newline="") as text:
            yield text
        return
    with atomic_text(path) as file:
        yield file


@contextmanager
def open_bytes_output(path: str | Path) -> Iterator[IO[bytes]]:
    """As ``open_output``, for bytes.

    Raises:
        InputError: the file cannot be written. An existing file of that name is kept.
    """
    if str(path) == STANDARD_STREAM:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with object_output(str(path)) if is_remote(path) else atomic_bytes(path) as file:
        yield file


class RejectsFile:
    """The file of rejects: per line a JSON object with file, line, reason and the raw text.

    It is written only if something is rejected, and appears under its name when the block ends, even by an error.

    Attributes:
        path: the file.
        count: number of rejects so far.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.count = 0
        self._open = ExitStack()
        self._file: IO[str] | None = None

    def add(self, file: str, line: int, reason: str, raw: str) -> None:
        """Add a reject. ``raw`` is the original text, so that it can be fixed and read again.

        Raises:
            InputError: the file cannot be written.
        """
        if self._file is None:
            self._file = self._open.enter_context(atomic_text(self.path))
        # ASCII, because the raw text may contain bytes that were not UTF-8.
        line_text = json.dumps({"file": file, "line": line, "reason": reason, "raw": raw}) + "\n"
        try:
            self._file.write(line_text)
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written: {error.strerror or error}") from error
        self.count += 1

    def __enter__(self) -> RejectsFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The rejects are kept if the block fails, too, and then the block's error is the one to raise.
        with suppress(InputError) if error is not None else nullcontext():
            self._open.close()


def rejects_next_to(output: str | Path) -> Path:
    """The default path of a command's rejects: next to its output.

    In the current folder for standard output and for an object.
    """
    elsewhere = str(output) == STANDARD_STREAM or is_remote(output)
    return Path(DEFAULT_REJECTS) if elsewhere else Path(output).with_name(DEFAULT_REJECTS)


@contextmanager
def rereadable(rows: str | Path, writer: str) -> Iterator[Path]:
    """A rows file that can be read twice; standard input and objects are copied to a temporary file.

    Args:
        rows: a file, or ``-``.
        writer: the command that writes such a file, for the message.

    Raises:
        InputError: no such file.
    """
    if str(rows) != STANDARD_STREAM and not is_remote(rows):
        if not Path(rows).is_file():
            raise InputError(f"{rows}: no such file; `sharegpt-argilla {writer}` writes one")
        yield Path(rows)
        return
    with TemporaryDirectory(prefix="sharegpt-argilla-") as folder:
        path = Path(folder) / "rows.jsonl"
        with open_input(rows) as source, path.open("w", encoding="utf-8", newline="") as copy:
            shutil.copyfileobj(source, copy)
        yield path


def left_by_an_earlier_run(path: str | Path, *, written: bool) -> str:
    """The note about a file of rejects or orphans that exists although this run had nothing to write to it.

    Such a file is not changed: it may be an input of this run, or belong to another output in the same folder.

    Args:
        path: the file.
        written: whether this run wrote it.

    Returns:
        A line for the user; "" if nothing needs saying.
    """
    if written or not Path(path).is_file():
        return ""
    return f"{path} is from an earlier run; this one had nothing to put there, and left it as it is"
