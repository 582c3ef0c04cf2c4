"""The counts of a dataset over time, which Argilla does not store: JSON Lines of snapshots in the home folder."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sharegpt_argilla.argilla_client.server_counts import ServerProgress
from sharegpt_argilla.errors import SharegptArgillaError
from sharegpt_argilla.settings import Home

FOLDER = "dashboard"
"""Folder in the home folder; mode 0700."""

APART = 300.0
"""Minimum seconds between two snapshots."""

SHOWN = 500
"""Maximum number of points of a curve; of more, every n-th is shown."""


@dataclass(frozen=True)
class History:
    """The snapshots of one dataset in one home folder."""

    path: Path

    def add(self, progress: ServerProgress, now: datetime | None = None) -> bool:
        """Store a snapshot unless the last one is younger than `APART`; returns whether it was stored.

        Several processes may do so at the same time.
        """
        now = now or datetime.now(UTC).replace(tzinfo=None)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _apart(now, _last(self.path)):
                return False
            # A line that a crash cut off must not absorb this one.
            file.write(("" if _ends_whole(self.path) else "\n") + json.dumps(_snapshot(progress, now)) + "\n")
        return True

    def is_due(self) -> bool:
        """Whether a snapshot would be stored now."""
        now = datetime.now(UTC).replace(tzinfo=None)
        return not self.path.exists() or _apart(now, _last(self.path))

    def points(self) -> list[Mapping[str, Any]]:
        """The snapshots, oldest first: ``at`` (ISO 8601, UTC), ``total``, ``completed``, responses by status."""
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        snapshots = [line for line in map(_read, lines) if line]
        step = max(1, -(-len(snapshots) // SHOWN))
        return snapshots[::-1][::step][::-1]


def history_of(home: Home, dataset_id: str) -> History:
    """The snapshots of a dataset, which may not exist yet."""
    return History(home.path / FOLDER / f"progress-{dataset_id}.jsonl")


def keep_snapshots(home: Home, datasets: Mapping[str, Callable[[], ServerProgress]]) -> None:
    """Store a snapshot of each dataset whose last one is old enough; errors are ignored.

    Args:
        home: the home folder; if it does not exist, no dashboard was used and nothing is stored.
        datasets: Argilla's id -> function that asks Argilla for the counts.
    """
    for dataset_id, ask in datasets.items() if home.path.is_dir() else ():
        history = history_of(home, dataset_id)
        with suppress(OSError, SharegptArgillaError):
            if history.is_due():
                history.add(ask())


def _snapshot(progress: ServerProgress, now: datetime) -> dict[str, Any]:
    people = progress.people.values()
    return {
        "at": now.isoformat(timespec="seconds"),
        "total": progress.total,
        "completed": progress.completed,
        **{status: sum(person[status] for person in people) for status in ("submitted", "draft", "discarded")},
    }


def _apart(now: datetime, last: datetime) -> bool:
    """Whether another snapshot is due; also where the clock was put back since the last one."""
    return abs((now - last).total_seconds()) >= APART


def _last(path: Path) -> datetime:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4_000))
        lines = file.read().decode("utf-8", "replace").splitlines()
    times = [snapshot["at"] for snapshot in map(_read, lines) if snapshot]
    return datetime.fromisoformat(times[-1]) if times else datetime.min


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        size = path.stat().st_size
        file.seek(max(0, size - 1))
        return size == 0 or file.read(1) == b"\n"


def _read(line: str) -> Mapping[str, Any] | None:
    try:
        snapshot = json.loads(line)
        naive = datetime.fromisoformat(snapshot["at"]).tzinfo is None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return snapshot if naive and isinstance(snapshot, dict) else None
