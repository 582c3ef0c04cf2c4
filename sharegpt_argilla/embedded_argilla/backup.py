"""A copy of all that cannot be made again: the databases, the owner's file, the credentials sheet, the key."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharegpt_argilla.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sharegpt_argilla.settings import Home

ARCHIVE_ENDINGS = (".tar.gz", ".tgz")
"""A target whose name ends like this becomes an archive, any other a folder."""


def precious_files(home: Home) -> list[Path]:
    """What a backup holds, as the paths that the files have in a home folder; the database comes first."""
    return [home.database, home.activity, home.owner, home.credentials, home.secret_key]


def back_up(home: Home, target: Path) -> int:
    """Copy the home folder's precious files to ``target``, whole or not at all; a server may run meanwhile.

    Args:
        home: the home folder.
        target: an archive, if its name ends like one, else a folder. Only this user can read it.

    Returns:
        The number of records in the copy.

    Raises:
        InputError: there is no database in the home folder or it is damaged, the target is there already, or
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
    given = os.environ.get("ARGILLA_DATABASE_URL")
    if given and str(home.database) not in given:
        raise InputError(
            "ARGILLA_DATABASE_URL names a database of your own; back that up with its own tools, and keep "
            f"the 0600 files of {home.path}"
        )
    if not home.database.exists():
        raise InputError(f"{home.path}: holds no Argilla; name its folder with --home")
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
            # So that the copy is one file, without a log beside it.
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
    """A folder beside the target that only this user can enter; gone at the end, unless it became the target."""
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
