"""``setup_dataset`` and ``load_records`` in one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sharegpt_argilla.config import DEFAULT_CONFIG
from sharegpt_argilla.project.enrichers import EnrichOptions
from sharegpt_argilla.settings import Connection, Home
from sharegpt_argilla.workflows.load_records import DEFAULT_REJECTS, LoadSummary, load_records
from sharegpt_argilla.workflows.setup_dataset import SetupSummary, setup_dataset


class PushSummary(NamedTuple):
    """What ``push_to_argilla`` did.

    Attributes:
        setup: what was made on the server.
        load: what became of the rows.
    """

    setup: SetupSummary
    load: LoadSummary


def push_to_argilla(  # noqa: PLR0913 - the options of both
    rows: str | Path,
    config: str | Path = DEFAULT_CONFIG,
    *,
    connection: Connection | None = None,
    home: Home | None = None,
    rejects: str | Path = DEFAULT_REJECTS,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda _lines: None,
    workers: int = 1,
    no_cache: bool = False,
    scheduler: str | None = None,
    enriching: EnrichOptions | None = None,
) -> PushSummary:
    """Build what is missing on the server, then load every row. Doing it again changes nothing.

    Args:
        rows: a rows file, ``-`` for standard input.
        config: the project file.
        connection: the Argilla; by default the one from the environment, else the embedded one.
        home: the home folder whose credentials sheet takes new passwords; by default the one in force.
        rejects: where unusable lines go.
        dry_run: check and count, make and send nothing.
        on_progress: called with the number of lines that are done since the last call.
        workers: processes that measure texts.
        no_cache: forget what former runs measured and asked, and keep nothing.
        scheduler: address of a Dask scheduler whose workers measure the texts and compute suggestions instead.
        enriching: ``workers`` to ``scheduler`` as one object, which may name another cache folder.

    Raises:
        SharegptArgillaError: what ``setup_dataset`` and ``load_records`` raise.
    """
    setup = setup_dataset(config, connection=connection, home=home, dry_run=dry_run)
    load = load_records(
        rows,
        config,
        connection=connection,
        rejects=rejects,
        dry_run=dry_run,
        on_progress=on_progress,
        workers=workers,
        no_cache=no_cache,
        scheduler=scheduler,
        enriching=enriching,
    )
    return PushSummary(setup, load)
