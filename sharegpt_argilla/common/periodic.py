"""A job that is done again and again, by a service that nobody watches."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from sharegpt_argilla.errors import SharegptArgillaError

T = TypeVar("T")


def repeat(
    job: Callable[[], T],
    seconds: float,
    stop: Event,
    on_done: Callable[[T], None],
    on_failed: Callable[[str], None],
) -> None:
    """Do a job now and then every so many seconds, counted from start to start.

    Args:
        job: changes nothing when it fails.
        seconds: from the start of one run to the start of the next; a run that takes longer is followed at once.
        stop: ends it; a run that is under way is finished first.
        on_done: called after each run that ended well.
        on_failed: called after each other, with the reason in one line.
    """
    while not stop.is_set():
        started = time.monotonic()
        try:
            on_done(job())
        except SharegptArgillaError as error:
            on_failed(str(error))
        except Exception as error:  # around one job: the next may do better, and nobody watches a service
            on_failed(f"{type(error).__name__}: {error}".splitlines()[0])
        stop.wait(max(0.0, started + seconds - time.monotonic()))
