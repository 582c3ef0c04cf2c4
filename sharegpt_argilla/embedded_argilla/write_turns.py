"""The write transactions of one process on SQLite take turns.

SQLite lets one transaction write and the others ask again after ever longer pauses, up to 0.1 s: with many people
who answer, the lock is free while everybody sleeps, and who asks last may get it first. Here who wants to write
waits, in the connection's own thread, until the transaction before ends. It is a courtesy among the connections of
a process; who may write is still decided by SQLite, and after its time limit a connection asks it without a turn.
"""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
"""How statements begin before which Python's sqlite3 begins a transaction."""

_TURN = threading.Lock()


class TurnTakingConnection(sqlite3.Connection):
    """A connection whose transactions that write take turns with those of all others in the process."""

    _timeout = 5.0  # what sqlite3 waits for another writer unless it is told otherwise
    _has_turn = False

    def __init__(self, database: str, *, timeout: float = _timeout, **options: Any) -> None:
        super().__init__(database, timeout, **options)
        self._timeout = timeout

    def __del__(self) -> None:
        """A connection that was dropped keeps nobody waiting."""
        self.end_turn()

    def cursor(self, factory: Any = None) -> Any:
        """A cursor whose statements take turns."""
        return super().cursor(_Cursor if factory is None else factory)

    def execute(self, statement: str, parameters: Any = (), /) -> Any:
        """As sqlite3's own, which asks its own method for a cursor, not this one's."""
        return self.cursor().execute(statement, parameters)

    def executemany(self, statement: str, parameters: Iterable[Any], /) -> Any:
        """As sqlite3's own, which asks its own method for a cursor, not this one's."""
        return self.cursor().executemany(statement, parameters)

    def commit(self) -> None:
        """Commit, and let the next one write."""
        try:
            super().commit()
        finally:
            self.end_turn()

    def rollback(self) -> None:
        """Roll back, and let the next one write."""
        try:
            super().rollback()
        finally:
            self.end_turn()

    def close(self) -> None:
        """Close, and let the next one write."""
        try:
            super().close()
        finally:
            self.end_turn()

    def take_turn(self, statement: str) -> None:
        """Wait before the first statement of a transaction that writes."""
        if not self._has_turn and not self.in_transaction and statement.lstrip()[:7].upper().startswith(_WRITES):
            self._has_turn = _TURN.acquire(timeout=self._timeout)

    def end_turn(self) -> None:
        """Let the next one write."""
        if self._has_turn:
            self._has_turn = False
            _TURN.release()


class _Cursor(sqlite3.Cursor):
    connection: TurnTakingConnection

    def execute(self, statement: str, parameters: Any = (), /) -> _Cursor:
        self.connection.take_turn(statement)
        super().execute(statement, parameters)
        return self

    def executemany(self, statement: str, parameters: Iterable[Any], /) -> _Cursor:
        self.connection.take_turn(statement)
        super().executemany(statement, parameters)
        return self


def take_turns(_dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
    """For SQLAlchemy's event ``do_connect``: connections to SQLite take turns."""
    options["factory"] = TurnTakingConnection
