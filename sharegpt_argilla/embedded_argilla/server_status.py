"""Whether a server runs on a home folder, what it says of itself, and how to end it."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

from sharegpt_argilla.embedded_argilla.home_backup import count_records
from sharegpt_argilla.embedded_argilla.processes.supervisor import STOP_WITHIN
from sharegpt_argilla.embedded_argilla.server_file import launcher_of, read_server_file
from sharegpt_argilla.errors import EmbeddedArgillaError

if TYPE_CHECKING:
    from sharegpt_argilla.settings import Home

ANSWER_WITHIN = 10.0
"""Seconds that the server may take to say its version."""

STOP_PATIENCE = STOP_WITHIN + 10.0
"""Seconds after which a launcher that was asked to stop counts as stuck: its own limit, and some more."""


@dataclass(frozen=True)
class ServerStatus:
    """What is known of the server of a home folder.

    Attributes:
        home: the home folder.
        running: its launcher runs.
        api_url: where it answers; where it last did if it does not run, empty if it never did.
        since: when it was started, local time; None if it does not run.
        pids: ``launcher``, ``redis``, ``server`` and ``worker`` -> process id, as far as they run.
        version: argilla-server's version; empty if it gave no answer.
        records: records in the home folder's database; None if there is no database.
    """

    home: Home
    running: bool = False
    api_url: str = ""
    since: datetime | None = None
    pids: dict[str, int] = field(default_factory=dict)
    version: str = ""
    records: int | None = None


def server_status(home: Home) -> ServerStatus:
    """Look at server.json, the processes, the database, and ask the server for its version.

    Raises:
        InputError: the database is damaged.
    """
    records = count_records(home.database) if home.database.exists() else None
    file = read_server_file(home)
    if file is None:
        return ServerStatus(home, records=records)
    launcher = launcher_of(file)
    if launcher is None:
        return ServerStatus(home, api_url=file.api_url, records=records)
    children = {item.name: item.pid for item in file.processes if psutil.pid_exists(item.pid)}
    return ServerStatus(
        home,
        running=True,
        api_url=file.api_url,
        since=datetime.fromtimestamp(file.started).astimezone(),
        pids={"launcher": launcher.pid} | dict(sorted(children.items())),
        version=_version(file.api_url),
        records=records,
    )


def stop_server(home: Home, patience: float = STOP_PATIENCE) -> int | None:
    """End the server of a home folder as Ctrl-C does, and wait until all of it has ended.

    Returns:
        The process id of the launcher that was ended; None if no server ran.

    Raises:
        EmbeddedArgillaError: it did not end within ``patience`` seconds.
    """
    file = read_server_file(home)
    launcher = launcher_of(file) if file else None
    if launcher is None:
        return None
    launcher.terminate()
    deadline = time.monotonic() + patience
    while not _ended(launcher):
        if time.monotonic() > deadline:
            raise EmbeddedArgillaError(
                f"process {launcher.pid} did not end within {patience:.0f} seconds; see {home.logs}, "
                f"and `kill -9 {launcher.pid}` ends it: nothing that was answered is lost"
            )
        time.sleep(0.1)
    return launcher.pid


def _ended(process: psutil.Process) -> bool:
    # A zombie has ended; its parent has not asked yet.
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _version(api_url: str) -> str:
    parts = urlsplit(api_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=ANSWER_WITHIN)
    try:
        connection.request("GET", f"{parts.path}/api/v1/version")
        return str(json.loads(connection.getresponse().read(1000))["version"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return ""
    finally:
        connection.close()
