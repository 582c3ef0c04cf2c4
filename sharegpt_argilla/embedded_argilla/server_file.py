"""server.json: which server runs, or last ran, on a home folder; and the cleanup after one that was killed."""

from __future__ import annotations

import json
import logging
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from sharegpt_argilla.settings import Home, write_private

if TYPE_CHECKING:
    from collections.abc import Iterable

RUNTIME_PREFIX = "sharegpt-argilla-"
"""Prefix of the name of the folder for Redis' socket."""

_CLOCK_TOLERANCE = 2.0
"""Seconds by which two readings of one process's start may differ: Linux derives it from the time of boot,
which moves when the clock is set."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProcessRecord:
    """A child process: its number may be used again, number and start (Unix time) together may not."""

    name: str
    pid: int
    create_time: float


@dataclass
class ServerFile:
    """The content of server.json.

    ``pid`` and ``started`` (Unix time) are the launcher's; ``runtime`` is the folder of Redis' socket.
    """

    api_url: str
    running: bool
    pid: int
    runtime: str = ""
    processes: list[ProcessRecord] = field(default_factory=list)
    started: float = 0.0

    def write(self, home: Home) -> None:
        """Write it to the home folder."""
        write_private(home.server, json.dumps(asdict(self), indent=2) + "\n")


def read_server_file(home: Home) -> ServerFile | None:
    """The content of server.json; None if it does not exist or cannot be read."""
    try:
        content = json.loads(home.server.read_text(encoding="utf-8"))
        content["processes"] = [ProcessRecord(**record) for record in content["processes"]]
        return ServerFile(**content)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def record(name: str, pid: int) -> ProcessRecord:
    """The record of a process that runs now; a process that is gone already gets a start of 0."""
    try:
        return ProcessRecord(name, pid, psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return ProcessRecord(name, pid, 0.0)


def launcher_of(file: ServerFile) -> psutil.Process | None:
    """The launcher that wrote the file, if it still runs; its number alone may be another process's by now."""
    return _still_alive(ProcessRecord("launcher", file.pid, file.started)) if file.running else None


def end_leftovers(home: Home) -> None:
    """End the children of a launcher that was killed, and remove its socket folder. Needs the home's lock."""
    left = read_server_file(home)
    if left is None:
        return
    end_processes(filter(None, (_still_alive(item) for item in left.processes)))
    runtime = Path(left.runtime)
    if runtime.name.startswith(RUNTIME_PREFIX):
        shutil.rmtree(runtime, ignore_errors=True)


def end_processes(processes: Iterable[psutil.Process], patience: float = 3.0) -> None:
    """Terminate these processes, and kill those that are not gone after ``patience`` seconds."""
    asked = list(processes)
    for process in asked:
        _LOG.info("ending process %d (%s)", process.pid, process.name())
        process.terminate()
    _, stubborn = psutil.wait_procs(asked, timeout=patience)
    for process in stubborn:
        process.kill()
    psutil.wait_procs(stubborn, timeout=patience)


def _still_alive(item: ProcessRecord) -> psutil.Process | None:
    """The process of a record, if it runs and is beyond doubt the one that was started.

    Command lines prove nothing here: Redis and rq rewrite theirs.
    """
    try:
        process = psutil.Process(item.pid)
        ours = (
            abs(process.create_time() - item.create_time) < _CLOCK_TOLERANCE
            and process.uids().real == os.getuid()
            and Path(process.exe()).name.startswith(("python", "redis-server"))
        )
    except (psutil.Error, OSError):
        return None
    return process if ours else None
