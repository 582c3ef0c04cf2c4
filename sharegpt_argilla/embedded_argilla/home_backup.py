"""Backup and restore of all that cannot be rebuilt.

That is the databases, the owner's file, the credentials sheet and the key. The search index is built again from
the database at the next start.
"""

from __future__ import annotations

import errno
import gzip
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

from sharegpt_argilla.common.atomic_files import flush_path, scratch_folder, tidy
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


def precious_files(home: Home) -> list[Path]:
    """What a backup contains, as the paths that the files have in a home folder; the database comes first."""
    return [home.database, home.activity, home.owner, home.credentials, home.secret_key]


def back_up(home: Home, target: Path, *, replace: bool = False) -> int:
    """Copy the home folder's precious files to ``target``, whole or not at all; a server may run meanwhile.

    Args:
        home: the home folder.
        target: an archive, if its name ends like one, else a folder. Only this user can read it.
        replace: put an archive in the place of an earlier one. While nothing changes, archives are equal.

    Returns:
        The number of records in the copy.

    Raises:
        InputError: there is no database in the home folder or it is damaged, the target exists already, or
            it cannot be written.
    """
    target = target.absolute()
    # Of a backup that was killed at its very end the target is there, and its passwords may be next to it too.
    tidy(target.parent)
    _check(home, target, replace=replace)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(target) as folder:
            copies = [folder / path.name for path in precious_files(home) if path.exists()]
            for copy in copies:
                if copy.suffix == home.database.suffix:
                    _copy_database(home.path / copy.name, copy, target)
                else:
                    shutil.copyfile(home.path / copy.name, copy)
                copy.chmod(0o600)
            records = count_records(copies[0])
            if target.name.endswith(ARCHIVE_ENDINGS):
                _pack(copies, folder / "archive").replace(target)
            else:
                for copy in copies:
                    flush_path(copy)
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


def _no_argilla(home: Home) -> str:
    url = os.environ.get("ARGILLA_API_URL")
    if not url:
        return f"{home.path}: contains no Argilla; name its folder with --home"
    return (
        f"{home.path}: contains no Argilla, and ARGILLA_API_URL names {url}: back up that server's database with "
        "its own tools (pg_dump), or name the home folder of an embedded Argilla with --home"
    )


def _check(home: Home, target: Path, *, replace: bool) -> None:
    database_url = os.environ.get("ARGILLA_DATABASE_URL")
    if database_url and str(home.database) not in database_url:
        raise InputError(
            "ARGILLA_DATABASE_URL names a database of your own; back that up with its own tools, and keep "
            f"the 0600 files of {home.path}"
        )
    if not home.database.exists():
        raise InputError(_no_argilla(home))
    if target.is_dir() and not target.name.endswith(ARCHIVE_ENDINGS) and not any(target.iterdir()):
        return
    if replace and target.is_file() and target.name.endswith(ARCHIVE_ENDINGS):
        return
    if target.exists():
        raise InputError(f"{target}: is there already; a backup overwrites nothing, so choose another name")


_NO_SPACE = ("SQLITE_FULL", "SQLITE_IOERR")
"""Beginnings of SQLite's names for errors of the disk; for a damaged source it has others."""


def _copy_database(source: Path, copy: Path, backup: Path) -> None:
    # One step, so that the copy is the state of one moment; in WAL mode nobody waits for it.
    # https://www.sqlite.org/backup.html
    try:
        with closing(_open(source)) as connection, closing(sqlite3.connect(copy)) as target:
            connection.backup(target)
            # So that the copy is one file, without a log next to it.
            target.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        if str(getattr(error, "sqlite_errorname", "")).startswith(_NO_SPACE):
            raise InputError(f"{backup}: cannot be written: {error}") from error
        raise InputError(f"{source}: the database cannot be copied ({error})") from error
    check_database(copy)


def _open(database: Path) -> sqlite3.Connection:
    # mode=rw: a file that is missing must not be made.
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True, timeout=30)


def _pack(files: list[Path], archive: Path) -> Path:
    descriptor = os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        # Without times, so that equal content makes equal archives.
        with (
            gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w") as packed,
        ):
            for file in files:
                packed.add(file, file.name, filter=_without_time)
        raw.flush()
        os.fsync(raw.fileno())
    return archive


def _without_time(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = 0
    return member


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
        tidy(home.path)
        occupied = [path for path in _belongings(home) if path.exists()]
        if home.database.exists() and not replace:
            raise _occupied(home, occupied)
        with _unpacked(source, home) as folder:
            if not replace:
                # A restore that was killed had not come to the database, its last file.
                occupied = [path for path in occupied if not _is_copy(path, folder / path.name)]
            if occupied and not replace:
                raise _occupied(home, occupied)
            # Before anything is moved: a damaged backup must leave the home folder as it was.
            records = _records_of(source, Home(folder))
            if Home(folder).secret_key.exists():
                secret_key(Home(folder))
            aside = _move_aside(home, occupied) if occupied else None
            for path in sorted(folder.iterdir(), key=lambda path: path.name == home.database.name):
                path.chmod(0o600)
                flush_path(path)
                path.rename(home.path / path.name)
    return records, aside


def _occupied(home: Home, files: list[Path]) -> InputError:
    return InputError(
        f"{home.path}: contains an Argilla already ({files[0].name}); choose another folder with "
        "--home, or move what is there aside with --replace"
    )


def _is_copy(path: Path, copy: Path) -> bool:
    return path.is_file() and copy.is_file() and path.read_bytes() == copy.read_bytes()


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
    with scratch_folder(home.path / "restore") as folder:
        try:
            if source.is_dir():
                for path in precious_files(Home(source)):
                    # A link could lead to any file of this user.
                    if path.is_file() and not path.is_symlink():
                        shutil.copyfile(path, folder / path.name)
            else:
                _unpack(source, folder)
        except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise InputError(f"{home.path}: cannot be written: {error.strerror}") from error
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
