"""``restore``: a backup put back into a home folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sharegpt_argilla.embedded_argilla.home_backup import put_back
from sharegpt_argilla.settings import Home, default_home


@dataclass(frozen=True)
class RestoreSummary:
    """What ``restore`` did.

    Attributes:
        home: the home folder.
        records: how many it has now.
        aside: where its former content is kept; None if it was empty.
    """

    home: Home
    records: int
    aside: Path | None


def restore(source: str | Path, home: Home | None = None, *, replace: bool = False) -> RestoreSummary:
    """Put a backup into a home folder, by default `default_home`; `serve` then rebuilds the search index.

    Raises:
        InputError: the source is no sound backup, or the home folder contains an Argilla and ``replace`` is false.
        EmbeddedArgillaError: a server runs on the home folder.
    """
    home = home or default_home()
    records, aside = put_back(Path(source), home, replace=replace)
    return RestoreSummary(home, records, aside)
