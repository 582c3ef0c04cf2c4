"""Rows of a parquet file, a batch at a time."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sharegpt_argilla.common.object_storage import ObjectReader, is_remote
from sharegpt_argilla.corpora.reading.base import Damaged, Located
from sharegpt_argilla.corpora.reading.expansion import refuse_bomb
from sharegpt_argilla.errors import InputError


class Blob(str):
    """An empty text that stands for bytes which are no text, such as a picture in a table."""

    __slots__ = ()


def json_value(value: Any) -> Any:
    """The value as JSON has it.

    Times become ISO 8601, durations seconds, decimals numbers, bytes UTF-8 text or else a ``Blob``; NaN and the
    infinities become null, as in the JSON reader. What is of no known type becomes its text.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    return _other(value)


def _other(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return json_value(int(value) if value == value.to_integral_value() else float(value))
    if isinstance(value, bytes | bytearray):
        return _text(bytes(value))
    return json_value(value.tolist()) if hasattr(value, "tolist") else str(value)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return Blob()


BATCH = 256
"""Rows turned into Python values at a time."""
_BATCH_BYTES = 8 << 20
"""Bytes of rows, about, that are turned into Python values at a time."""
_BLOCKS = 16
"""Blocks of an object that are kept: a row group up to 64 MB is fetched once, its columns in turns."""


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

    A row group that cannot be read is one damaged piece; reading continues with the next.
    Rows are read in small batches, however small the file makes large ones.

    Args:
        path: the file.
        name: the name of the file in what is read.
        start: number of the first row group, from 0.
        stop: number of the first one that is not wanted.
        first_row: 1-based number of the first row in ``start``.

    Raises:
        InputError: the rows expand too far.
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
                for batch in _batches(file, group, name):
                    for item in _values(batch):
                        yield Located(name, row, b"", item)
                        row += 1
            except (ArrowException, OSError, ValueError) as error:
                yield Damaged(name, row, b"", f"row group {group} is not readable: {_short(error)}")
            row = end


def _batches(file: Any, group: int, name: str) -> Iterator[Any]:
    """The batches of a row group, of which the first row tells the size.

    A dictionary of one long text can stand for any number of rows, which is no compression in the metadata.
    """
    metadata = file.metadata.row_group(group)
    packed = sum(metadata.column(number).total_compressed_size for number in range(metadata.num_columns))
    refuse_bomb(name, packed, metadata.total_byte_size)
    first = next(file.iter_batches(1, row_groups=[group], use_threads=False), None)
    size = first.nbytes if first is not None else 0
    unpacked = 0
    for batch in file.iter_batches(min(BATCH, max(1, _BATCH_BYTES // max(1, size))), row_groups=[group]):
        unpacked += batch.nbytes
        refuse_bomb(name, packed, unpacked)
        yield batch


def _values(batch: Any) -> Iterator[Any]:
    """The rows of a batch as JSON values, a few at a time where they are long."""
    size = max(1, batch.nbytes // max(1, batch.num_rows))
    step = min(BATCH, max(1, _BATCH_BYTES // size))
    for start in range(0, batch.num_rows, step):
        with _known_to_be_missing("pytz"):
            items = batch.slice(start, step).to_pylist()
        yield from map(json_value, items)


@contextmanager
def _known_to_be_missing(module: str) -> Iterator[None]:
    """A module that is not installed is not looked for.

    pyarrow imports pytz for each time with a zone, and takes zoneinfo where that fails: a third of all its work.
    """
    if module in sys.modules or find_spec(module) is not None:
        yield
        return
    modules: dict[str, Any] = sys.modules
    modules[module] = None
    try:
        yield
    finally:
        modules.pop(module, None)


def read_arrow(path: str, name: str) -> Iterator[Located | Damaged]:
    """The rows of an Arrow file or stream, as ``save_to_disk`` of ``datasets`` writes it, as JSON values.

    Raises:
        InputError: the rows expand too far. A compressed batch is unpacked as a whole before that can be seen.
    """
    from pyarrow import ArrowException, PythonFile, ipc, memory_map  # noqa: PLC0415 - few inputs need it

    library: Any = ipc
    row, unpacked = 1, 0
    try:
        with PythonFile(ObjectReader(path, _BLOCKS)) if is_remote(path) else memory_map(path) as file:
            packed = file.size()
            try:
                reader = library.open_stream(file)
                batches = iter(reader)
            except (ArrowException, OSError):
                file.seek(0)
                reader = library.open_file(file)
                batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
            for batch in batches:
                unpacked += batch.nbytes
                refuse_bomb(name, packed, unpacked)
                for item in _values(batch):
                    yield Located(name, row, b"", item)
                    row += 1
    except (ArrowException, OSError, ValueError) as error:
        yield Damaged(name, row, b"", f"not readable as Arrow: {_short(error)}")


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:120]


def _open(path: str) -> Any:
    from pyarrow import parquet  # noqa: PLC0415 - few inputs need it

    library: Any = parquet
    return library.ParquetFile(ObjectReader(path, _BLOCKS) if is_remote(path) else path)


SCHEME = "hf://"
"""What may precede the name of a data set."""

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_FILE = re.compile(r"\.(json|jsonl|ndjson|parquet|txt|gz|zst|zip|csv|tsv)$", re.IGNORECASE)


def hub_name(name: str) -> str | None:
    """The data set that an input names: ``hf://owner/name``, or ``owner/name`` where no such file can be.

    None for everything else: a name that ends like a file, or that starts with a folder which is there.
    """
    if name.startswith(SCHEME):
        return name.removeprefix(SCHEME)
    owner = Path(name).parent
    if _NAME.fullmatch(name) and not _FILE.search(name) and not owner.exists():
        return name
    return None


def read_hub(name: str, split: str, shown: str) -> Iterator[Located]:
    """The rows of a data set, as JSON values, in its order; ``line`` is the number of the row.

    Args:
        name: ``owner/name``, or a folder that ``datasets`` can load.
        split: ``train``, and what else the data set has.
        shown: the name of the source in what is read.

    Raises:
        InputError: the data set cannot be read.
    """
    for number, row in enumerate(_rows(name, split, shown), 1):
        yield Located(shown, number, b"", json_value(row))


def _rows(name: str, split: str, shown: str) -> Iterator[dict[str, Any]]:
    from datasets import load_dataset  # noqa: PLC0415 - takes a second, and few inputs need it

    try:
        yield from load_dataset(name, split=split, streaming=True)
    # The library lets through what any of its dozens of builders and network clients raise.
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"{shown}: the data set cannot be read (split {split}): {reason}") from error
