"""What a worker on another machine must have in common with the process that planned the run.

Else rows would be missing or have other ids without an error: a worker that sees a shorter copy of an input finds
no record beyond its end, and another version of this package may hash or pair in another way.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from sharegpt_argilla.common.code_marks import code_mark
from sharegpt_argilla.common.object_storage import is_remote
from sharegpt_argilla.corpora.reading.inputs import Source
from sharegpt_argilla.errors import InputError

T = TypeVar("T")

_ENDS = 1 << 16
"""Bytes at the beginning and at the end of an input that its mark hashes."""
_FILES = frozenset({"plain", "compressed", "whole", "member", "parquet", "arrow"})


class Mark(NamedTuple):
    """What tells a file from another.

    Attributes:
        path: the file.
        size: bytes.
        ends: hash of its beginning and its end.
    """

    path: str
    size: int
    ends: str


@dataclass(frozen=True, slots=True)
class SameInputs:
    """What every worker must find.

    Attributes:
        code: what makes the rows, see ``rows_mark``.
        inputs: path of an input -> what marks its file.
    """

    code: str
    inputs: Mapping[str, Mark]

    @classmethod
    def here(cls, sources: Iterable[Source]) -> SameInputs:
        """As it is in this process.

        Raises:
            InputError: an input cannot be read.
        """
        # What reads an object checks it each time.
        files = (source.path for source in sources if source.form in _FILES and not is_remote(source.path))
        return cls(rows_mark(), {path: _mark(_file_of(path)) for path in files})

    def only(self, sources: Iterable[Source]) -> SameInputs:
        """What a worker must find that reads these inputs: each task is sent with it."""
        marks = {source.path: mark for source in sources if (mark := self.inputs.get(source.path))}
        return SameInputs(self.code, marks)

    def do(self, sources: Iterable[Source], task: Callable[[], T]) -> T:
        """Do the task where all of it is the same.

        Raises:
            InputError: this package or an input is another one here.
        """
        if rows_mark() != self.code:
            raise InputError(
                "another version of sharegpt-argilla or of msgspec than where the command runs; install the same"
                " one on every worker"
            )
        for source in sources:
            if source.path in self.inputs:
                _check(source.name, self.inputs[source.path])
        return task()


def _check(name: str, wanted: Mark) -> None:
    here = _mark(wanted.path)
    if here != wanted:
        same_size = here.size == wanted.size
        how = "has another content" if same_size else f"has {here.size:,} bytes and not {wanted.size:,}"
        raise InputError(f"{name}: {how}; every worker must see the same file")


def rows_mark() -> str:
    """What tells the code that makes and curates rows, and the version of the library that encodes them."""
    return f"msgspec {msgspec.__version__} {code_mark('rows.py', 'corpora', 'curation')}"


def _file_of(path: str) -> str:
    """The file that an input is in: itself, or its zip file."""
    whole = Path(path)
    return path if whole.is_file() else str(next((up for up in whole.parents if up.is_file()), path))


def _mark(path: str) -> Mark:
    try:
        with Path(path).open("rb") as file:
            start = file.read(_ENDS)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _ENDS))
            return Mark(path, size, blake2b(start + file.read(), digest_size=16).hexdigest())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
