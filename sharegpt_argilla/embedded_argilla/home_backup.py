"""Backup and restore of all that cannot be rebuilt.

That is the databases, the owner's file, the credentials sheet and the key. The search index is built again from
the database at the next start.
"""

from __future__ import annotations

import glob
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from sharegpt_argilla.embedded_argilla.environment import secret_key
from sharegpt_argilla.embedded_argilla.home_folder import home_lock
from sharegpt_argilla.embedded_argilla.owner_file import read_owner
from sharegpt_argilla.embedded_argilla.processes.redis_process import QUEUE_FILE, QUEUE_FOLDER
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.settings import Home

if TYPE_CHECKING:
    from collections.abc import Iterator

ARCHIVE_ENDINGS = (".tar.gz", ".tgz")
"""A target whose name ends like this becomes an archive, any other a folder."""


_SCRATCH = ".sharegpt-backup"


def precious_files(home: Home) -> list[Path]:
    """What a backup contains, as the paths that the files have in a home folder; the database comes first."""
    return [home.database, home.activity, home.owner, home.credentials, home.secret_key]


def back_up(home: Home, target: Path) -> int:
    """Copy the home folder's precious files to ``target``, whole or not at all; a server may run meanwhile.

    Args:
        home: the home folder.
        target: an archive, if its name ends like one, else a folder. Only this user can read it.

    Returns:
        The number of records in the copy.

    Raises:
        InputError: there is no database in the home folder or it is damaged, the target exists already, or
            it cannot be written.
    """
    target = target.absolute()
    _check(home, target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _scratch_folder(target) as folder:
            copies = [folder / path.name for path in precious_files(home) if path.exists()]
            for copy in copies:
                if copy.suffix == home.database.suffix:
                    _copy_database(home.path / copy.name, copy)
                else:
                    shutil.copyfile(home.path / copy.name, copy)
                copy.chmod(0o600)
            records = count_records(copies[0])
            if target.name.endswith(ARCHIVE_ENDINGS):
                _pack(copies, folder / "archive").replace(target)
            else:
                folder.rename(target)
    except OSError as error:
        raise InputError(f"{target}: the backup cannot be written ({error.strerror or error})") from error
    return records


def count_records(database: Path) -> int:
    """The number of records in a database file.

    Raises:
        InputError: it is damaged, or no database of an Argilla.
    """
    return int(_ask(database, "SELECT count(*) FROM records"))


def check_database(database: Path) -> None:
    """Read a whole database file.

    Raises:
        InputError: it is damaged.
    """
    if (verdict := _ask(database, "PRAGMA quick_check(1)")) != "ok":
        raise InputError(f"{database}: the database is damaged ({verdict})")


def _ask(database: Path, question: str) -> Any:
    try:
        with closing(_open(database)) as connection:
            return connection.execute(question).fetchone()[0]
    except sqlite3.Error as error:
        raise InputError(f"{database}: no sound database of an Argilla ({error})") from error


def _check(home: Home, target: Path) -> None:
    database_url = os.environ.get("ARGILLA_DATABASE_URL")
    if database_url and str(home.database) not in database_url:
        raise InputError(
            "ARGILLA_DATABASE_URL names a database of your own; back that up with its own tools, and keep "
            f"the 0600 files of {home.path}"
        )
    if not home.database.exists():
        raise InputError(f"{home.path}: contains no Argilla; name its folder with --home")
    if target.is_dir() and not target.name.endswith(ARCHIVE_ENDINGS) and not any(target.iterdir()):
        return
    if target.exists():
        raise InputError(f"{target}: is there already; a backup overwrites nothing, so choose another name")


def _copy_database(source: Path, copy: Path) -> None:
    # One step, so that the copy is the state of one moment; in WAL mode nobody waits for it.
    # https://www.sqlite.org/backup.html
    try:
        with closing(_open(source)) as connection, closing(sqlite3.connect(copy)) as target:
            connection.backup(target)
            # So that the copy is one file, without a log next to it.
            target.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise InputError(f"{source}: the database cannot be copied ({error})") from error
    check_database(copy)


def _open(database: Path) -> sqlite3.Connection:
    # mode=rw: a file that is missing must not be made.
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True, timeout=30)


def _pack(files: list[Path], archive: Path) -> Path:
    descriptor = os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        with tarfile.open(fileobj=raw, mode="w:gz") as packed:
            for file in files:
                packed.add(file, file.name)
        raw.flush()
        os.fsync(raw.fileno())
    return archive


@contextmanager
def _scratch_folder(target: Path) -> Iterator[Path]:
    """A folder next to the target that only this user can enter; gone at the end, unless it became the target.

    Those of backups that were killed are removed first, for they contain passwords; names tell whose they are.
    """
    host = f"{_SCRATCH}-{os.uname().nodename}-"
    for left in target.parent.glob(f"{glob.escape(host)}*-*"):
        process = left.name.removeprefix(host).partition("-")[0]
        if process.isdecimal() and not psutil.pid_exists(int(process)):
            shutil.rmtree(left, ignore_errors=True)
    # mkdtemp gives it mode 0700.
    folder = Path(tempfile.mkdtemp(prefix=f"{host}{os.getpid()}-", dir=target.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_back(source: Path, home: Home, *, replace: bool = False) -> tuple[int, Path | None]:
    """Put a backup into a home folder that nobody serves. The search index is rebuilt at the next start.

    Args:
        source: an archive or a folder that `back_up` wrote.
        home: the folder that takes it; it is made if it does not exist.
        replace: move the content of the folder aside; without it a folder with an Argilla is refused.

    Returns:
        The number of records that were put back, and the folder inside the home folder that contains what was
        there before, None if it was empty.

    Raises:
        InputError: the source is no backup, it is damaged, or the home folder contains an Argilla already.
        EmbeddedArgillaError: a server runs on the home folder.
    """
    if not source.exists():
        raise InputError(f"{source}: no such backup")
    with home_lock(home):
        occupied = [path for path in _belongings(home) if path.exists()]
        if occupied and not replace:
            raise InputError(
                f"{home.path}: contains an Argilla already ({occupied[0].name}); choose another folder with "
                "--home, or move what is there aside with --replace"
            )
        with _unpacked(source, home) as folder:
            # Before anything is moved: a damaged backup must leave the home folder as it was.
            records = _records_of(source, Home(folder))
            if Home(folder).secret_key.exists():
                secret_key(Home(folder))
            aside = _move_aside(home, occupied) if occupied else None
            for path in sorted(folder.iterdir()):
                path.chmod(0o600)
                path.rename(home.path / path.name)
    return records, aside


_TABLES = frozenset({"users", "workspaces", "datasets", "fields", "questions", "records", "responses"})
"""Tables without which a database is none of argilla-server 2."""


def _records_of(source: Path, unpacked: Home) -> int:
    """The number of records in a backup that is whole; errors name the backup, not where it was unpacked."""
    try:
        check_database(unpacked.database)
        _check_tables(unpacked.database)
        if unpacked.owner.exists():
            read_owner(unpacked)
        return count_records(unpacked.database)
    except InputError as error:
        raise InputError(str(error).replace(str(unpacked.path), str(source))) from None


def _check_tables(database: Path) -> None:
    with closing(_open(database)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    if missing := sorted(_TABLES - {name for (name,) in rows}):
        raise InputError(f"{database}: no database of an Argilla; it has no table {missing[0]}")


def _belongings(home: Home) -> list[Path]:
    """All files of the home folder that belong to one state of the database."""
    databases = (home.database, home.activity, home.search_index)
    logs = [path.with_name(path.name + end) for path in databases for end in ("-wal", "-shm")]
    # Redis keeps jobs that name records of this database.
    queues = (home.path / QUEUE_FOLDER, home.path / QUEUE_FILE)
    return [*precious_files(home), home.search_index, *logs, *queues]


def _move_aside(home: Home, files: list[Path]) -> Path:
    now = datetime.now().astimezone()
    aside = Path(tempfile.mkdtemp(prefix=f"before-restore-{now:%Y%m%d-%H%M%S}-", dir=home.path))
    for path in files:
        path.rename(aside / path.name)
    return aside


@contextmanager
def _unpacked(source: Path, home: Home) -> Iterator[Path]:
    """The backup's files in a folder on the home folder's own disk, so that they can be moved in."""
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=home.path) as name:
        folder = Path(name)
        try:
            if source.is_dir():
                for path in precious_files(Home(source)):
                    # A link could lead to any file of this user.
                    if path.is_file() and not path.is_symlink():
                        shutil.copyfile(path, folder / path.name)
            else:
                _unpack(source, folder)
        except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
            raise InputError(f"{source}: cannot be read as a backup ({error})") from error
        if not Home(folder).database.exists():
            raise InputError(f"{source}: is no backup of an Argilla; it contains no {home.database.name}")
        yield folder


def _unpack(archive: Path, folder: Path) -> None:
    """Only the files that a backup has, under their own names: an archive may say anything."""
    names = {path.name for path in precious_files(Home(folder))}
    with tarfile.open(archive, "r:gz") as packed:
        for member in packed:
            content = packed.extractfile(member) if member.name in names and member.isfile() else None
            if content is not None:
                with content, (folder / member.name).open("wb") as file:
                    shutil.copyfileobj(content, file)
