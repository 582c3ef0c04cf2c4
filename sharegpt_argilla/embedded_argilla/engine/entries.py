"""What the index is told about a record, as plain data: no server object crosses into the index's threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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

    ``responses``, ``suggestions`` or ``vectors`` of None leave what the index holds as it is.
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
    maps the ids of vector settings to dimensions.
    """

    fields: dict[str, str]
    questions: dict[str, tuple[str, str]]
    metadata: dict[str, str]
    vectors: dict[str, int]
