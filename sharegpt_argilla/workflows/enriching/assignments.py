"""Who answers a record, as metadata that annotators do not see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sharegpt_argilla.records.assignment import Assigned
from sharegpt_argilla.workflows.enriching.base import Candidate
from sharegpt_argilla.workflows.plan import assigned_metadata


class Assignments:
    """The plan, put on the records.

    Args:
        assigned: record -> who answers it.
    """

    from_texts_alone = False

    def __init__(self, assigned: Mapping[str, Assigned]) -> None:
        self._assigned = assigned

    def enrich(self, candidates: Sequence[Candidate]) -> None:
        """Add the three properties to records of the plan."""
        for candidate in candidates:
            one = self._assigned.get(candidate.row["id"])
            if one is not None:
                candidate.metadata |= assigned_metadata(one)
