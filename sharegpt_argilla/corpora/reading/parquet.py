"""Rows of a parquet file, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sharegpt_argilla.corpora.reading.found import Damaged, Located
from sharegpt_argilla.corpora.reading.json_values import json_value

BATCH = 256
"""Rows turned into Python values at a time."""


def row_groups(path: str) -> list[tuple[int, int]]:
    """Rows and uncompressed bytes of every row group; one empty group when the file cannot be read."""
    from pyarrow import ArrowException  # noqa: PLC0415 - few inputs need it

    try:
        with _open(path) as file:
            groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
            return [(group.num_rows, group.total_byte_size) for group in groups]
    except (ArrowException, OSError):
        return [(0, 0)]


def read_parquet(path: str, name: str, start: int, stop: int, first_row: int) -> Iterator[Located | Damaged]:
    """The rows of the row groups from ``start`` up to ``stop``, as JSON values.

    A row group that cannot be read is one piece of damage; reading goes on with the next.

    Args:
        path: the file.
        name: stands in what is found.
        start: number of the first row group, from 0.
        stop: number of the first one that is not wanted.
        first_row: 1-based number of the first row in ``start``.
    """
    from pyarrow import ArrowException  # noqa: PLC0415 - few inputs need it

    row = first_row
    try:
        file = _open(path)
    except (ArrowException, OSError) as error:
        yield Damaged(name, row, b"", f"not readable as parquet: {_short(error)}")
        return
    with file:
        for group in range(start, stop):
            end = row + file.metadata.row_group(group).num_rows
            try:
                for batch in file.iter_batches(BATCH, row_groups=[group]):
                    for item in batch.to_pylist():
                        value = json_value(item)
                        yield Located(name, row, b"", value)
                        row += 1
            except (ArrowException, OSError, ValueError) as error:
                yield Damaged(name, row, b"", f"row group {group} is not readable: {_short(error)}")
            row = end


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:120]


def _open(path: str) -> Any:
    from pyarrow import parquet  # noqa: PLC0415 - few inputs need it

    library: Any = parquet
    return library.ParquetFile(path)
