"""``backup``: a copy of the embedded Argilla, taken while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sharegpt_argilla.common.object_storage import is_remote, shown
from sharegpt_argilla.embedded_argilla.home_backup import back_up
from sharegpt_argilla.embedded_argilla.stored_backup import store_backup
from sharegpt_argilla.settings import Home, default_home


@dataclass(frozen=True)
class BackupSummary:
    """What ``backup`` wrote.

    Attributes:
        target: the archive or the folder, or the URL of the archive.
        records: records in it.
        size: its size in bytes.
        unchanged: nothing has changed since the backup before, so it was not uploaded again.
    """

    target: Path | str
    records: int
    size: int
    unchanged: bool = False


def backup(target: str | Path, home: Home | None = None, *, replace: bool = False) -> BackupSummary:
    """Copy database, accounts and keys to an archive (a name that ends in ``.tar.gz`` or ``.tgz``) or a folder.

    Args:
        target: the archive or folder; or the URL of an archive in object storage or in a private data set
            repository of the Hugging Face Hub (``hf://datasets/owner/name/argilla.tar.gz``).
        home: by default `default_home`.
        replace: put an archive in the place of an earlier one.

    Raises:
        UsageError: the URL is not that of an archive, or its library is not installed.
        InputError: the home folder contains no Argilla or a damaged one, or the target exists already, is public
            or cannot be written.
    """
    return Backups(target, home, replace=replace).make()


class Backups:
    """Backups to one place, one after the other; see `backup`. What has not changed is not uploaded again."""

    def __init__(self, target: str | Path, home: Home | None = None, *, replace: bool = True) -> None:
        self._target = target
        self._home = home or default_home()
        self._replace = replace
        self._digest = ""

    def make(self) -> BackupSummary:
        """Make the next one.

        Raises:
            UsageError, InputError: as for `backup`.
        """
        if is_remote(self._target):
            url = str(self._target)
            stored = store_backup(self._home, url, replace=self._replace, before=self._digest)
            self._digest = stored.digest
            return BackupSummary(shown(url), stored.records, stored.size, stored.unchanged)
        path = Path(self._target)
        records = back_up(self._home, path, replace=self._replace)
        files = path.iterdir() if path.is_dir() else [path]
        return BackupSummary(path, records, sum(file.stat().st_size for file in files))
