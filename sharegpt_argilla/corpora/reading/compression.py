"""Bytes out of a file or a stream, decompressed when their first bytes say that they are compressed."""

from __future__ import annotations

import bz2
import codecs
import lzma
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

import zstandard

from sharegpt_argilla.common.jsonl import STANDARD_STREAM
from sharegpt_argilla.corpora.reading.byte_window import Readable
from sharegpt_argilla.corpora.reading.expansion import ALWAYS_READ, most_expansion, refuse_bomb
from sharegpt_argilla.errors import InputError

Form = Literal["plain", "gzip", "zstd", "bzip2", "xz", "parquet", "arrow", "utf-16", "zip"]
"""What the first bytes of a file say that it is."""

_PARQUET = b"PAR1"
_ARROW_FILE = b"ARROW1"
_ARROW_STREAM = b"\xff\xff\xff\xff"
# RFC 1952, RFC 8878, bzip2 and xz as their tools write them, the Parquet and Arrow formats, the Unicode Standard.
_MAGIC: dict[bytes, Form] = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zX": "xz",
    _PARQUET: "parquet",
    _ARROW_FILE: "arrow",
    _ARROW_STREAM: "arrow",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"PK\x03\x04": "zip",
}
MAGIC_LENGTH = max(map(len, _MAGIC))
_FED = 1 << 12
"""Bytes decompressed at a time, as long as they become no more than ``_MOST_AT_ONCE``."""
_LEAST_FED = 1 << 6
"""Bytes decompressed at first, and of what expands much. Four bytes of zstd can contain 128 KiB of text."""
_LARGEST_ZSTD_WINDOW = 1 << 31
"""Bytes; what ``zstd --long=31`` needs."""
_MOST_AT_ONCE = 1 << 20
"""Bytes that a decompressor with a limit on its output gives at a time."""
_XZ_MEMORY = 1 << 29
"""Bytes; ``xz -9`` needs 65 MiB."""


class Peekable:
    """A stream whose first bytes can be looked at before they are read.

    Args:
        file: the stream.
        progress: is given the number of bytes after each read.
    """

    def __init__(self, file: Readable, progress: Callable[[int], None] | None = None) -> None:
        self.progress = progress
        self._file = file
        self._ahead = b""

    def peek(self, size: int) -> bytes:
        """The next bytes, which stay to be read; fewer than ``size`` only at the end."""
        while len(self._ahead) < size and (data := self._file.read(size - len(self._ahead))):
            self._ahead += data
        return self._ahead[:size]

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        if size < 0:
            data, self._ahead = self._ahead + self._file.read(-1), b""
        elif self._ahead:
            data, self._ahead = self._ahead[:size], self._ahead[size:]
        else:
            data = self._file.read(size)
        if self.progress is not None:
            self.progress(len(data))
        return data


class Decompressed:
    """The text in a stream that may be compressed, in one piece or in several one after the other.

    Args:
        file: the stream.
        name: what is named when it is refused.

    Raises:
        UsageError: the limit on expansion is no number.

    Attributes:
        fault: why reading ended before the compressed data did; "" when it did not.
    """

    def __init__(self, file: Peekable, name: str = "compressed data") -> None:
        self.fault = ""
        self._name = name
        self._feed = _LEAST_FED
        self._packed = self._unpacked = 0
        self._next_look = ALWAYS_READ
        most_expansion()
        form = form_of(file.peek(MAGIC_LENGTH))
        self._file: Readable = _Transcoded(file) if form == "utf-16" else file
        self._new = _DECOMPRESSORS.get(form) if _starts_well(form, file.peek(_LEAST_FED)) else None
        self._decompressor = self._new() if self._new else None
        self._ahead = b""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; none after damaged data.

        Raises:
            InputError: the data expands too far.
        """
        if self._decompressor is None and not self._ahead:
            return b"" if self._new else self._file.read(size)
        pieces, length = [self._ahead], len(self._ahead)
        while (size < 0 or length < size) and self._decompressor is not None:
            pieces.append(self._more(self._decompressor))
            length += len(pieces[-1])
            self._pace(len(pieces[-1]))
        data = b"".join(pieces)
        end = length if size < 0 else size
        self._ahead = data[end:]
        return data[:end]

    def _pace(self, unpacked: int) -> None:
        """Feed less of what expands much, and end with a bomb."""
        self._feed = max(_LEAST_FED, self._feed // 2) if unpacked > _MOST_AT_ONCE else min(_FED, self._feed * 2)
        self._unpacked += unpacked
        if self._unpacked > self._next_look:
            # Not for each piece, which would take a tenth of the time that zstd takes.
            refuse_bomb(self._name, self._packed, self._unpacked)
            self._next_look = self._unpacked + _MOST_AT_ONCE

    def _fed(self) -> bytes:
        data = self._file.read(self._feed)
        self._packed += len(data)
        return data

    def _more(self, decompressor: _Decompressor) -> bytes:
        """What the next few bytes contain. At the end, and from damaged data on, there is no decompressor."""
        held_back = isinstance(decompressor, _HeldBack) and not decompressor.hungry and not decompressor.eof
        compressed = b"" if held_back else decompressor.unused_data or self._fed()
        try:
            if held_back:
                return decompressor.decompress(b"")
            if decompressor.eof and compressed and self._new is not None:
                decompressor = self._decompressor = self._new()
            if compressed:
                return decompressor.decompress(compressed)
            if not decompressor.eof:
                self.fault = "the compressed data ends too early; it was cut off"
        except _ERRORS as error:
            self.fault = f"the compressed data is damaged from here on: {error}"
        self._decompressor = None
        return b""


class _Decompressor(Protocol):
    """What zlib and zstandard have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def _gzip() -> _Decompressor:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)


def _zstd() -> _Decompressor:
    return zstandard.ZstdDecompressor(max_window_size=_LARGEST_ZSTD_WINDOW).decompressobj()


class _HeldBack:
    """A decompressor of bz2 or lzma: gives so much at a time, and keeps what it was fed until that is used up."""

    def __init__(self, inner: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._inner = inner

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def hungry(self) -> bool:
        return self._inner.needs_input

    def decompress(self, data: bytes, /) -> bytes:
        return self._inner.decompress(data, _MOST_AT_ONCE)


def _bzip2() -> _Decompressor:
    return _HeldBack(bz2.BZ2Decompressor())


def _xz() -> _Decompressor:
    return _HeldBack(lzma.LZMADecompressor(memlimit=_XZ_MEMORY))


class _Transcoded:
    """UTF-16 with its mark as UTF-8."""

    def __init__(self, file: Readable) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        self._ended = False

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, about as many as asked for."""
        data = b""
        while not data and not self._ended:
            block = self._file.read(size)
            self._ended = not block
            data = self._decoder.decode(block, self._ended).encode("utf-8", "surrogatepass")
        return data


_ERRORS = (zlib.error, zstandard.ZstdError, lzma.LZMAError, OSError, EOFError, ValueError)
"""What decompressors raise on data that is damaged."""
_DECOMPRESSORS: dict[Form, Callable[[], _Decompressor]] = {
    "gzip": _gzip,
    "zstd": _zstd,
    "bzip2": _bzip2,
    "xz": _xz,
}


def _starts_well(form: Form, head: bytes) -> bool:
    """Whether the first bytes of a file are what its magic says. Text may begin like anything."""
    try:
        return form in _DECOMPRESSORS and _DECOMPRESSORS[form]().decompress(head) is not None
    except _ERRORS:
        return False


def form_of(head: bytes) -> Form:
    """What the first bytes of a file say that it is."""
    return next((form for magic, form in _MAGIC.items() if head.startswith(magic)), "plain")


def is_whole(file: BinaryIO, head: bytes, size: int) -> bool:
    """Whether a file in the Parquet or Arrow format was not cut off, and is not text that begins like one.

    Both formats of files end with the bytes they start with; a stream of Arrow messages gives the length of
    its first, a multiple of eight. Any other file is whole.
    """
    if head.startswith(_ARROW_STREAM):
        length = int.from_bytes(head[4:8], "little")
        return length % 8 == 0 and 0 < length <= size
    for magic in (_PARQUET, _ARROW_FILE):
        if head.startswith(magic):
            file.seek(max(0, size - len(magic)))
            return size > len(magic) and file.read(len(magic)) == magic
    return True


@contextmanager
def open_bytes(path: str | Path) -> Iterator[BinaryIO]:
    """A file, or standard input for ``-``, as it is.

    Raises:
        InputError: it cannot be opened.
    """
    try:
        descriptor = os.dup(sys.stdin.fileno()) if str(path) == STANDARD_STREAM else os.open(path, os.O_RDONLY)
        opened = os.fdopen(descriptor, "rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    with opened as file:
        yield file
