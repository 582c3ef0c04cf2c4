"""The one place where it is said what a record gets beside its texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sharegpt_argilla.config import Project
from sharegpt_argilla.descriptives.metrics import METRICS
from sharegpt_argilla.records.assignment import Assigned
from sharegpt_argilla.records.metadata import plan_metadata
from sharegpt_argilla.workflows.enriching.assignments import Assignments
from sharegpt_argilla.workflows.enriching.base import Enricher
from sharegpt_argilla.workflows.enriching.numbers import Numbers
from sharegpt_argilla.workflows.enriching.row_metadata import RowMetadata


def build_enrichers(project: Project, assigned: Mapping[str, Assigned] | None = None) -> Sequence[Enricher]:
    """All that the project asks for, in the order in which it is added.

    Args:
        project: the project.
        assigned: record -> who answers it, where that is planned.

    Raises:
        ConfigError: the project asks for what nothing computes.
    """
    plan = plan_metadata(project.config, METRICS)
    return [RowMetadata(plan), Assignments(assigned or {}), Numbers(plan)]
