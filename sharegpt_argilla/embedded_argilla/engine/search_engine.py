"""argilla-server's interface of a search engine, over the index in a file."""

from __future__ import annotations

import logging
import sqlite3
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from argilla_server.enums import MetadataPropertyType, SimilarityOrder
from argilla_server.errors.future import UnprocessableEntityError
from argilla_server.search_engine import (
    FloatMetadataMetrics,
    IntegerMetadataMetrics,
    SearchEngine,
    SearchResponseItem,
    SearchResponses,
    TermsMetrics,
    TextQuery,
)
from argilla_server.settings import settings

from sharegpt_argilla.argilla_plugin.current_annotator import Annotator, current_annotator
from sharegpt_argilla.embedded_argilla.engine import index_counts as index_metrics
from sharegpt_argilla.embedded_argilla.engine import index_schema, index_search
from sharegpt_argilla.embedded_argilla.engine import index_writer as index_records
from sharegpt_argilla.embedded_argilla.engine import plan_filter as assignment
from sharegpt_argilla.embedded_argilla.engine.index_entries import (
    dataset_definition,
    record_entry,
    response_entry,
    suggestion_entry,
)
from sharegpt_argilla.embedded_argilla.engine.index_file import require_sqlite
from sharegpt_argilla.embedded_argilla.engine.index_healing import HEALER
from sharegpt_argilla.embedded_argilla.engine.index_threads import store_at
from sharegpt_argilla.embedded_argilla.engine.index_values import microseconds
from sharegpt_argilla.embedded_argilla.engine.nearest_vectors import nearest_records
from sharegpt_argilla.embedded_argilla.engine.search_limits import SearchEndedError
from sharegpt_argilla.errors import EmbeddedArgillaError
from sharegpt_argilla.settings import Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from argilla_server.models import (
        Dataset,
        MetadataProperty,
        Record,
        Response,
        Suggestion,
        User,
        VectorSettings,
    )
    from argilla_server.search_engine import Filter, MetadataMetrics, Order

    from sharegpt_argilla.embedded_argilla.engine.index_threads import IndexStore

_LOGGER = logging.getLogger(__name__)

Result = TypeVar("Result")

_UPDATABLE = ("external_id", "status", "inserted_at", "updated_at")


def _package_version() -> str:
    try:
        return version("sharegpt-argilla")
    except PackageNotFoundError:
        return "unknown"


@SearchEngine.register("embedded")
class EmbeddedSearchEngine(SearchEngine):  # type: ignore[misc]  # argilla-server has no types
    """argilla-server's search engine without a search server.

    Args:
        path: the index's file; it is made if none exists.

    Every method raises EmbeddedArgillaError where the index cannot be used. Instances are cheap: the server makes
    one for every request.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def _store(self) -> IndexStore:
        return store_at(self.path)

    async def _read(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        return await HEALER.retried(lambda: self._store.read(work))

    async def _write(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        return await HEALER.retried(lambda: self._store.write(work))

    async def _search(self, person: str | None, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """What a search returns; one that is ended is for argilla-server a request that cannot be processed."""
        async with self._store.turns.of(person):
            try:
                return await HEALER.retried(lambda: self._store.search(work))
            except SearchEndedError as error:
                raise UnprocessableEntityError(str(error)) from None

    @classmethod
    async def new_instance(cls) -> EmbeddedSearchEngine:
        """The engine on the index in argilla-server's home folder."""
        return cls(Home(Path(str(settings.home_path))).search_index)

    async def close(self) -> None:
        """Nothing: connections belong to the process."""

    async def ping(self) -> bool:
        """Whether the index can be opened; why not is logged.

        Raises:
            EmbeddedArgillaError: this SQLite is unsuitable.
        """
        require_sqlite()
        try:
            await self._store.read(
                lambda connection: connection.execute("SELECT 1 FROM dataset LIMIT 1").fetchone()
            )
        except EmbeddedArgillaError:
            _LOGGER.exception("the search index cannot be used")
            return False
        return True

    async def info(self) -> dict[str, str]:
        """Name and versions, for the server's status page."""
        return {"name": "embedded", "version": _package_version(), "sqlite": sqlite3.sqlite_version}

    async def create_index(self, dataset: Dataset) -> None:
        """Make the index of a dataset, whose fields, questions, properties and vector settings are loaded.

        Raises:
            EmbeddedArgillaError: it has one already.
        """
        definition = dataset_definition(dataset)
        await self._write(lambda connection: index_schema.create_dataset(connection, str(dataset.id), definition))

    async def delete_index(self, dataset: Dataset) -> None:
        """Remove the index of a dataset; there need not be one."""
        key = str(dataset.id)
        await self._write(lambda connection: index_schema.delete_dataset(connection, key))

    async def configure_metadata_property(self, dataset: Dataset, metadata_property: MetadataProperty) -> None:
        """Index a property that was added later; values that records carry already are taken in at once."""
        key, name, kind = str(dataset.id), metadata_property.name, str(metadata_property.type)
        await self._write(lambda connection: index_schema.set_metadata_property(connection, key, name, kind))

    async def configure_index_vectors(self, vector_settings: VectorSettings) -> None:
        """Index vectors that were added later."""
        key, name, dimensions = (
            str(vector_settings.dataset_id),
            str(vector_settings.id),
            vector_settings.dimensions,
        )
        await self._write(lambda connection: index_schema.set_vectors(connection, key, name, dimensions))

    async def index_records(self, dataset: Dataset, records: Iterable[Record]) -> None:
        """Add records with their responses, suggestions and vectors, or replace what the index contains of them.

        What is not loaded of a record stays as the index has it.
        """
        key, entries = str(dataset.id), [record_entry(record) for record in records]

        def work(connection: sqlite3.Connection) -> None:
            index_records.write_records(connection, index_schema.get_dataset(connection, key), entries)

        await self._write(work)

    async def partial_record_update(self, record: Record, **update: Any) -> None:
        """Change ``status``, ``external_id``, ``inserted_at`` or ``updated_at`` of one record."""
        unknown = sorted(set(update).difference(_UPDATABLE))
        if unknown:
            raise EmbeddedArgillaError(f"the search index cannot change {', '.join(unknown)} of a record alone")
        # The database has moved this on as well, and the repair compares it.
        update.setdefault("updated_at", record.__dict__.get("updated_at"))
        changes = {
            name: microseconds(value) if name.endswith("_at") else None if value is None else str(value)
            for name, value in update.items()
            if name != "updated_at" or value is not None
        }
        key = str(record.id)
        found = await self._write(lambda connection: index_records.update_record(connection, key, changes))
        if not found:
            _report_missing(key)

    async def delete_records(self, dataset: Dataset, records: Iterable[Record]) -> None:
        """Remove records; they need not be in the index."""
        key, ids = str(dataset.id), [str(record.id) for record in records]

        def work(connection: sqlite3.Connection) -> None:
            found = index_schema.find_dataset(connection, key)
            if found is not None:
                index_records.delete_records(connection, found, ids)

        await self._write(work)

    async def update_record_response(self, response: Response) -> None:
        """Add a response, or replace it."""
        entry = response_entry(response)
        await self._change(str(response.record_id), partial(index_records.write_response, response=entry))

    async def delete_record_response(self, response: Response) -> None:
        """Remove a response; it need not be in the index."""
        key = str(response.id)
        await self._write(lambda connection: index_records.delete_response(connection, key))

    async def update_record_suggestion(self, suggestion: Suggestion) -> None:
        """Add a suggestion, or replace the one for the same question."""
        entry = suggestion_entry(suggestion)
        await self._change(str(suggestion.record_id), partial(index_records.write_suggestion, suggestion=entry))

    async def delete_record_suggestion(self, suggestion: Suggestion) -> None:
        """Remove a suggestion; it need not be in the index."""
        question = str(suggestion.question_id)
        await self._change(str(suggestion.record_id), partial(index_records.delete_suggestion, question=question))

    async def _change(self, record_id: str, change: Callable[..., None]) -> None:
        """Call ``change(connection, dataset, number)`` for a record, if it is in the index."""

        def work(connection: sqlite3.Connection) -> bool:
            location = index_records.find_record(connection, record_id)
            if location is None:
                return False
            change(connection, index_schema.get_dataset(connection, location[0]), location[1])
            return True

        if not await self._write(work):
            _report_missing(record_id)

    async def get_dataset_progress(self, dataset: Dataset) -> dict[str, int]:
        """``total`` and the number of records of each status; ``{}`` for a draft."""
        if dataset.is_draft:
            return {}
        key = str(dataset.id)
        return await self._read(
            lambda connection: index_metrics.count_records(
                connection, index_schema.complete_dataset(connection, key)
            )
        )

    async def get_dataset_user_progress(self, dataset: Dataset, user: User) -> dict[str, int]:
        """``total`` and the number of the user's own responses of each status; ``{}`` for a draft."""
        if dataset.is_draft:
            return {}
        key, user_id = str(dataset.id), str(user.id)

        def work(connection: sqlite3.Connection) -> dict[str, int]:
            return index_metrics.count_responses(
                connection, index_schema.complete_dataset(connection, key), user_id
            )

        return await self._read(work)

    async def count_own_records(self, dataset: Dataset, annotator: Annotator) -> int | None:
        """How many records of a plan are the annotator's; None if the dataset has no plan."""
        key = str(dataset.id)
        return await self._read(
            lambda connection: assignment.count_own(
                connection, index_schema.complete_dataset(connection, key), annotator
            )
        )

    async def search(
        self,
        dataset: Dataset,
        query: TextQuery | str | None = None,
        filter: Filter | None = None,  # noqa: A002
        sort: list[Order] | None = None,
        offset: int = 0,
        limit: int = 100,
        user_id: UUID | str | None = None,
    ) -> SearchResponses:
        """One page of the records that fit; see ``index_search`` for order and score.

        Raises:
            ValueError: the filter or the sort cannot be used.
            UnprocessableEntityError: it took too long.
        """
        key, text, field = str(dataset.id), *_text_and_field(query)
        person = None if user_id is None else str(user_id)
        annotator = current_annotator()

        def work(connection: sqlite3.Connection) -> tuple[list[tuple[str, float]], int]:
            dataset_index = index_schema.complete_dataset(connection, key)
            own = assignment.own_records(dataset_index, annotator)
            match = index_search.match_records(dataset_index, text, field, filter, own)
            planned = assignment.plan_order(dataset_index) if own and not sort else None
            order = planned or index_search.order_of(dataset_index, sort, person)
            return (
                ([], 0) if match is None else index_search.search_records(connection, match, order, offset, limit)
            )

        rows, total = await self._search(None if text is None else person or _name_of(annotator), work)
        # As with Elasticsearch, what is sorted by something else has no score.
        scored = [(key, None) for key, _ in rows] if sort else rows
        return _responses(scored, total)

    async def similarity_search(  # noqa: PLR0913, PLR0917 - the interface is argilla-server's
        self,
        dataset: Dataset,
        vector_settings: VectorSettings,
        value: list[float] | None = None,
        record: Record | None = None,
        query: TextQuery | str | None = None,
        filter: Filter | None = None,  # noqa: A002
        max_results: int = 100,
        order: SimilarityOrder = SimilarityOrder.most_similar,
        threshold: float | None = None,
    ) -> SearchResponses:
        """The records whose vectors are most or least alike a value, or the vector of a record (left out itself).

        Raises:
            ValueError: neither or both of value and record are given, the record has no such vector, or the vector
                has the wrong dimensions.
        """
        if bool(value) == bool(record):
            raise ValueError("similarity search needs a vector's value or a record, and not both")
        sought = value or (record.vector_value_by_vector_settings(vector_settings) if record else None)
        if not sought:
            raise ValueError("the record has no vector of these settings")
        if order == SimilarityOrder.least_similar:
            sought = [-number for number in sought]
        key, text, field = str(dataset.id), *_text_and_field(query)
        settings_id, excluded = str(vector_settings.id), None if record is None else str(record.id)
        annotator = current_annotator()

        def work(connection: sqlite3.Connection) -> list[tuple[str, float]]:
            dataset_index = index_schema.complete_dataset(connection, key)
            own = assignment.own_records(dataset_index, annotator)
            match = index_search.match_records(dataset_index, text, field, filter, own)
            attribute = dataset_index.attribute(index_schema.VECTOR, settings_id)
            if match is None or attribute is None:
                return []
            return nearest_records(connection, attribute, sought, match, max_results, excluded)

        rows = await self._search(_name_of(annotator), work)
        kept = [(key, score) for key, score in rows if threshold is None or score >= threshold]
        return _responses(kept, len(rows))

    async def compute_metrics_for(self, metadata_property: MetadataProperty) -> MetadataMetrics:
        """The values of a terms property with their counts, or the range of a numeric one."""
        key, name = str(metadata_property.dataset_id), metadata_property.name
        is_terms = metadata_property.type == MetadataPropertyType.terms
        annotator = current_annotator()

        def work(connection: sqlite3.Connection) -> tuple[Any, Any]:
            dataset_index = index_schema.complete_dataset(connection, key)
            attribute = dataset_index.attribute(index_schema.METADATA, name)
            if attribute is None:
                return (0, []) if is_terms else (None, None)
            own = assignment.own_records(dataset_index, annotator)
            compute = index_metrics.count_terms if is_terms else index_metrics.find_extremes
            return compute(connection, attribute, own)

        first, second = await self._search(None, work)
        if is_terms:
            counts = [TermsMetrics.TermCount(term=term, count=count) for term, count in second]
            return TermsMetrics(total=first, values=counts)
        is_integer = metadata_property.type == MetadataPropertyType.integer
        return (IntegerMetadataMetrics if is_integer else FloatMetadataMetrics)(min=first, max=second)


def _name_of(annotator: Annotator | None) -> str | None:
    return annotator.id if annotator else None


def _text_and_field(query: TextQuery | str | None) -> tuple[str | None, str | None]:
    if query is None or isinstance(query, str):
        return query, None
    return query.q, query.field


def _responses(rows: list[tuple[str, Any]], total: int) -> SearchResponses:
    items = [SearchResponseItem(record_id=UUID(key), score=score) for key, score in rows]
    return SearchResponses(items=items, total=total)


def _report_missing(record_id: str) -> None:
    _LOGGER.warning("record %s is not in the search index; the next start of the server repairs that", record_id)
