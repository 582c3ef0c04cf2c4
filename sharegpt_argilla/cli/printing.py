"""What the commands share when they talk to a terminal: counts, notes, progress bars."""

from __future__ import annotations

import re
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from tqdm import tqdm

_HELD: ContextVar[deque[str] | None] = ContextVar("notes that --quiet keeps back", default=None)
_MOST_HELD = 1000
"""Notes that are kept back; `export-responses --every` runs for weeks."""
_SINGULAR = {
    "lines that are no row, kept as they are": "line that is no row, kept as it is",
    "lines that are no row": "line that is no row",
    "submitted responses are drafts": "submitted response is a draft",
    "people": "person",
} | {
    f"{noun}s": noun
    for noun in (
        *(
            "account",
            "annotated row",
            "answer",
            "check",
            "conversation",
            "dataset",
            "difference",
            "file",
            "place",
            "question",
        ),
        *("record", "response", "row", "suggestion", "turn", "vector", "workspace"),
    )
}
"""Plural -> singular of what is counted; of two that fit the first one counts."""


def note(text: str, *, error: bool = False) -> None:
    """One line for the person, on standard error; --quiet keeps it back unless it is an error."""
    held = _HELD.get()
    if held is None or error:
        print(text, file=sys.stderr)
    else:
        held.append(text)


def run_quietly(run: Callable[[], int]) -> int:
    """Run a command without its notes and bars; of one that fails the notes are printed in the end."""
    held: deque[str] = deque(maxlen=_MOST_HELD)
    token = _HELD.set(held)
    try:
        code = run()
    finally:
        _HELD.reset(token)
    if code:
        for text in held:
            note(text)
    return code


def shows_progress() -> bool:
    """Whether there is somebody to look at a bar."""
    return sys.stderr.isatty() and _HELD.get() is None


def counted(*counts: tuple[int, str]) -> str:
    """``4,812 loaded, 3 rejected``: the first count always, the others where they are not 0."""
    return ", ".join(numbered(number, what) for index, (number, what) in enumerate(counts) if number or not index)


def numbered(number: int, what: str) -> str:
    """``2 training rows``, ``1 training row``: `what` is in the plural, and a file may follow it behind ``->``."""
    things, arrow, file = what.partition(" -> ")
    if number == 1 and not things.startswith("of "):
        plural = next((plural for plural in _SINGULAR if re.search(rf"\b{plural}\b", things)), "")
        things = things.replace(plural, _SINGULAR[plural], 1) if plural else things
    return f"{number:,} {things}{arrow}{file}"


@contextmanager
def progress(unit: str) -> Iterator[Callable[[int], None]]:
    """A bar on standard error that the given function moves on; silent where that is no terminal."""
    with tqdm(unit=f" {unit}", file=sys.stderr, disable=not shows_progress(), leave=False) as bar:

        def advance(count: int) -> None:
            bar.update(count)

        yield advance
