"""Backups in object storage or in a private repository of the Hugging Face Hub, under their URLs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from sharegpt_argilla.common.atomic_files import scratch_folder
from sharegpt_argilla.common.object_storage import check_private, download, is_there, shown, upload
from sharegpt_argilla.embedded_argilla.home_backup import ARCHIVE_ENDINGS, back_up, put_back
from sharegpt_argilla.errors import InputError, UsageError
from sharegpt_argilla.settings import Home


def check_archive_url(url: str) -> None:
    """Whether a URL may take a backup, which contains passwords, keys and people's texts.

    Raises:
        UsageError: its name is not that of an archive.
        InputError: it is in a public repository of the Hub, or in one that this account cannot see.
    """
    if not shown(url).endswith(ARCHIVE_ENDINGS):
        raise UsageError(f"{shown(url)}: a backup at a URL is an archive; end its name in .tar.gz")
    check_private(url)


class StoredBackup(NamedTuple):
    """A backup at a URL.

    Attributes:
        records: in it.
        size: in bytes.
        digest: of the archive; equal as long as nothing in the Argilla changes.
        unchanged: it equals the one before, and was not uploaded.
    """

    records: int
    size: int
    digest: str
    unchanged: bool = False


def store_backup(home: Home, url: str, *, replace: bool = False, before: str = "") -> StoredBackup:
    """Back a home folder up to a URL.

    Args:
        home: the home folder.
        url: of the archive.
        replace: put it in the place of an earlier one; without it that is refused.
        before: digest of the backup that is there; one like it is not uploaded again.

    Raises:
        UsageError: the URL is not that of an archive, or its library is not installed.
        InputError: it is refused, there is one already, or there is no sound Argilla in the home folder.
    """
    check_archive_url(url)
    if not home.database.exists():
        raise InputError(f"{home.path}: contains no Argilla; name its folder with --home")
    if not replace and is_there(url):
        raise InputError(f"{shown(url)}: is there already; a backup overwrites nothing, so choose another name")
    # In the home folder: a backup contains passwords, and that of a killed run goes with the next.
    with scratch_folder(home.path / "backup") as folder:
        archive = folder / "backup.tar.gz"
        records = back_up(home, archive)
        with archive.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != before:
            upload(archive, url)
        return StoredBackup(records, archive.stat().st_size, digest, digest == before)


def fetch_backup(url: str, home: Home, *, replace: bool = False) -> tuple[int, Path | None]:
    """Put a backup at a URL into a home folder; see `put_back`.

    Raises:
        UsageError: the library of the URL is not installed.
        InputError: the storage refuses, or as for `put_back`.
    """
    home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with scratch_folder(home.path / "backup") as folder:
        archive = folder / "backup.tar.gz"
        download(url, archive)
        try:
            return put_back(archive, home, replace=replace)
        except InputError as error:
            raise InputError(str(error).replace(str(archive), shown(url))) from None
