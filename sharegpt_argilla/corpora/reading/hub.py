"""Data sets of the Hugging Face Hub, streamed with the ``datasets`` library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sharegpt_argilla.corpora.reading.found import Located
from sharegpt_argilla.corpora.reading.json_values import json_value
from sharegpt_argilla.errors import InputError

SCHEME = "hf://"
"""What may stand before the name of a data set."""

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_FILE = re.compile(r"\.(json|jsonl|ndjson|parquet|txt|gz|zst|zip|csv|tsv)$", re.IGNORECASE)


def hub_name(given: str) -> str | None:
    """The data set that an input names: ``hf://owner/name``, or ``owner/name`` where no such file can be.

    None for everything else: a name that ends like a file, or that starts with a folder which is there.
    """
    if given.startswith(SCHEME):
        return given.removeprefix(SCHEME)
    owner = Path(given).parent
    if _NAME.fullmatch(given) and not _FILE.search(given) and not owner.exists():
        return given
    return None


def read_hub(name: str, split: str, shown: str) -> Iterator[Located]:
    """The rows of a data set, as JSON values, in its order; ``line`` is the number of the row.

    Args:
        name: ``owner/name``, or a folder that ``datasets`` can load.
        split: ``train``, and what else the data set has.
        shown: stands in what is found.

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
