"""A real embedded Argilla for tests: the launcher in a process of its own, on a home folder of the test's."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil
from sqlalchemy import create_engine

import sharegpt_argilla
from sharegpt_argilla.settings import Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

PATIENCE = float(os.environ.get("TEST_PATIENCE", "120"))
"""Seconds that a test waits for something that takes at most a few: the machine may be busy with other work."""
START_WITHIN = STOP_WITHIN = PATIENCE


@contextmanager
def server_database(home: Home) -> Iterator[Connection]:
    """A transaction in the database of an embedded Argilla, which may run meanwhile."""
    engine = create_engine(f"sqlite:///{home.database}", connect_args={"timeout": PATIENCE})
    with engine.begin() as connection:
        yield connection
    engine.dispose()


class EmbeddedArgilla:
    """One launcher and what can be done to it. Its data outlives it, so it can be started again."""

    def __init__(self, home: Path, port: int | None = None) -> None:
        self.home = Home(home)
        self.port = port or free_port()
        self._launcher: subprocess.Popen[str] | None = None
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed in close()

    def start(self) -> None:
        self._launcher = subprocess.Popen(
            launcher_command("--home", str(self.home.path), "--port", str(self.port)),
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=clean_environment(),
            cwd=package_root(),
        )
        ready, _, _ = select.select([self._launcher.stdout], [], [], START_WITHIN)
        if not ready or not self._launcher.stdout.readline():
            self.kill()
            raise AssertionError(f"the embedded Argilla did not start: {self.errors}")

    @property
    def pid(self) -> int:
        """Process id of the launcher."""
        assert self._launcher is not None
        return self._launcher.pid

    @property
    def errors(self) -> str:
        """All that the launcher wrote to stderr."""
        self._errors.seek(0)
        return self._errors.read()

    @property
    def state(self) -> dict[str, Any]:
        """server.json."""
        return json.loads(self.home.server.read_text(encoding="utf-8"))

    @property
    def api_url(self) -> str:
        return self.state["api_url"]

    @property
    def owner(self) -> dict[str, str]:
        """owner.json."""
        return json.loads(self.home.owner.read_text(encoding="utf-8"))

    @property
    def username(self) -> str:
        return self.owner["username"]

    @property
    def password(self) -> str:
        return self.owner["password"]

    @property
    def api_key(self) -> str:
        return self.owner["api_key"]

    def child_pid(self, name: str) -> int | None:
        """Process id of ``server``, ``worker`` or ``redis``; None before it has started."""
        return next((item["pid"] for item in self.state["processes"] if item["name"] == name), None)

    def wait_for_child(self, name: str, *, other_than: int | None = None) -> int:
        """Wait until a child runs, after a restart one with another process id."""
        wait_until(lambda: self.child_pid(name) not in (None, other_than), f"a {name} process")
        return self.child_pid(name) or 0

    def family(self) -> list[psutil.Process]:
        """The launcher and every process below it."""
        launcher = psutil.Process(self.pid)
        return [launcher, *launcher.children(recursive=True)]

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET with the owner's key."""
        return httpx.get(
            f"{self.api_url}{path}", headers={"X-Argilla-Api-Key": self.api_key}, timeout=PATIENCE, **options
        )

    def sign_in(self) -> str:
        """A token for the owner's password."""
        answer = httpx.post(
            f"{self.api_url}/api/v1/token",
            data={"username": self.username, "password": self.password},
            timeout=PATIENCE,
        )
        answer.raise_for_status()
        return answer.json()["access_token"]

    def kill(self) -> None:
        """kill -9 of the launcher."""
        if self._launcher is not None:
            self._launcher.kill()
            self._reap()

    def kill_server(self) -> None:
        """kill -9 of the server child alone; the launcher starts another."""
        self.kill_child("server")

    def kill_child(self, name: str) -> int:
        """kill -9 of one child; returns its process id."""
        pid = self.child_pid(name)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Clean stop by a signal; returns the launcher's exit status."""
        assert self._launcher is not None
        self._launcher.send_signal(number)
        return self._reap()

    def restart(self) -> None:
        """Stop cleanly if it runs, and start again on the same home and port."""
        self._end()
        self.start()

    def close(self) -> None:
        """Stop it and give everything back."""
        self._end()
        self._errors.close()

    def _end(self) -> None:
        if self._launcher is not None and self._launcher.poll() is None:
            self.stop()

    def _reap(self) -> int:
        assert self._launcher is not None
        try:
            return self._launcher.wait(STOP_WITHIN)
        finally:
            self._launcher.stdout.close()


@contextmanager
def embedded_argilla(home: Path, port: int | None = None) -> Iterator[EmbeddedArgilla]:
    """A running embedded Argilla on ``home``; stopped when the block ends."""
    argilla = EmbeddedArgilla(home, port)
    try:
        argilla.start()
        yield argilla
    finally:
        argilla.close()


def launcher_command(*options: str) -> list[str]:
    return [sys.executable, "-m", "sharegpt_argilla.embedded_argilla", *options]


def clean_environment() -> dict[str, str]:
    """This process's environment without what would configure an Argilla."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ARGILLA_")}


def package_root() -> Path:
    """The folder that ``sharegpt_argilla`` is imported from."""
    return Path(sharegpt_argilla.__file__).parents[1]


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on now, and that stays free while a server of a test is down.

    Ports from 32,768 on are given to every outgoing connection, so one of them may be gone when a killed server is
    started again. Each process of a run has ports of its own, and gives none twice.
    """
    while True:
        port = next(_PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def own_ports() -> Iterator[int]:
    """The ports of this worker of pytest-xdist, each once; two runs on one machine begin at different ones."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = range(16_000 + worker % WORKERS, 32_000, WORKERS)
    start = os.getpid() % len(ports)
    return iter([*ports[start:], *ports[:start]])


WORKERS = 16
"""Processes of one test run that never share a port."""
_PORTS = own_ports()


def gone(process: psutil.Process) -> bool:
    """Whether a process has ended; a zombie is only waiting for its parent to notice."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Look every tenth of a second until ``condition``; AssertionError after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} seconds for {what}"
        time.sleep(0.1)
