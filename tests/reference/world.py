"""Plain data of ``documents.py`` and ``cases.py`` as argilla-server's objects, and answers as plain data."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, UUID, uuid5

if TYPE_CHECKING:
    from argilla_server.models import Dataset, Record, User
    from argilla_server.search_engine import Filter, Order, SearchEngine

WHOLE_ANSWER = 10000
"""More than there are records: cases without a limit ask for all."""


def key_of(*names: object) -> UUID:
    """The same id for the same names, in every run."""
    return uuid5(NAMESPACE_OID, "/".join(map(str, names)))


class ReferenceWorld:
    """One dataset of random documents, and an engine to ask.

    Everything is made anew for each world: argilla-server's engine changes the objects that it is given.
    """

    def __init__(self, engine: SearchEngine, documents: dict[str, Any]) -> None:
        from argilla_server.models import User

        self.engine = engine
        self.documents = documents
        self.users = {name: User(id=key_of("user", name), username=name) for name in documents["people"]}
        self.dataset = self._dataset()
        self.records = [self._record(place, each) for place, each in enumerate(documents["records"])]
        self._places = {record.id: place for place, record in enumerate(self.records)}

    def _dataset(self) -> Dataset:
        from argilla_server.models import Dataset, Field, MetadataProperty, Question, VectorSettings

        shape = self.documents
        key = key_of("dataset")

        def parts(model: Any, settings: dict[str, str], **rest: Any) -> list[Any]:
            kind = model.__name__
            return [
                model(id=key_of(kind, name), name=name, settings={"type": each}, **rest)
                for name, each in settings.items()
            ]

        vectors = VectorSettings(
            id=key_of("vectors"), name="meaning", dimensions=shape["dimensions"], dataset_id=key
        )
        return Dataset(
            id=key,
            name="reference",
            status="ready",
            fields=parts(Field, shape["fields"]),
            questions=parts(Question, shape["questions"]),
            metadata_properties=parts(MetadataProperty, shape["properties"], dataset_id=key),
            vectors_settings=[vectors],
        )

    def _record(self, number: int, document: dict[str, Any]) -> Record:
        from argilla_server.models import Record, Vector

        key = key_of("record", number)
        record = Record(
            id=key,
            dataset_id=self.dataset.id,
            # A copy, because argilla-server's engine writes into it.
            fields=dict(document["fields"]),
            metadata_=document["metadata"],
            external_id=document["external_id"],
            status=document["status"],
            inserted_at=datetime.fromisoformat(document["inserted_at"]),
            updated_at=datetime.fromisoformat(document["updated_at"]),
        )
        record.dataset = self.dataset
        settings = self.dataset.vectors_settings[0]
        vector = Vector(
            id=key_of("vector", number), record_id=key, vector_settings=settings, value=document["vector"]
        )
        vector.vector_settings_id = settings.id
        record.vectors = [vector] if document["vector"] else []
        record.responses = [self._response(key, each) for each in document["responses"]]
        record.suggestions = [self._suggestion(key, *each) for each in document["suggestions"].items()]
        return record

    def _response(self, record_id: UUID, document: dict[str, Any]) -> Any:
        from argilla_server.models import Response

        return Response(
            id=key_of("response", record_id, document["user"]),
            record_id=record_id,
            user_id=self.users[document["user"]].id,
            status=document["status"],
            values={name: {"value": value} for name, value in document["values"].items()},
            updated_at=datetime(2024, 5, 1),
        )

    def _suggestion(self, record_id: UUID, name: str, document: dict[str, Any]) -> Any:
        from argilla_server.models import Suggestion

        question = next(each for each in self.dataset.questions if each.name == name)
        key = key_of("suggestion", record_id, name)
        return Suggestion(id=key, record_id=record_id, question_id=question.id, question=question, **document)

    async def index(self) -> None:
        """Make the index and put all records into it."""
        await self.engine.create_index(self.dataset)
        await self.engine.index_records(self.dataset, self.records)

    def user(self, name: str | None) -> User | None:
        return None if name is None else self.users[name]

    def _scope(self, scope: list[Any]) -> Any:
        from argilla_server import search_engine as server

        kind, *names = scope
        if kind == "response":
            question, name, user = names
            return server.ResponseFilterScope(question=question, property=name, user=self.user(user))
        return {
            "metadata": server.MetadataFilterScope,
            "suggestion": server.SuggestionFilterScope,
            "record": server.RecordFilterScope,
        }[kind](*names)

    def _filter(self, condition: dict[str, Any] | None) -> Filter | None:
        from argilla_server.search_engine import AndFilter, RangeFilter, TermsFilter

        if condition is None:
            return None
        if "and" in condition:
            return AndFilter([self._filter(each) for each in condition["and"]])
        scope = self._scope(condition["scope"])
        return (
            RangeFilter(scope, *condition["range"])
            if "range" in condition
            else TermsFilter(scope, [*condition["terms"]])
        )

    def _sort(self, orders: list[Any] | None) -> list[Order] | None:
        from argilla_server.enums import SortOrder
        from argilla_server.search_engine import Order

        return orders and [Order(self._scope(scope), SortOrder(way)) for scope, way in orders]

    def _query(self, case: dict[str, Any]) -> Any:
        from argilla_server.search_engine import TextQuery

        return TextQuery(q=case["query"], field=case.get("field")) if "query" in case else None

    def _found(self, responses: Any) -> dict[str, Any]:
        return {"total": responses.total, "found": [self._places[item.record_id] for item in responses.items]}

    async def search(self, case: dict[str, Any]) -> dict[str, Any]:
        """``total``, ``found`` as places of records, and ``scores`` where all are the same."""
        user = self.user(case.get("user"))
        responses = await self.engine.search(
            self.dataset,
            query=self._query(case),
            filter=self._filter(case.get("filter")),
            sort=self._sort(case.get("sort")),
            offset=case.get("offset", 0),
            limit=case.get("limit", WHOLE_ANSWER),
            user_id=None if user is None else str(user.id),
        )
        scores = {item.score for item in responses.items}
        return self._found(responses) | ({"score": scores.pop()} if len(scores) == 1 else {})

    async def similarity_search(self, case: dict[str, Any]) -> dict[str, Any]:
        """``total``, ``found`` as places of records, and their ``scores``."""
        from argilla_server.enums import SimilarityOrder

        number = case.get("record")
        responses = await self.engine.similarity_search(
            self.dataset,
            self.dataset.vectors_settings[0],
            value=case.get("value"),
            record=None if number is None else self.records[number],
            query=self._query(case),
            filter=self._filter(case.get("filter")),
            max_results=case["max_results"],
            order=SimilarityOrder(case["order"]),
            threshold=case.get("threshold"),
        )
        return self._found(responses) | {"scores": [round(item.score, 5) for item in responses.items]}

    async def metrics(self, case: dict[str, Any]) -> dict[str, Any]:
        """What the engine says of a metadata property."""
        found = await self.engine.compute_metrics_for(self.dataset.metadata_property_by_name(case["property"]))
        return dict(found.model_dump(mode="json"))

    async def progress(self, case: dict[str, Any]) -> dict[str, int]:
        """How far the dataset is, or one person in it."""
        user = self.user(case.get("user"))
        if user is None:
            return dict(await self.engine.get_dataset_progress(self.dataset))
        return dict(await self.engine.get_dataset_user_progress(self.dataset, user))

    async def answer(self, kind: str, case: dict[str, Any]) -> dict[str, Any]:
        """What the engine answers to a case, or ``error`` with the name of what it raised."""
        try:
            return dict(await getattr(self, kind)(case))
        except Exception as error:
            return {"error": type(error).__name__}
