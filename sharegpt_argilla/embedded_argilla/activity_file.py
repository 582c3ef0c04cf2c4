"""Measured times in ``activity.db``, where earlier versions kept them: a start takes them into the database."""

from __future__ import annotations

import logging
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import UUID

from argilla_server.database import sync_engine

from sharegpt_argilla.argilla_plugin.active_time import CREDITS, TIMES, put_activity

if TYPE_CHECKING:
    from pathlib import Path

    from sharegpt_argilla.settings import Home

_TIMES = "SELECT dataset, record, person, question, seconds FROM activity"
_CREDITS = "SELECT id, credit, at FROM person"

_LOG = logging.getLogger(__name__)


def take_over_activity(home: Home) -> None:
    """Put the times of the file into the database and remove the file; a damaged one is set aside.

    Needs the newest schema, and no other server. Killed at any moment, the next start finishes the work.
    """
    path = home.activity
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=30)) as file:
            rows = {TIMES: _times(file), CREDITS: _credits(file)}
    except (sqlite3.DatabaseError, ValueError) as error:
        aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        _LOG.warning("%s is damaged (%s); it is now %s, and measuring continues without it", path, error, aside)
        for part in _parts(path):
            part.rename(aside.with_name(aside.name + part.name.removeprefix(path.name)))
        return
    with sync_engine.begin() as db:
        put_activity(db, rows)
    sync_engine.dispose()
    for part in _parts(path):
        part.unlink()
    _LOG.info("%d measured times of %s are in the database now", len(rows[TIMES]), path.name)


def _times(file: sqlite3.Connection) -> list[dict[str, Any]]:
    return [
        {
            "dataset_id": UUID(dataset),
            "record_id": UUID(record),
            "user_id": UUID(person),
            "question": question,
            "seconds": seconds,
        }
        for dataset, record, person, question, seconds in file.execute(_TIMES)
    ]


def _credits(file: sqlite3.Connection) -> list[dict[str, Any]]:
    return [{"user_id": UUID(person), "credit": credit, "at": at} for person, credit, at in file.execute(_CREDITS)]


def _parts(path: Path) -> list[Path]:
    """The file and what SQLite keeps next to it; the file itself comes last."""
    return [part for end in ("-wal", "-shm", "") if (part := path.with_name(path.name + end)).exists()]
