"""The home folder before a server starts on it: usable, empty of old scratch files, and locked by one process."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING

from sharegpt_argilla.common.atomic_files import remove_drafts
from sharegpt_argilla.common.locks import file_lock
from sharegpt_argilla.embedded_argilla.processes.child import scratch_of
from sharegpt_argilla.embedded_argilla.server_file import read_server_file
from sharegpt_argilla.errors import EmbeddedArgillaError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sharegpt_argilla.settings import Home


@contextmanager
def home_lock(home: Home) -> Iterator[None]:
    """Hold the home folder's lock; the kernel lets go of it however this process ends.

    Raises:
        InputError: the folder cannot be made, written or locked.
        EmbeddedArgillaError: another process has it.
    """
    _make_writable(home)
    with ExitStack() as stack:
        try:
            stack.enter_context(file_lock(home.lock, wait=False))
        except BlockingIOError as error:
            raise _taken(home) from error
        except OSError as error:  # some network file systems know no locks
            raise InputError(
                f"{home.lock}: cannot be locked ({error.strerror}); choose a local folder with --home"
            ) from error
        yield


def check_database(home: Home, environ: Mapping[str, str]) -> None:
    """Refuse a home folder whose database is gone: a new one would look as if nobody had ever answered.

    Raises:
        InputError: argilla.db is missing or empty next to an owner.json, which is written after it.
    """
    if environ.get("ARGILLA_DATABASE_URL") or not home.owner.exists():
        return
    if not home.database.exists() or not home.database.stat().st_size:
        what = "is empty" if home.database.exists() else "is missing"
        raise InputError(
            f"{home.database}: {what}, but {home.owner.name} shows that there was an Argilla; put a backup "
            f"back with `sharegpt-argilla restore BACKUP --replace`, or move {home.owner.name} away to begin anew"
        )


def settle_databases(home: Home) -> None:
    """Put what the databases' logs contain into the databases, so that each can be copied as one file.

    For when all processes have ended. What cannot be done, as on a full disk, is done by the next start.
    """
    for database in (home.database, home.search_index):
        if database.exists() and database.with_name(f"{database.name}-wal").exists():
            with suppress(sqlite3.Error), closing(sqlite3.connect(database, timeout=5)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def clean_scratch(home: Home) -> None:
    """Give the server an empty folder for temporary files, and remove drafts that a kill left. Needs the lock."""
    for file in (home.server, home.owner, home.secret_key):
        remove_drafts(file)
    shutil.rmtree(scratch_of(home), ignore_errors=True)
    scratch_of(home).mkdir(mode=0o700, exist_ok=True)


def _make_writable(home: Home) -> None:
    if bad := sorted(set("%?#") & set(str(home.path))):
        raise InputError(
            f'{home.path}: the home folder\'s path contains "{bad[0]}", which argilla-server cannot have in the '
            "address of its database; choose another with --home"
        )
    try:
        home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (home.logs, scratch_of(home)):
            folder.mkdir(mode=0o700, exist_ok=True)
        home.lock.open("a").close()
    except OSError as error:
        raise InputError(
            f"{home.path}: the home folder cannot be written ({error.strerror}); choose another with --home"
        ) from error
    if not os.access(home.path, os.W_OK | os.X_OK):
        raise InputError(f"{home.path}: the home folder cannot be written; choose another with --home")


def _taken(home: Home) -> EmbeddedArgillaError:
    running = read_server_file(home)
    by = f"process {running.pid} at {running.api_url}" if running and running.running else "another process"
    return EmbeddedArgillaError(
        f"{home.path} is already served by {by}; use that one, stop it, or choose another folder with --home"
    )
