"""Rows as records of Argilla's SDK: the records that ``load_records`` would send, without sending them."""

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
from sharegpt_argilla.records.earlier_turns import EarlierTurns
from sharegpt_argilla.records.plan_file import assigned_records, plan_path
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
    """The records that ``load_records`` makes from the rows, in their order, each id once.

    They contain fields, metadata, suggestions and vectors; if the project has an assignment plan, also who answers
    them.

    Args:
        rows: a rows file.
        config: the project file.
        rejects: the file of unusable lines; written only if there are any.
        workers: processes that measure texts.
        no_cache: ignore what earlier runs measured and asked, and store nothing.
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
    """A stand-in for an empty dataset on a server; keeps the records that it is sent until they are taken."""

    def __init__(self) -> None:
        self._drafts: list[RecordDraft] = []

    def find(self, _ids: Sequence[str]) -> dict[str, FoundRecord]:
        """No record."""
        return {}

    def upsert(self, drafts: Sequence[RecordDraft], _on_refused: Callable[[RecordDraft, str], None]) -> int:
        """Keep the records; returns their number."""
        self._drafts += drafts
        return len(drafts)

    def take(self) -> list[RecordDraft]:
        """The records since the last call."""
        drafts, self._drafts = self._drafts, []
        return drafts
