"""Many things, a few at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of ``size``, the last one shorter; ``itertools.batched`` needs Python 3.12.

    Raises:
        ValueError: the size is below 1.
    """
    if size < 1:
        raise ValueError(f"batches of {size} items")
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
