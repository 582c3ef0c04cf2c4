"""What the commands share when they talk to a terminal: counts, notes, progress bars."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


def note(text: str) -> None:
    """One line for the person, on standard error."""
    print(text, file=sys.stderr)


def counted(*counts: tuple[int, str]) -> str:
    """``4,812 loaded, 3 rejected``: the first count always, the others where they are not 0."""
    return ", ".join(f"{number:,} {what}" for index, (number, what) in enumerate(counts) if number or not index)


@contextmanager
def progress(unit: str) -> Iterator[Callable[[int], None]]:
    """A bar on standard error that the given function moves on; silent where that is no terminal."""
    with tqdm(unit=f" {unit}", file=sys.stderr, disable=not sys.stderr.isatty(), leave=False) as bar:

        def advance(count: int) -> None:
            bar.update(count)

        yield advance
