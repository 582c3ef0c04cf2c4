"""Metadata that stands in the row itself."""

from __future__ import annotations

from collections.abc import Sequence

from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.records.metadata import MetadataPlan
from sharegpt_argilla.workflows.enriching.base import Candidate


class RowMetadata:
    """The properties that are read from the row.

    Args:
        plan: where metadata comes from.
    """

    from_texts_alone = False

    def __init__(self, plan: MetadataPlan) -> None:
        self._plan = plan

    def enrich(self, candidates: Sequence[Candidate]) -> None:
        """Add the properties; a value that does not fit rejects its row."""
        for candidate in candidates:
            try:
                candidate.metadata |= self._plan.from_row(candidate.row, candidate.extension)
            except RejectedError as error:
                candidate.reason = str(error)
