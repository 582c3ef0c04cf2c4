"""Metadata that is measured on the texts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from sharegpt_argilla.descriptives.metrics import describe
from sharegpt_argilla.records.metadata import MetadataPlan
from sharegpt_argilla.workflows.enriching.base import Candidate


class Numbers:
    """TextDescriptives metrics of the text fields.

    Args:
        plan: which metrics of which fields.
    """

    from_texts_alone = True

    def __init__(self, plan: MetadataPlan) -> None:
        self._plan = plan

    def enrich(self, candidates: Sequence[Candidate]) -> None:
        """Add the metrics, one pass of the pipeline for the whole batch."""
        names = list(self._plan.metrics)
        texts = [str(candidate.fields.get(name, "")) for candidate in candidates for name in names]
        described = iter(describe(texts, self._plan.metric_names))
        for candidate in candidates:
            numbers = dict(zip(names, islice(described, len(names)), strict=True))
            candidate.metadata |= self._plan.from_numbers(numbers)
