"""Log files of the child processes: rotated when large, never more than a few megabytes in all."""

from __future__ import annotations

import logging
import os
import re
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from io import TextIOWrapper
    from pathlib import Path

MAX_BYTES = 5_000_000
"""A log file is rotated at this size."""

MAX_MESSAGE = 2_000
"""Characters of a message; a request can put megabytes into an address or a value."""

BACKUPS = 2
"""This many older files are kept next to it, as ``.1`` and ``.2``."""

_LEVELS = {"uvicorn": logging.INFO, "rq": logging.INFO, "sharegpt_argilla": logging.INFO}


class ProcessLogHandler(RotatingFileHandler):
    """The log of a whole process: what is printed, and tracebacks of the interpreter, go to the same file."""

    def _open(self) -> TextIOWrapper:
        stream = super()._open()
        os.fchmod(stream.fileno(), 0o600)
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)
        return stream


class WithoutInput(logging.Filter):
    """Keeps what people send out of the log: passwords and texts of refused requests, and query strings."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; none is dropped."""
        refusal = _refusal(record.exc_info[1] if record.exc_info else None)
        if refusal is not None:
            # argilla-server logs the error as a text and as a traceback; both contain the input.
            kinds = sorted({str(each.get("type")) for each in refusal})
            record.msg, record.args = f"a request was refused: {', '.join(kinds)}", ()
            record.exc_info = record.exc_text = None
        elif record.name == "uvicorn.access" and isinstance(record.args, tuple):
            record.args = tuple(arg.partition("?")[0] if isinstance(arg, str) else arg for arg in record.args)
        elif record.exc_info and record.exc_info[1] is not None and record.getMessage() == str(record.exc_info[1]):
            record.msg, record.args = type(record.exc_info[1]).__name__, ()
        message = record.getMessage()
        if "Traceback (most recent call last)" in message:
            # rq logs a job's as a text.
            message = without_messages(message)
            record.msg, record.args = "%s", (message,)
        if len(message) > MAX_MESSAGE:
            record.msg, record.args = f"{message[:MAX_MESSAGE]} …", ()
        return True


class WithoutMessages(logging.Formatter):
    """Shows where an error came from and its type, and not its message, which may contain a person's text."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is logging's
        """The traceback of an error."""
        return without_messages(super().formatException(ei))


def without_messages(text: str) -> str:
    """A text with tracebacks, of whose errors only the types are left. What comes before the first stays."""
    kept, in_frames, before = [], False, True
    for line in text.split("\n"):
        if line.strip() in _HEADINGS or line.lstrip().startswith("Traceback (most recent call last)"):
            in_frames, before = line.lstrip().startswith("Traceback"), False
            kept.append(line)
        elif before or (in_frames and line.startswith(" ")):
            kept.append(line)
        elif in_frames:
            in_frames = False
            kept.append(_TYPE.match(line)[0])  # type: ignore[index]  # it matches every line
    return "\n".join(kept)


_TYPE = re.compile(r"[\w.]*")
_HEADINGS = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)


def _refusal(error: BaseException | None) -> list[Any] | None:
    """The details of a validation error, also where another error came of it. None for any other.

    Known by its name: to import FastAPI would take longer than the whole start of the launcher.
    """
    while error is not None:
        if type(error).__name__.endswith("ValidationError") and hasattr(error, "errors"):
            return list(error.errors())
        error = error.__cause__ or error.__context__
    return None


def log_to(path: Path) -> None:
    """Send everything that this process logs or prints to ``path``: INFO of the server, warnings of the rest."""
    handler = ProcessLogHandler(path, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8")
    handler.setFormatter(WithoutMessages("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(WithoutInput())
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
