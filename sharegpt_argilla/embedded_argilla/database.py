"""argilla-server's database, from outside: its own migrations, and SQLite's settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import argilla_server
from alembic import command
from alembic.config import Config
from argilla_server.settings import settings
from sqlalchemy import event
from sqlalchemy.engine import Engine

_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    # Every id is random, so 500 new records change pages all over a large database: SQLite's own 2 MB of cache
    # are written out and read again several times in one transaction, and a page that each batch changes is copied
    # from the log into the file each time.
    "PRAGMA cache_size = -32000",
    "PRAGMA wal_autocheckpoint = 8000",
)


def use_write_ahead_log() -> None:
    """Open every SQLite connection of this process in WAL mode: readers then never wait for a writer.

    argilla-server sets ``foreign_keys`` only, and its waits for a locked database are what annotators who
    submit at the same time run into (https://github.com/argilla-io/argilla/issues/5213).
    """
    if settings.database_is_sqlite:
        event.listen(Engine, "connect", _set_up)


def migrate() -> None:
    """Bring the schema to argilla-server's newest revision; a database that is up to date is left alone."""
    # Not argilla-server's alembic.ini: reading it replaces the handlers of this process's log.
    config = Config()
    config.set_main_option("script_location", str(Path(argilla_server.__file__).parent / "alembic"))
    command.upgrade(config, "head")


def _set_up(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for setting in _SETTINGS:
        cursor.execute(setting)
    cursor.close()
