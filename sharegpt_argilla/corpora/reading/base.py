"""What reading a file finds: a record, or text that contains none."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Located(NamedTuple):
    """A record and where it starts.

    Attributes:
        file: as the input was given.
        line: 1-based line; the number of the row in a parquet file or a data set of the Hub.
        data: its text in the file; empty where the source contains values, not text.
        value: what the text says.
    """

    file: str
    line: int
    data: bytes
    value: Any

    @property
    def raw(self) -> str:
        """Its text, bytes that are not UTF-8 as lone surrogates; a value as JSON."""
        return self.data.decode("utf-8", "surrogateescape") if self.data else json.dumps(self.value)


class Damaged(NamedTuple):
    """Text that is no record, and why; ``line`` is where it starts."""

    file: str
    line: int
    data: bytes
    reason: str

    @property
    def raw(self) -> str:
        """The text; bytes that are not UTF-8 as lone surrogates."""
        return self.data.decode("utf-8", "surrogateescape")
