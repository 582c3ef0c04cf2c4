"""Reads argilla-server's objects, which often come half loaded, into the index's plain data.

A relationship that was not loaded is never touched: in asynchronous code that would raise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sharegpt_argilla.embedded_argilla.engine.entries import (
    DatasetDefinition,
    RecordEntry,
    ResponseEntry,
    SuggestionEntry,
    VectorEntry,
)
from sharegpt_argilla.embedded_argilla.engine.values import microseconds
from sharegpt_argilla.errors import EmbeddedArgillaError

if TYPE_CHECKING:
    from argilla_server.models import Dataset, Record, Response, Suggestion, Vector


def _loaded(owner: Any, relationship: str) -> list[Any] | None:
    """The objects of a relationship, None where it is not loaded."""
    return list(getattr(owner, relationship)) if owner.is_relationship_loaded(relationship) else None


def _required(dataset: Dataset, relationship: str) -> list[Any]:
    objects = _loaded(dataset, relationship)
    if objects is None and dataset.current_async_session is not None:
        raise EmbeddedArgillaError(f"dataset {dataset.id} came without its {relationship}; it cannot be indexed")
    return objects or []


def _microseconds(owner: Any, name: str) -> int | None:
    return microseconds(owner.__dict__.get(name))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def dataset_definition(dataset: Dataset) -> DatasetDefinition:
    """What is to be remembered of a dataset.

    Raises:
        EmbeddedArgillaError: its fields, questions, metadata properties or vector settings were not loaded.
    """
    return DatasetDefinition(
        fields={field.name: str(field.type) for field in _required(dataset, "fields")},
        questions={str(each.id): (each.name, str(each.type)) for each in _required(dataset, "questions")},
        metadata={each.name: str(each.type) for each in _required(dataset, "metadata_properties")},
        vectors={str(each.id): each.dimensions for each in _required(dataset, "vectors_settings")},
    )


def response_entry(response: Response) -> ResponseEntry:
    """A response; ``values`` of None, which the server lets pass, are no values."""
    values = {
        name: answer.get("value") for name, answer in (response.values or {}).items() if isinstance(answer, dict)
    }
    updated_at = _microseconds(response, "updated_at")
    return ResponseEntry(str(response.id), str(response.user_id), str(response.status), values, updated_at)


def suggestion_entry(suggestion: Suggestion) -> SuggestionEntry:
    """A suggestion."""
    return SuggestionEntry(
        question=str(suggestion.question_id),
        value=suggestion.value,
        score=suggestion.score,
        agent=_text(suggestion.agent),
        type=_text(suggestion.type),
        updated_at=_microseconds(suggestion, "updated_at"),
    )


def _vector_entry(vector: Vector) -> VectorEntry:
    return VectorEntry(str(vector.vector_settings_id), list(vector.value), _microseconds(vector, "updated_at"))


def record_entry(record: Record) -> RecordEntry:
    """A record, with those of its responses, suggestions and vectors that are loaded."""
    responses, suggestions = _loaded(record, "responses"), _loaded(record, "suggestions")
    vectors = _loaded(record, "vectors")
    return RecordEntry(
        id=str(record.id),
        external_id=_text(record.external_id),
        status=str(record.status or "pending"),
        inserted_at=_microseconds(record, "inserted_at"),
        updated_at=_microseconds(record, "updated_at"),
        fields=dict(record.fields or {}),
        metadata=dict(record.metadata_ or {}),
        responses=None if responses is None else [response_entry(response) for response in responses],
        suggestions=None if suggestions is None else [suggestion_entry(each) for each in suggestions],
        vectors=None if vectors is None else [_vector_entry(vector) for vector in vectors],
    )
