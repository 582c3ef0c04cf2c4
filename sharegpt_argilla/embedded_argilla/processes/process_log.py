"""Log files of the child processes: rotated when large, never more than a few megabytes in all."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from io import TextIOWrapper
    from pathlib import Path

MAX_BYTES = 5_000_000
"""A log file is rotated at this size."""

BACKUPS = 2
"""This many older files are kept next to it, as ``.1`` and ``.2``."""

_LEVELS = {"uvicorn": logging.INFO, "rq": logging.INFO, "sharegpt_argilla": logging.INFO}


class ProcessLogHandler(RotatingFileHandler):
    """The log of a whole process: what is printed, and tracebacks of the interpreter, go to the same file."""

    def _open(self) -> TextIOWrapper:
        stream = super()._open()
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)
        return stream


def log_to(path: Path) -> None:
    """Send everything that this process logs or prints to ``path``: INFO of the server, warnings of the rest."""
    handler = ProcessLogHandler(path, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)


def rotate(path: Path) -> None:
    """Move ``path`` out of the way when it is large. For writers that open the file anew for every line."""
    if path.exists() and path.stat().st_size > MAX_BYTES:
        path.replace(path.with_name(path.name + ".1"))


def last_line(path: Path) -> str:
    """The last line of a log that is not blank, at most 200 characters of it; empty if there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4_000))
        lines = file.read().decode("utf-8", "replace").split("\n")
    written = [line.strip() for line in lines if line.strip()]
    return written[-1][:200] if written else ""
