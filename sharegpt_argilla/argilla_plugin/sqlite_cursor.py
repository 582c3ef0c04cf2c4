"""A statement on SQLite takes one change of threads instead of four; each costs more than most queries do."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from sharegpt_argilla.argilla_plugin.base import Code, Patch, Replacement

if TYPE_CHECKING:
    from collections.abc import Callable

_CURSOR = "sqlalchemy.dialects.sqlite.aiosqlite:AsyncAdapt_aiosqlite_cursor"


def _at_once(in_steps: Callable[..., Any]) -> Callable[..., None]:
    def execute(cursor: Any, operation: Any, parameters: Any = None) -> None:
        if cursor.server_side:
            in_steps(cursor, operation, parameters)
            return
        connection = cursor._connection
        try:
            result = cursor.await_(connection._execute(_run, connection, operation, parameters))
        except Exception as error:  # SQLAlchemy's own method passes all of them on in the same way
            cursor._adapt_connection._handle_exception(error)
            return
        _store(cursor, *result)

    return execute


def _run(connection: Any, operation: Any, parameters: Any) -> tuple[Any, ...]:
    """Execute and fetch, in aiosqlite's thread: description, last row id, row count, rows."""
    inner = connection._conn.execute(operation, () if parameters is None else parameters)
    try:
        rows = inner.fetchall() if inner.description else ()
        return inner.description, inner.lastrowid, inner.rowcount, rows
    finally:
        inner.close()


def _store(cursor: Any, description: Any, lastrowid: Any, rowcount: int, rows: Any) -> None:
    cursor.description = description
    if description:
        cursor.lastrowid = cursor.rowcount = -1
        cursor._rows = deque(rows)
    else:
        cursor.lastrowid, cursor.rowcount = lastrowid, rowcount


PATCH = Patch(
    name="one change of threads a statement",
    owner="SQLAlchemy",
    reason="SQLAlchemy opens, executes, fetches and closes in four calls, each through aiosqlite's thread",
    upstream="https://github.com/omnilib/aiosqlite/issues/97",
    loss="every statement on SQLite is slower",
    # The first hash of each is that of 2.0.31 to 2.0.41, the second that of 2.0.42 and later, which is annotated.
    # Up to 2.0.30 the rows were a list.
    replaces=(Replacement(f"{_CURSOR}.execute", ("26b0fe0ffcb58b44", "7929064da69a3c3a"), _at_once),),
    relies_on=(
        Code(f"{_CURSOR}.__init__", ("d556e79b5928654d", "4d6b31b1f6eafdaa")),
        Code(f"{_CURSOR}.fetchone", ("4e138546c838192b", "c1015aacb8e8f14f")),
        Code(f"{_CURSOR}.fetchmany", ("57a8a1b02f1ec8d4", "34b98a2459cd58c1")),
        Code(f"{_CURSOR}.fetchall", ("078ef6b5dc836e11", "e095e932882f688f")),
        Code(f"{_CURSOR}.close", ("89d8f849e9c79e5a", "f23c922ffb76c50e")),
        Code("aiosqlite.core:Connection._execute", ("232b91807e59701c",)),
    ),
)
