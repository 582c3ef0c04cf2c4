"""Brings the index in line with argilla-server's database; the server does it before it accepts requests.

argilla-server commits first and tells the search engine afterwards. A process that is killed in between, or a user
who is deleted along with all responses, leaves the index behind. So every record has a stamp: the sum of the times
of the last change of the record and of each of its responses, suggestions and vectors. Records whose stamps differ
between database and index are indexed again, and only those.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from argilla_server.database import AsyncSessionLocal
from argilla_server.enums import DatasetStatus
from argilla_server.models import Dataset, Record, Response, Suggestion, Vector
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from sharegpt_argilla.common.batching import batched
from sharegpt_argilla.common.locks import file_lock
from sharegpt_argilla.embedded_argilla.engine.index_entries import dataset_definition
from sharegpt_argilla.embedded_argilla.engine.index_file import set_aside_damaged
from sharegpt_argilla.embedded_argilla.engine.index_schema import (
    create_dataset,
    delete_dataset,
    find_dataset,
    get_dataset,
    mark_complete,
)
from sharegpt_argilla.embedded_argilla.engine.index_threads import store_at
from sharegpt_argilla.embedded_argilla.engine.index_values import microseconds
from sharegpt_argilla.embedded_argilla.engine.index_writer import delete_records
from sharegpt_argilla.embedded_argilla.engine.search_engine import EmbeddedSearchEngine

if TYPE_CHECKING:
    import sqlite3

    from sqlalchemy.ext.asyncio import AsyncSession

    from sharegpt_argilla.embedded_argilla.engine.index_entries import DatasetDefinition
    from sharegpt_argilla.embedded_argilla.engine.index_threads import IndexStore

_LOGGER = logging.getLogger(__name__)

BATCH = 200
"""Records that are loaded and indexed at a time."""

_STAMPS = """
SELECT id, COALESCE(updated_at, 0)
    + (SELECT COALESCE(SUM(updated_at), 0) FROM response WHERE response.record = record.number)
    + (SELECT COALESCE(SUM(updated_at), 0) FROM suggestion WHERE suggestion.record = record.number)
    + (SELECT COALESCE(SUM(updated_at), 0) FROM vector WHERE vector.record = record.number)
FROM record WHERE dataset = ?
"""


async def repair_index() -> dict[str, int]:
    """Index what the index lacks, remove what it has too much of. Of several processes one at a time does so.

    Returns:
        The number of records that were indexed again, for the id of each dataset that was behind.

    Raises:
        EmbeddedArgillaError: the index cannot be opened or written.
    """
    engine = await EmbeddedSearchEngine.new_instance()
    with ExitStack() as stack:
        lock = file_lock(engine.path.with_name(f"{engine.path.name}.repair-lock"))
        await asyncio.to_thread(stack.enter_context, lock)
        return await _repair(engine)


async def _repair(engine: EmbeddedSearchEngine) -> dict[str, int]:
    aside = set_aside_damaged(engine.path)
    if aside is not None:
        _LOGGER.warning("the search index was damaged; it is now %s, and a new one is built", aside)
    async with AsyncSessionLocal() as db:
        datasets = await _ready_datasets(db)
        await _forget_others(store_at(engine.path), {str(dataset.id) for dataset in datasets})
        repaired = {}
        for dataset in datasets:
            count = await _repair_dataset(db, engine, dataset)
            if count is not None:
                repaired[str(dataset.id)] = count
    return repaired


async def _ready_datasets(db: AsyncSession) -> list[Dataset]:
    relationships = (Dataset.fields, Dataset.questions, Dataset.metadata_properties, Dataset.vectors_settings)
    datasets = await db.scalars(
        select(Dataset)
        .where(Dataset.status == DatasetStatus.ready)
        .order_by(Dataset.inserted_at)
        .options(*(selectinload(relationship) for relationship in relationships))
    )
    return list(datasets.all())


async def _forget_others(store: IndexStore, kept: set[str]) -> None:
    def work(connection: sqlite3.Connection) -> None:
        for (dataset_id,) in connection.execute("SELECT id FROM dataset").fetchall():
            if dataset_id not in kept:
                delete_dataset(connection, dataset_id)

    await store.write(work)


async def _repair_dataset(db: AsyncSession, engine: EmbeddedSearchEngine, dataset: Dataset) -> int | None:
    """Repair one dataset; None if there was nothing to repair."""
    key, store = str(dataset.id), store_at(engine.path)
    expected = dataset_definition(dataset)
    created = not await store.read(lambda connection: _covers(connection, key, expected))
    if created:
        await store.write(lambda connection: _make_anew(connection, key, replace(expected, incomplete=True)))
    repaired = await _repair_records(db, engine, dataset)
    if await store.read(lambda connection: get_dataset(connection, key).definition.incomplete):
        # What was answered while its record was on the way into the index.
        await _repair_records(db, engine, dataset)
        await store.write(lambda connection: mark_complete(connection, key))
    return 0 if created and repaired is None else repaired


def _make_anew(connection: sqlite3.Connection, dataset_id: str, definition: DatasetDefinition) -> None:
    delete_dataset(connection, dataset_id)
    create_dataset(connection, dataset_id, definition)


async def _repair_records(db: AsyncSession, engine: EmbeddedSearchEngine, dataset: Dataset) -> int | None:
    """Bring the records of one dataset in line; None if all were."""
    key, store = str(dataset.id), store_at(engine.path)
    wanted = await _database_stamps(db, dataset)
    indexed: dict[str, int] = await store.read(lambda connection: _index_stamps(connection, key))
    surplus = [record_id for record_id in indexed if record_id not in wanted]
    if surplus:
        await store.write(lambda connection: delete_records(connection, get_dataset(connection, key), surplus))
    stale = [record_id for record_id, stamp in wanted.items() if indexed.get(record_id) != stamp]
    for batch in batched(stale, BATCH):
        await engine.index_records(dataset, await _load_records(db, batch))
        # Records are many; the datasets must stay.
        for record in [each for each in db.identity_map.values() if isinstance(each, Record)]:
            db.expunge(record)
    return len(stale) if surplus or stale else None


def _covers(connection: sqlite3.Connection, dataset_id: str, expected: DatasetDefinition) -> bool:
    """Whether the dataset's index can take all that the dataset has."""
    index = find_dataset(connection, dataset_id)
    return (
        index is not None
        and index.definition.fields == expected.fields
        and index.definition.questions == expected.questions
        and expected.metadata.items() <= index.definition.metadata.items()
        and expected.vectors.items() <= index.definition.vectors.items()
    )


def _index_stamps(connection: sqlite3.Connection, dataset_id: str) -> dict[str, int]:
    return dict(connection.execute(_STAMPS, (get_dataset(connection, dataset_id).number,)).fetchall())


async def _database_stamps(db: AsyncSession, dataset: Dataset) -> dict[str, int]:
    """The stamp of every record by its id, the oldest record first."""
    stamps: dict[Any, int] = {}
    records = select(Record.id, Record.updated_at).where(Record.dataset_id == dataset.id)
    for record_id, updated_at in await db.execute(records.order_by(Record.inserted_at)):
        stamps[record_id] = microseconds(updated_at) or 0
    for part in (Response, Suggestion, Vector):
        changes = select(part.record_id, part.updated_at).join(Record, Record.id == part.record_id)
        for record_id, updated_at in await db.execute(changes.where(Record.dataset_id == dataset.id)):
            if record_id in stamps:
                stamps[record_id] += microseconds(updated_at) or 0
    return {str(record_id): stamp for record_id, stamp in stamps.items()}


async def _load_records(db: AsyncSession, ids: list[str]) -> list[Record]:
    """Records with all that is indexed of them, in the order of ``ids``."""
    keys = [UUID(record_id) for record_id in ids]
    relationships = (Record.responses, Record.suggestions, Record.vectors)
    rows = await db.scalars(
        select(Record)
        .where(Record.id.in_(keys))
        .options(*(selectinload(relationship) for relationship in relationships))
    )
    records = {record.id: record for record in rows.all()}
    return [records[key] for key in keys if key in records]
