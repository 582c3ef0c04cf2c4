"""JSON Lines files: read line by line, written whole or not at all, rejects kept apart."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple

import orjson

from sharegpt_argilla.errors import InputError, RejectedError
from sharegpt_argilla.rows import Row, check_row, holds_text

STANDARD_STREAM = "-"
"""The name that means standard input or output."""


class RowLine(NamedTuple):
    """One line of a rows file.

    Attributes:
        number: 1-based.
        text: the line without its line break.
        row: the row in it; None when it holds none.
        reason: why it holds none.
        end: its line break, as it stands in the file; the last line may have none.
    """

    number: int
    text: str
    row: Row | None
    reason: str = ""
    end: str = "\n"


def read_rows(path: str | Path) -> Iterator[RowLine]:
    """Every line of a rows file, blank lines left out.

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
    """The value in a line. orjson serves where a row holds text alone, as nearly all do: it may round numbers."""
    try:
        value = orjson.loads(text)
        if holds_text(value):
            return value
    except ValueError:
        pass
    return json.loads(text)


def open_input(path: str | Path, errors: str = "strict") -> IO[str]:
    """A file, or standard input for ``-``, as UTF-8 text, a byte order mark left out.

    Raises:
        InputError: it cannot be opened.
    """
    if str(path) == STANDARD_STREAM:
        return io.TextIOWrapper(os.fdopen(os.dup(sys.stdin.fileno()), "rb"), encoding="utf-8-sig", errors=errors)
    try:
        return Path(path).open(encoding="utf-8-sig", errors=errors, newline="")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


@contextmanager
def open_output(path: str | Path) -> Iterator[IO[str]]:
    """A text file that appears under its name only when the block ends well; standard output for ``-``.

    Raises:
        InputError: the file cannot be written. What stood under the name before is then still there.
    """
    if str(path) == STANDARD_STREAM:
        yield sys.stdout
        sys.stdout.flush()
        return
    with _replacing(Path(path)) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        yield file
        _to_disk(file)


@contextmanager
def open_bytes_output(path: str | Path) -> Iterator[IO[bytes]]:
    """As ``open_output``, for bytes.

    Raises:
        InputError: the file cannot be written. What stood under the name before is then still there.
    """
    if str(path) == STANDARD_STREAM:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with _replacing(Path(path)) as draft, draft.open("wb") as file:
        yield file
        _to_disk(file)


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A path to write to, which takes the target's place when the block ends well."""
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield draft
        draft.replace(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)


def _to_disk(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())


class RejectsFile:
    """The file that takes what was rejected: one JSON object a line with file, line, reason and the raw text.

    It is written only when something is rejected, and takes its name when the block ends, well or not.

    Attributes:
        count: how many were rejected so far.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.count = 0
        self._draft = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        self._file: IO[str] | None = None

    def add(self, file: str, line: int, reason: str, raw: str) -> None:
        """Keep one reject. ``raw`` is what stood in the file, so that it can be mended and read again."""
        if self._file is None:
            try:
                self._file = self._draft.open("w", encoding="utf-8", newline="\n")
            except OSError as error:
                raise InputError(f"{self.path}: cannot be written: {error.strerror}") from error
        # ASCII, because the raw text may hold bytes that were not UTF-8.
        self._file.write(json.dumps({"file": file, "line": line, "reason": reason, "raw": raw}) + "\n")
        self.count += 1

    def __enter__(self) -> RejectsFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._draft.replace(self.path)


def left_by_an_earlier_run(path: str | Path, *, written: bool) -> str:
    """What to say of a file of rejects or orphans that stands there although this run had nothing to put into it.

    Such a file is left alone: it may be what this run has read, or belong to another output in the same folder.

    Args:
        path: of the file.
        written: whether this run wrote it.

    Returns:
        A line for a person; "" where nothing needs saying.
    """
    if written or not Path(path).is_file():
        return ""
    return f"{path} is from an earlier run; this one had nothing to put there, and left it as it is"
