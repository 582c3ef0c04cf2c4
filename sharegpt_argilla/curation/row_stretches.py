"""A rows file cut into stretches that several processes read, without parting a conversation."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from sharegpt_argilla.common.object_storage import (
    ObjectReader,
    ObjectState,
    check_unchanged,
    is_remote,
    shown,
    state_of,
)
from sharegpt_argilla.curation.chunks import LONGEST_SESSION, session_of
from sharegpt_argilla.errors import InputError

STRETCH = 16_000_000
"""Most bytes in a stretch: some seconds of work, and few enough stretches for a terabyte."""
LEAST_STRETCH = 2_000_000
"""Least bytes in a stretch: what is done once for each takes little next to it."""
STRETCHES = 64
"""Stretches of a file where they are not too small: enough for several workers to end at about the same time."""


class RowStretch(NamedTuple):
    """A part of a rows file.

    Attributes:
        path: the file, absolute, or a URL.
        start: offset in bytes. The stretch begins at the next line that begins a conversation; at 0 with the file.
        stop: the same for the first line that is not in it any more; None for all to the end.
        state: of an object, which every reader must find; None for a file.
    """

    path: str
    start: int = 0
    stop: int | None = None
    state: ObjectState | None = None


def stretches_of(path: str) -> list[RowStretch]:
    """The stretches of a file or object, in order; the same however many processes read them.

    Raises:
        InputError: it cannot be read.
    """
    if is_remote(path):
        state: ObjectState | None = state_of(path)
        size = state_of(path).size
    else:
        state = None
        try:
            size = Path(path).stat().st_size
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from error
        path = str(Path(path).resolve())
    length = min(STRETCH, max(LEAST_STRETCH, size // STRETCHES))
    # A rest of less than half a stretch belongs to the last one.
    count = max(1, round(size / length))
    return [
        RowStretch(path, number * length, (number + 1) * length if number < count - 1 else None, state)
        for number in range(count)
    ]


def read_stretch(stretch: RowStretch, name: str) -> Iterator[str]:
    """The lines of a stretch, without space at their ends.

    Args:
        stretch: the part of the file.
        name: of the file, in messages.

    Raises:
        InputError: it cannot be read, has changed, or is not UTF-8.
    """
    try:
        with _open(stretch) as file:
            start = _boundary(file, stretch.start)
            stop = None if stretch.stop is None else _boundary(file, stretch.stop)
            file.seek(start)
            limited = io.BufferedReader(_Limited(file, None if stop is None else stop - start))
            with io.TextIOWrapper(limited, "utf-8" if start else "utf-8-sig", newline="") as text:
                for line in text:
                    yield line.strip()
    except UnicodeDecodeError as error:
        raise InputError(f"{shown(name)}: not UTF-8 near byte {error.start}; rows files are UTF-8") from None
    except OSError as error:
        raise InputError(f"{shown(name)}: cannot be read: {error.strerror}") from error


def _open(stretch: RowStretch) -> IO[bytes]:
    if stretch.state is not None:
        check_unchanged(stretch.path, stretch.state)
        return cast("IO[bytes]", io.BufferedReader(ObjectReader(stretch.path)))
    return Path(stretch.path).open("rb")


def _boundary(file: IO[bytes], offset: int) -> int:
    """Offset of the first line behind the one at ``offset`` that begins another conversation."""
    if not offset:
        return 0
    file.seek(offset - 1)
    file.readline()
    start = file.tell()
    before = ""
    for number in range(LONGEST_SESSION + 2):
        line = file.readline()
        session = session_of(line.decode("utf-8", "replace"))
        if not line or (number and (not session or session != before or number > LONGEST_SESSION)):
            break
        before = session
        start += len(line)
    return start


class _Limited(io.RawIOBase):
    """So many bytes of a file from where it is; None for all."""

    def __init__(self, file: IO[bytes], left: int | None) -> None:
        super().__init__()
        self._file = file
        self._left = left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._file.read(len(view) if self._left is None else min(len(view), self._left))
        if self._left is not None:
            self._left -= len(data)
        view[: len(data)] = data
        return len(data)
