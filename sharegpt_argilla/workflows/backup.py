"""``backup``: a copy of the embedded Argilla, taken while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sharegpt_argilla.embedded_argilla.home_backup import back_up
from sharegpt_argilla.settings import Home, default_home


@dataclass(frozen=True)
class BackupSummary:
    """What ``backup`` wrote.

    Attributes:
        target: the archive or the folder.
        records: records in it.
        size: its size in bytes.
    """

    target: Path
    records: int
    size: int


def backup(target: str | Path, home: Home | None = None) -> BackupSummary:
    """Copy database, accounts and keys to an archive (a name that ends in ``.tar.gz`` or ``.tgz``) or a folder.

    ``home`` defaults to `default_home`.

    Raises:
        InputError: the home folder contains no Argilla or a damaged one, or the target exists already or cannot
            be written.
    """
    path = Path(target)
    records = back_up(home or default_home(), path)
    files = path.iterdir() if path.is_dir() else [path]
    return BackupSummary(path, records, sum(file.stat().st_size for file in files))
