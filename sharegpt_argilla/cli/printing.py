"""What the commands share when they talk to a terminal: counts, notes, summaries as JSON, progress bars."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sharegpt_argilla.common.plurals import numbered

if TYPE_CHECKING:
    from tqdm import tqdm

_MOST_HELD = 1000
"""Notes that are kept back; `export-responses --every` runs for weeks."""


@dataclass(frozen=True)
class _Manner:
    """How a command speaks: whether its summary is JSON, whether it has bars, and the notes that are kept back."""

    json: bool = False
    bars: bool = True
    held: deque[str] | None = None


_ALOUD = _Manner()
_MANNER: ContextVar[_Manner] = ContextVar("what --quiet and --json ask for", default=_ALOUD)
_COMPRESSED = {".gz", ".zst", ".bz2", ".xz"}


def note(text: str, *, error: bool = False) -> None:
    """One line for the person, on standard error; --quiet and --json keep it back unless it is an error."""
    held = _MANNER.get().held
    if held is None or error:
        print(text, file=sys.stderr)
    else:
        held.append(text)


def warn(warnings: Iterable[str]) -> None:
    """Each as a line of its own on standard error, beginning with ``warning:``; --json has them in the summary."""
    for text in warnings:
        note(f"warning: {text}")


def show(text: str) -> None:
    """One line of what was asked for, on standard output; with --json the summary has it."""
    if not _MANNER.get().json:
        print(text, flush=True)


def tell(summary: object, *lines: str, **more: object) -> None:
    """The end of a command: its lines for the person, or with --json its summary as one line of JSON.

    Args:
        summary: what the command's function returned; its attributes are the keys.
        lines: what a person is told.
        more: keys that are added to those of the summary, or take the place of one.
    """
    for line in lines:
        note(line)
    if _MANNER.get().json:
        # Imported only when asked for, as a command is to start fast.
        from sharegpt_argilla.cli.json_output import json_line  # noqa: PLC0415

        print(json_line(summary, more), flush=True)


def run_quietly(run: Callable[[], int], *, json: bool = False, bars: bool = False) -> int:
    """Run a command without its notes; of one that fails they are printed in the end.

    Args:
        run: the command.
        json: its summary goes to standard output, as JSON, and nothing else does.
        bars: show progress all the same.
    """
    held: deque[str] = deque(maxlen=_MOST_HELD)
    token = _MANNER.set(_Manner(json, bars, held))
    try:
        code = run()
    finally:
        _MANNER.reset(token)
    if code:
        for text in held:
            note(text)
    return code


def shows_progress() -> bool:
    """Whether there is somebody to look at a bar."""
    return sys.stderr.isatty() and _MANNER.get().bars


def counted(*counts: tuple[int, str]) -> str:
    """``4,812 loaded, 3 rejected``: the first count always, the others where they are not 0."""
    return ", ".join(numbered(number, what) for index, (number, what) in enumerate(counts) if number or not index)


class Progress:
    """A bar on standard error: how much is done and how fast, and with a total its share and the time left."""

    def __init__(self, bar: tqdm[None] | None) -> None:
        self._bar = bar

    def __call__(self, count: int) -> None:
        """So much more is done."""
        if self._bar is not None:
            self._bar.update(count)

    def expect(self, total: int) -> None:
        """So much is to be done in all."""
        if self._bar is not None:
            self._bar.total = total
            self._bar.refresh()


@contextmanager
def progress(unit: str, rows: str = "", *, total: int | None = None, scale: bool = False) -> Iterator[Progress]:
    """A bar; silent where standard error is no terminal.

    Args:
        unit: what is counted, in the plural.
        rows: the file whose lines are the total.
        total: the total itself, where it is known by now.
        scale: show thousands as k, millions as M.
    """
    if not shows_progress():
        yield Progress(None)
        return
    # Imported only where a bar is shown: it takes as long as a small file.
    from tqdm import tqdm  # noqa: PLC0415

    class Bar(tqdm):  # type: ignore[type-arg]
        """A bar without a thread of its own: a process with one thread starts its workers in no time."""

        monitor_interval = 0

    total = count_lines(rows) if rows else total
    unit = unit if scale else f" {unit}"
    with Bar(total=total, unit=unit, unit_scale=scale, file=sys.stderr, leave=False) as bar:
        yield Progress(bar)


def count_lines(path: str) -> int | None:
    """Lines of a text file; None for a pipe, a compressed file, and one that cannot be read."""
    file = Path(path)
    if not file.is_file() or file.suffix in _COMPRESSED:
        return None
    try:
        with file.open("rb") as stream:
            return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
    except OSError:
        return None
