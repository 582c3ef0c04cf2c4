"""A backup put back into a home folder."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zlib
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sharegpt_argilla.embedded_argilla.backup import check_database, count_records, precious_files
from sharegpt_argilla.embedded_argilla.home_folder import held
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.settings import Home

if TYPE_CHECKING:
    from collections.abc import Iterator


def put_back(source: Path, home: Home, *, replace: bool = False) -> tuple[int, Path | None]:
    """Put a backup into a home folder that nobody serves. The search index is made anew at the next start.

    Args:
        source: an archive or a folder that `back_up` wrote.
        home: the folder that takes it; it is made where there is none.
        replace: move what the folder holds aside; without it a folder that holds an Argilla is refused.

    Returns:
        The number of records that were put back, and the folder inside the home folder that holds what was
        there before, None where nothing was.

    Raises:
        InputError: the source is no backup, it is damaged, or the home folder holds an Argilla already.
        EmbeddedArgillaError: a server runs on the home folder.
    """
    if not source.exists():
        raise InputError(f"{source}: no such backup")
    with held(home):
        occupied = [path for path in _belongings(home) if path.exists()]
        if occupied and not replace:
            raise InputError(
                f"{home.path}: holds an Argilla already ({occupied[0].name}); choose another folder with --home, "
                "or move what is there aside with --replace"
            )
        with _unpacked(source, home) as folder:
            # Before anything is moved: a damaged backup must leave the home folder as it was.
            check_database(Home(folder).database)
            records = count_records(Home(folder).database)
            aside = _move_aside(home, occupied) if occupied else None
            for path in sorted(folder.iterdir()):
                path.chmod(0o600)
                path.rename(home.path / path.name)
    return records, aside


def _belongings(home: Home) -> list[Path]:
    """All files of the home folder that belong to one state of the database."""
    databases = (home.database, home.activity, home.search_index)
    logs = [path.with_name(path.name + end) for path in databases for end in ("-wal", "-shm")]
    # Redis keeps jobs that name records of this database.
    return [*precious_files(home), home.search_index, *logs, home.path / "redis-queue.aof"]


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
                    if path.is_file():
                        shutil.copyfile(path, folder / path.name)
            else:
                _unpack(source, folder)
        except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
            raise InputError(f"{source}: cannot be read as a backup ({error})") from error
        if not Home(folder).database.exists():
            raise InputError(f"{source}: is no backup of an Argilla; it holds no {home.database.name}")
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
