"""Rows -> records on an Argilla: described, checked, sent in batches, nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.dataset_on_server import (
    find_dataset,
    require_dataset,
    update_rendering,
)
from sharegpt_argilla.argilla_client.records_on_server import BATCH, RecordsDataset
from sharegpt_argilla.common.batching import batched
from sharegpt_argilla.common.jsonl import (
    DEFAULT_REJECTS,
    RejectsFile,
    RowLine,
    left_by_an_earlier_run,
    read_rows,
    rereadable,
)
from sharegpt_argilla.config import DEFAULT_CONFIG, Project, load_project
from sharegpt_argilla.config.project_datasets import Part, project_parts
from sharegpt_argilla.project.enrichers import EnrichOptions, build_enrichers, numbers_plan
from sharegpt_argilla.project.record_loader import LoadSummary, RecordLoader
from sharegpt_argilla.project.server_promises import require_promises
from sharegpt_argilla.records.assignment_plan import Assigned
from sharegpt_argilla.records.earlier_turns import EarlierTurns
from sharegpt_argilla.settings import Connection, default_cache, find_connection
from sharegpt_argilla.workflows.plan import Planner, takes
from sharegpt_argilla.workflows.setup_dataset import check_dataset

__all__ = ["DEFAULT_REJECTS", "LoadSummary", "load_records"]

UPLOADS = 4
"""Batches sent at a time at most: what one argilla-server process works on while the next are described."""


def load_records(  # noqa: PLR0913 - the options of the command, under their names
    rows: str | Path,
    config: str | Path = DEFAULT_CONFIG,
    *,
    connection: Connection | None = None,
    rejects: str | Path = DEFAULT_REJECTS,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda _lines: None,
    workers: int = 1,
    no_cache: bool = False,
    scheduler: str | None = None,
    enriching: EnrichOptions | None = None,
) -> LoadSummary:
    """Load every row of a file; what is on the server already is skipped, so a second run resumes the first.

    Args:
        rows: a rows file, ``-`` for standard input.
        config: the project file; the dataset must be what it describes.
        connection: the Argilla; by default the one from the environment, else the embedded one.
        rejects: where unusable lines go; written only when there are any.
        dry_run: check and count, send nothing.
        on_progress: called with the number of lines that are done since the last call.
        workers: processes that measure texts, and batches that are sent at a time, up to ``UPLOADS``.
        no_cache: forget what former runs measured and asked, and keep nothing.
        scheduler: address of a Dask scheduler whose workers measure the texts and compute suggestions instead.
        enriching: ``workers`` to ``scheduler`` as one object, which may name another cache folder.

    Raises:
        ConfigError, UsageError, InputError, DatasetDiffersError, ServerUnreachableError, CredentialsError,
        ServerRefusedError: see their docstrings. All that was sent before stays and counts as unchanged next time.
    """
    project = load_project(config)
    numbers_plan(project.config)
    notes: list[str] = []
    enriching = enriching or EnrichOptions(workers, None if no_cache else default_cache(), scheduler=scheduler)
    options = replace(enriching, dry_run=dry_run)
    with rereadable(rows, "extract") as path, connect(connection or find_connection()) as client:
        warnings = require_promises(client, project)
        ids = {part: _dataset_id(client, part.project, dry_run=dry_run) for part in project_parts(project)}
        assigned = _assigned(project, connection, path, dry_run=dry_run)
        on_records = assigned if project.config.assignment.on_records else None
        with (
            build_enrichers(project, options, notes, on_records) as enrichers,
            RejectsFile(rejects) as rejected,
            closing(EarlierTurns(path)) as earlier,
            ThreadPoolExecutor(min(options.workers, UPLOADS)) as uploads,
        ):
            behind = min(options.workers, UPLOADS) if options.workers > 1 else 0
            loaders = {
                part: RecordLoader(
                    RecordsDataset(client, dataset_id) if dataset_id else None,
                    project.config,
                    enrichers,
                    earlier,
                    rejected,
                    LoadSummary(rejects=Path(rejects), url=client.url, dataset_id=dataset_id, dry_run=dry_run),
                    str(rows),
                    uploads,
                    behind,
                )
                for part, dataset_id in ids.items()
            }
            for lines in batched(read_rows(path), BATCH):
                for number, (part, loader) in enumerate(loaders.items()):
                    loader.load([line for line in lines if _is_for(part, line, assigned, first=not number)])
                on_progress(len(lines))
            for loader in loaders.values():
                loader.finish()
            summary = _together([loader.summary for loader in loaders.values()], rejected.count)
    # Some agents say what they cost when they are done.
    left = left_by_an_earlier_run(rejects, written=bool(summary.rejected))
    return replace(summary, notes=notes, warnings=warnings, not_of_this_run=left)


def _assigned(
    project: Project, connection: Connection | None, rows: Path, *, dry_run: bool
) -> Mapping[str, Assigned]:
    if not project.config.assignment.planned:
        return {}
    return Planner(project, connection).complete(rows, dry_run=dry_run)


def _is_for(part: Part, line: RowLine, assigned: Mapping[str, Assigned], *, first: bool) -> bool:
    """Whether a part takes the line; what is no row goes to the first, to be rejected once."""
    if line.row is None:
        return first
    assignment = assigned.get(line.row["id"])
    return first if assignment is None else takes(part, assignment)


def _together(summaries: Sequence[LoadSummary], rejected: int) -> LoadSummary:
    counts = ("loaded", "updated", "unchanged", "repeated", "without_context")
    totals = {name: sum(getattr(summary, name) for summary in summaries) for name in counts}
    return replace(summaries[0], rejected=rejected, **totals)


def _dataset_id(client: ArgillaClient, project: Project, *, dry_run: bool) -> str:
    names = project.config
    if dry_run and find_dataset(client, names.workspace, names.dataset) is None:
        return ""
    dataset = require_dataset(client, names.workspace, names.dataset)
    check_dataset(client, dataset.id, project)
    if not dry_run:
        update_rendering(client, dataset.id, project)
    return dataset.id
