"""Writers on SQLite take turns; a turn is given back however a transaction ends, and is a courtesy only."""

from __future__ import annotations

import gc
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.embedded_argilla import write_turns
from sharegpt_argilla.embedded_argilla.write_turns import TurnTakingConnection
from tests.embedded import PATIENCE

WRITE = "INSERT INTO answer VALUES (?)"


def open_database(path: Path, timeout: float = PATIENCE) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path / "answers.db", timeout=timeout, factory=TurnTakingConnection, check_same_thread=False
    )
    connection.execute("CREATE TABLE IF NOT EXISTS answer (number INTEGER UNIQUE)")
    return connection


def is_free() -> bool:
    """Whether nobody has the turn."""
    return not write_turns._TURN.locked()


def commit(connection: Any) -> None:
    connection.commit()


def rollback(connection: Any) -> None:
    connection.rollback()


def close(connection: Any) -> None:
    connection.close()


@pytest.mark.parametrize("end", [commit, rollback, close])
def test_a_turn_ends_with_its_transaction(tmp_path: Path, end: Callable[[Any], None]) -> None:
    connection = open_database(tmp_path)
    connection.execute("  insert INTO answer VALUES (1)")
    connection.executemany(WRITE, [(2,), (3,)])
    assert not is_free()
    end(connection)
    assert is_free()
    connection.close()


@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")  # what the test is about
def test_a_turn_ends_when_its_connection_is_dropped(tmp_path: Path) -> None:
    connection = open_database(tmp_path)
    connection.execute(WRITE, (1,))
    del connection
    gc.collect()
    assert is_free()


def test_a_refused_statement_keeps_its_turn_until_it_is_rolled_back(tmp_path: Path) -> None:
    connection = open_database(tmp_path)
    connection.execute(WRITE, (1,))
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(WRITE, (1,))
    assert not is_free()
    connection.rollback()
    assert is_free()
    connection.close()


def test_readers_wait_for_nobody(tmp_path: Path) -> None:
    writer, reader = open_database(tmp_path), open_database(tmp_path)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute(WRITE, (1,))
    assert reader.execute("SELECT count(*) FROM answer").fetchone() == (0,)
    writer.close()
    reader.close()


def test_the_next_writes_when_the_turn_ends(tmp_path: Path) -> None:
    first, second = open_database(tmp_path), open_database(tmp_path)
    first.execute(WRITE, (1,))

    def write() -> None:
        second.execute(WRITE, (2,))
        second.commit()

    waiting = threading.Thread(target=write)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    first.commit()
    waiting.join(PATIENCE)
    assert not waiting.is_alive()
    assert second.execute("SELECT number FROM answer").fetchall() == [(1,), (2,)]
    first.close()
    second.close()


def test_a_turn_that_is_not_given_back_costs_time_only(tmp_path: Path) -> None:
    connection = open_database(tmp_path, timeout=0.1)
    with write_turns._TURN:
        connection.execute(WRITE, (1,))
        connection.commit()
    assert connection.execute("SELECT number FROM answer").fetchall() == [(1,)]
    assert is_free()
    connection.close()
