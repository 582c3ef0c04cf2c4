"""A row on its way to a record, and what adds to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sharegpt_argilla.annotation import FieldValue, MetadataValue, RecordDraft, Suggestion
from sharegpt_argilla.jsonl import RowLine
from sharegpt_argilla.rows import Row
from sharegpt_argilla.settings import default_cache


@dataclass
class Candidate:
    """A row on its way to a record; enrichers add to it or reject it.

    Attributes:
        line: where the row stands.
        row: the row.
        extension: its ``扩展字段``, parsed.
        fields: what annotators see.
        known: whether the server has the record.
        completed: whether enough people have answered it.
        metadata: property -> value; None for a property that the record shall not have.
        suggestions: at most one a question.
        vectors: vector name -> its numbers.
        reason: why the row is unusable; empty while it is usable.
    """

    line: RowLine
    row: Row
    extension: Mapping[str, Any]
    fields: Mapping[str, FieldValue]
    known: bool = False
    completed: bool = False
    metadata: dict[str, MetadataValue | None] = field(default_factory=dict)
    suggestions: list[Suggestion] = field(default_factory=list)
    vectors: dict[str, Sequence[float]] = field(default_factory=dict)
    reason: str = ""

    @property
    def draft(self) -> RecordDraft:
        """The record as it will be sent."""
        metadata = {name: value for name, value in self.metadata.items() if value is not None}
        return RecordDraft(self.row["id"], self.fields, metadata, self.suggestions, self.vectors)


@dataclass(frozen=True)
class EnrichOptions:
    """How a run works that does not change what it gives.

    Attributes:
        workers: processes that measure texts.
        cache: folder with what former runs measured and asked; None for none.
        dry_run: True to ask nobody for anything that costs.
    """

    workers: int = 1
    cache: Path | None = field(default_factory=default_cache)
    dry_run: bool = False


class Enricher(Protocol):
    """Adds metadata, suggestions or vectors to candidates.

    Attributes:
        from_texts_alone: True when what it adds follows from the texts: it is then not asked about records that
            are on the server with the same texts. Every other enricher is asked about every row, and what it adds
            is compared with the server; so it has to be cheap, and give the same for the same row each time.
    """

    from_texts_alone: bool

    def enrich(self, candidates: Sequence[Candidate]) -> None:
        """Add to the candidates of one batch, in place; ``reason`` rejects one."""
        ...
