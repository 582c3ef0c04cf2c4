"""``restore``: a backup put back into a home folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sharegpt_argilla.common.object_storage import is_remote, is_there
from sharegpt_argilla.embedded_argilla.home_backup import put_back
from sharegpt_argilla.embedded_argilla.stored_backup import check_archive_url, fetch_backup
from sharegpt_argilla.settings import Home, default_home


@dataclass(frozen=True)
class RestoreSummary:
    """What ``restore`` did.

    Attributes:
        home: the home folder.
        records: how many it has now.
        aside: where its former content is kept; None if it was empty.
        missing: there was no backup, as ``missing_ok`` allows.
    """

    home: Home
    records: int
    aside: Path | None
    missing: bool = False


def restore(
    source: str | Path, home: Home | None = None, *, replace: bool = False, missing_ok: bool = False
) -> RestoreSummary:
    """Put a backup into a home folder; `serve` then rebuilds the search index.

    Args:
        source: the archive, folder or URL that `backup` wrote.
        home: by default `default_home`.
        replace: move what the home folder contains aside first.
        missing_ok: do nothing if there is no such backup yet; storage that cannot be asked is an error then, too.

    Raises:
        UsageError: the library of the URL is not installed.
        InputError: the source is no sound backup, the storage refuses, or the home folder contains an Argilla and
            ``replace`` is false.
        EmbeddedArgillaError: a server runs on the home folder.
    """
    home = home or default_home()
    remote = is_remote(source)
    if remote:
        check_archive_url(str(source))
    if missing_ok and not (is_there(str(source)) if remote else Path(source).exists()):
        return RestoreSummary(home, 0, None, missing=True)
    if remote:
        records, aside = fetch_backup(str(source), home, replace=replace)
    else:
        records, aside = put_back(Path(source), home, replace=replace)
    return RestoreSummary(home, records, aside)
