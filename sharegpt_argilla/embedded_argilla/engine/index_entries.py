"""The plain data of the index, and how it is read from argilla-server's objects, which are often half loaded.

A relationship that was not loaded is never touched: in asynchronous code that would raise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sharegpt_argilla.embedded_argilla.engine.index_values import microseconds
from sharegpt_argilla.errors import EmbeddedArgillaError

if TYPE_CHECKING:
    from argilla_server.models import Dataset, Record, Response, Suggestion, Vector


@dataclass(frozen=True)
class ResponseEntry:
    """One person's response; ``values`` maps question names to values, ``updated_at`` is in microseconds."""

    id: str
    user: str
    status: str
    values: dict[str, Any]
    updated_at: int | None


@dataclass(frozen=True)
class SuggestionEntry:
    """One suggestion; ``question`` is the question's id, ``updated_at`` is in microseconds."""

    question: str
    value: Any
    score: Any
    agent: str | None
    type: str | None
    updated_at: int | None


@dataclass(frozen=True)
class VectorEntry:
    """One vector; ``settings`` is the id of its vector settings, ``updated_at`` is in microseconds."""

    settings: str
    value: list[float]
    updated_at: int | None


@dataclass(frozen=True)
class RecordEntry:
    """One record; times are microseconds since 1970 in UTC.

    ``responses``, ``suggestions`` or ``vectors`` of None leave what the index contains as it is.
    """

    id: str
    external_id: str | None
    status: str
    inserted_at: int | None
    updated_at: int | None
    fields: dict[str, Any]
    metadata: dict[str, Any]
    responses: list[ResponseEntry] | None
    suggestions: list[SuggestionEntry] | None
    vectors: list[VectorEntry] | None


@dataclass(frozen=True)
class DatasetDefinition:
    """What the index remembers of a dataset, because the server often hands it over half loaded.

    ``fields`` and ``metadata`` map names to types, ``questions`` maps ids to ``(name, type)`` and ``vectors``
    maps the ids of vector settings to dimensions. ``incomplete`` says that a repair still adds records.
    """

    fields: dict[str, str]
    questions: dict[str, tuple[str, str]]
    metadata: dict[str, str]
    vectors: dict[str, int]
    incomplete: bool = False


def _loaded(owner: Any, relationship: str) -> list[Any] | None:
    """The objects of a relationship, None if it is not loaded."""
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
