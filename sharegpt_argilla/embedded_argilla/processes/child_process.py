"""One child process: start it, see whether it lives, stop it with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

from sharegpt_argilla.embedded_argilla.processes.process_log import rotate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FORGET_AFTER = 60.0
"""Seconds after which a death no longer counts."""

MAX_DELAY = 30.0
"""Longest wait, in seconds, before a child is started again."""


@dataclass
class Child:
    """A process of the embedded Argilla; ``deaths`` are the times, by the monotonic clock, of its last deaths."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    descriptors: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)

    def start(self) -> int:
        """Start it; returns its process id."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        rotate(self.log)
        with self.log.open("ab") as log:
            os.fchmod(log.fileno(), 0o600)
            self.process = subprocess.Popen(  # noqa: S603 - a command of ours
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                pass_fds=self.descriptors,
                umask=0o077,
                # Ctrl-C in the terminal must reach the launcher alone, which stops them in order.
                start_new_session=True,
            )
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def cpu_seconds(self) -> float:
        """Seconds of processor time that it has used so far; 0 when it is gone."""
        if self.process is None:
            return 0.0
        try:
            times = psutil.Process(self.process.pid).cpu_times()
        except psutil.NoSuchProcess:
            return 0.0
        return float(times.user + times.system)

    def note_death(self, now: float) -> None:
        """Remember that it died, and end what it left in its process group, such as rq's scheduler."""
        self.deaths = [moment for moment in self.deaths if now - moment < FORGET_AFTER] + [now]
        if self.process is not None:
            _signal_group(self.process.pid, signal.SIGTERM)

    @property
    def delay(self) -> float:
        """Seconds to wait before the next start: 0.2, doubled with every death within a minute."""
        return min(0.1 * 2.0 ** len(self.deaths), MAX_DELAY)

    @property
    def restart_at(self) -> float:
        """When it may be started again, by the monotonic clock; 0 if it has not died lately."""
        return self.deaths[-1] + self.delay if self.deaths else 0.0

    def ask_to_end(self) -> None:
        """Send SIGTERM, where it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stop(self, patience: float) -> None:
        """Ask it to end; after ``patience`` seconds kill it and whatever it has started."""
        if self.process is None or self.process.poll() is not None:
            return
        family = _descendants(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(max(patience, 0.0))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for process in family:
            if process.is_running():
                process.kill()
        psutil.wait_procs(family, timeout=1.0)


def remaining(deadline: float) -> float:
    """Seconds until ``deadline`` of the monotonic clock, not below 0."""
    return max(deadline - time.monotonic(), 0.0)


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        descendants: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return descendants


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        # PermissionError is macOS' answer for a group that contains nothing but zombies.
        return
