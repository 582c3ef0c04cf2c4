"""The embedded server's database: settings of SQLite connections, migrations, indexes and statistics.

Indexes and fixed statistics on the large tables let SQLite plan argilla-server's queries well. Without
statistics it takes any index for a good one, and reads a whole dataset to look up ten records by their ids. At
100,000 records that takes a tenth of a second for every page and every answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import argilla_server
from alembic import command
from alembic.config import Config
from argilla_server.database import async_engine, sync_engine
from argilla_server.settings import settings
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from sharegpt_argilla.embedded_argilla.write_turns import take_turns

if TYPE_CHECKING:
    from sqlalchemy import Connection


_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    # Every id is random, so 500 new records change pages all over a large database: SQLite's own 2 MB of cache
    # are written out and read again several times in one transaction, and a page that each batch changes is copied
    # from the log into the file each time.
    "PRAGMA cache_size = -32000",
    "PRAGMA wal_autocheckpoint = 8000",
)


def share_database() -> None:
    """Have readers of SQLite never wait for a writer (WAL mode), and the writers of this process take turns.

    argilla-server sets ``foreign_keys`` only, and its waits for a locked database are what annotators who
    submit at the same time run into (https://github.com/argilla-io/argilla/issues/5213).
    """
    if settings.database_is_sqlite:
        event.listen(Engine, "connect", _set_up)
        event.listen(async_engine.sync_engine, "do_connect", take_turns)


def migrate() -> None:
    """Bring the schema to argilla-server's newest revision; nothing happens if it is up to date."""
    command.upgrade(alembic_config(), "head")


def alembic_config() -> Config:
    """argilla-server's migrations. Not its alembic.ini: reading it replaces the handlers of this process's log."""
    config = Config()
    config.set_main_option("script_location", str(Path(argilla_server.__file__).parent / "alembic"))
    return config


def _set_up(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for setting in _SETTINGS:
        cursor.execute(setting)
    cursor.close()


_INDEXES = {
    # The list of a dataset's records, their count, and for exports which of them changed.
    "sharegpt_records_of_dataset": "records (dataset_id, inserted_at, id, status, updated_at)",
    # The submitted responses of a record, which decide whether it is complete, and for exports how many there are.
    "sharegpt_responses_to_record": "responses (record_id, status, updated_at)",
    # For exports: what came since the last one.
    "sharegpt_responses_by_time": "responses (updated_at, record_id)",
    "sharegpt_suggestions_by_time": "suggestions (updated_at, record_id)",
}
_FORMER_INDEXES = ("sharegpt_records_listed", "sharegpt_responses_of_record")
"""Of earlier versions of this module; each has the first columns of one above."""

_ROWS = 100_000
_STATISTICS = {
    # How many rows have the same first column, the same first two columns, and so on, in a table of so many rows.
    # The numbers are those of one large dataset; only their order of magnitude counts, and they stay right for a
    # small one, where every plan is a good one.
    "records": {
        "sqlite_autoindex_records_1": "1",
        "sqlite_autoindex_records_2": "1 1",
        "ix_records_external_id": "1",
        "ix_records_dataset_id": "50000",
        "ix_records_status": "50000",
        "sharegpt_records_of_dataset": "50000 1 1 1 1",
    },
    "responses": {
        "sqlite_autoindex_responses_1": "1",
        "sqlite_autoindex_responses_2": "2 1",
        "ix_responses_record_id": "2",
        "ix_responses_user_id": "5000",
        "ix_responses_status": "50000",
        "sharegpt_responses_to_record": "2 2 1",
        "sharegpt_responses_by_time": "1 1",
    },
    "suggestions": {
        "sqlite_autoindex_suggestions_1": "1",
        "sqlite_autoindex_suggestions_2": "2 1",
        "ix_suggestions_record_id": "2",
        "ix_suggestions_question_id": "50000",
        "ix_suggestions_type": "50000",
        "sharegpt_suggestions_by_time": "500 1",
    },
    "vectors": {
        "sqlite_autoindex_vectors_1": "1",
        "sqlite_autoindex_vectors_2": "1 1",
        "ix_vectors_record_id": "1",
        "ix_vectors_vector_settings_id": "50000",
    },
}
"""For SQLite's table ``sqlite_stat1`` (https://www.sqlite.org/fileformat2.html#the_sqlite_stat1_table)."""


def plan_queries() -> None:
    """Make the indexes and write the statistics, where the database is SQLite. Needs the newest schema."""
    if settings.database_is_sqlite:
        with sync_engine.begin() as connection:
            _plan(connection)
        sync_engine.dispose()


def _plan(connection: Connection) -> None:
    for name in _FORMER_INDEXES:
        connection.execute(text(f"DROP INDEX IF EXISTS {name}"))
    for name, columns in _INDEXES.items():
        connection.execute(text(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}"))
    # Makes the table; every other way to make it is refused.
    connection.execute(text("ANALYZE sqlite_master"))
    connection.execute(text("DELETE FROM sqlite_stat1"))
    connection.execute(
        text("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (:table, :index, :statistics)"),
        [
            {"table": table, "index": index, "statistics": f"{_ROWS} {each}"}
            for table, indexes in _STATISTICS.items()
            for index, each in indexes.items()
        ],
    )
    # Connections that are open already read the statistics at their next query.
    connection.execute(text("ANALYZE sqlite_master"))
