"""One export after another, until told to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

from sharegpt_argilla.errors import SharegptArgillaError
from sharegpt_argilla.workflows.export_responses import ExportSummary


def export_periodically(
    export: Callable[[], ExportSummary],
    seconds: float,
    stop: Event,
    on_done: Callable[[ExportSummary], None],
    on_failed: Callable[[str], None],
) -> None:
    """Export now and then every so many seconds, counted from start to start; a failed run changes nothing.

    Args:
        export: one run.
        seconds: from the start of one run to the start of the next; a run that takes longer is followed at once.
        stop: ends it; a run that is under way is finished first.
        on_done: called after each run that ended well.
        on_failed: called after each other, with the reason in one line.
    """
    while not stop.is_set():
        started = time.monotonic()
        try:
            on_done(export())
        except SharegptArgillaError as error:
            on_failed(str(error))
        except Exception as error:  # around one job: the next may do better, and nobody watches a service
            on_failed(f"{type(error).__name__}: {error}".splitlines()[0])
        stop.wait(max(0.0, started + seconds - time.monotonic()))
