"""Rows as records of Argilla's own SDK: what ``load_records`` would send, without sending it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from sharegpt_argilla.annotation import RecordDraft
from sharegpt_argilla.argilla_client.records_on_server import BATCH, FoundRecord
from sharegpt_argilla.argilla_client.sdk_objects import Record, sdk_record
from sharegpt_argilla.common.jsonl import DEFAULT_REJECTS, RejectsFile, read_rows
from sharegpt_argilla.config import DEFAULT_CONFIG, load_project
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.project.enrichers import EnrichOptions, build_enrichers
from sharegpt_argilla.project.record_loader import LoadSummary, RecordLoader
from sharegpt_argilla.records.plan_file import assigned_records, plan_path
from sharegpt_argilla.records.record_fields import EarlierTurns
from sharegpt_argilla.settings import default_cache


def build_records(
    rows: str | Path,
    config: str | Path = DEFAULT_CONFIG,
    *,
    rejects: str | Path = DEFAULT_REJECTS,
    workers: int = 1,
    no_cache: bool = False,
    on_progress: Callable[[int], None] = lambda _lines: None,
) -> Iterator[Record]:
    """The records that ``load_records`` makes of the rows, in their order, each id once.

    They carry fields, metadata, suggestions and vectors; where the project has an assignment plan, also who
    answers them.

    Args:
        rows: a rows file.
        config: the project file.
        rejects: where unusable lines go; written only when there are any.
        workers: processes that measure texts.
        no_cache: forget what former runs measured and asked, and keep nothing.
        on_progress: called with the number of lines that are done since the last call.

    Raises:
        ConfigError, InputError, CredentialsError: see their docstrings; when the first record is asked for.
    """
    if not Path(rows).is_file():
        raise InputError(f"{rows}: no such file; `sharegpt-argilla extract` writes one")
    project = load_project(config)
    options = EnrichOptions(workers, None if no_cache else default_cache())
    plan = plan_path(project.path, project.config.dataset)
    assigned = assigned_records(plan) if project.config.assignment.on_records else None
    with (
        build_enrichers(project, options, [], assigned) as enrichers,
        RejectsFile(rejects) as rejected,
        closing(EarlierTurns(Path(rows))) as earlier,
    ):
        collected = _Collected()
        summary = LoadSummary(rejects=Path(rejects))
        loader = RecordLoader(collected, project.config, enrichers, earlier, rejected, summary, str(rows))
        lines = read_rows(rows)
        while batch := list(islice(lines, BATCH)):
            loader.load(batch)
            yield from map(sdk_record, collected.take())
            on_progress(len(batch))


class _Collected:
    """In the place of a dataset on a server: an empty one, which keeps what it is sent until it is taken."""

    def __init__(self) -> None:
        self._drafts: list[RecordDraft] = []

    def find(self, _ids: Sequence[str]) -> dict[str, FoundRecord]:
        """No record."""
        return {}

    def upsert(self, drafts: Sequence[RecordDraft], _on_refused: Callable[[RecordDraft, str], None]) -> int:
        """Keep the records; returns how many."""
        self._drafts += drafts
        return len(drafts)

    def take(self) -> list[RecordDraft]:
        """What came since the last call."""
        drafts, self._drafts = self._drafts, []
        return drafts
