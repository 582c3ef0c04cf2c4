"""What --verbose adds on standard error: requests, warnings, where an error arose, and what the run cost."""

from __future__ import annotations

import logging
import resource
import sys
import time
import traceback
from collections.abc import Callable

from sharegpt_argilla.errors import SharegptArgillaError

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_KIBIBYTES = 1 if sys.platform != "darwin" else 1024
"""``ru_maxrss`` is in KiB on Linux and in bytes on macOS."""


def run_verbosely(run: Callable[[], int]) -> int:
    """Run a command with its log on standard error; the last line says what it cost."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.addFilter(_without_query)
    loggers = [logging.getLogger(name) for name in ("sharegpt_argilla", "httpx")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    begin, cpu = time.monotonic(), time.process_time()
    try:
        return run()
    except SharegptArgillaError:
        traceback.print_exc()
        raise
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
        print(_cost(time.monotonic() - begin, time.process_time() - cpu), file=sys.stderr)


def _without_query(record: logging.LogRecord) -> bool:
    """A request is logged without its query, in which people's words may be."""
    if record.name == "httpx" and isinstance(record.args, tuple):
        record.args = tuple(
            part.copy_with(query=None) if hasattr(part, "copy_with") else part for part in record.args
        )
    return True


def _cost(seconds: float, cpu: float) -> str:
    """What the command cost after Python's start and imports; worker processes count in the time alone."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIBIBYTES / 1024
    return f"took {seconds:.2f} s, {cpu:.2f} s of CPU, {size:,.0f} MiB of memory at most"
