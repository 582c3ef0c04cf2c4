"""Commands with ``--every``: a job again and again until SIGTERM or Ctrl-C, each line with its time."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from threading import Event
from types import FrameType
from typing import TypeVar

from sharegpt_argilla.cli.printing import note
from sharegpt_argilla.common.periodic import repeat
from sharegpt_argilla.responses.working_time import read_length

T = TypeVar("T")


def run_service(job: Callable[[], T], every: str, on_done: Callable[[T], None]) -> None:
    """Do a job every so often, such as ``5m``, until the process is told to end; failures are logged.

    Raises:
        UsageError: ``every`` has another form.
    """
    seconds, stop = read_length(every), Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    repeat(job, seconds, stop, on_done, lambda reason: log(f"failed, next try in {every}: {reason}", error=True))


def log(text: str, *, error: bool = False) -> None:
    """One line with its time in UTC, at once in the log of whoever started the service."""
    note(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}", error=error)
    sys.stderr.flush()
