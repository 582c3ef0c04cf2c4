"""The one place where it is said what a record gets beside its texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from sharegpt_argilla.config import Project
from sharegpt_argilla.records.assignment import Assigned
from sharegpt_argilla.workflows.enriching.assignments import Assignments
from sharegpt_argilla.workflows.enriching.base import Enricher, EnrichOptions
from sharegpt_argilla.workflows.enriching.numbers import Numbers, numbers_plan, open_describer
from sharegpt_argilla.workflows.enriching.row_metadata import RowMetadata
from sharegpt_argilla.workflows.enriching.suggestions import open_suggestions
from sharegpt_argilla.workflows.enriching.vectors import Vectors


@contextmanager
def build_enrichers(
    project: Project, options: EnrichOptions, notes: list[str], assigned: Mapping[str, Assigned] | None = None
) -> Iterator[Sequence[Enricher]]:
    """All that the project asks for, in the order in which it is added; a context, since some hold files.

    Args:
        project: the project.
        options: how the run works.
        notes: takes a line about what the run cost, when the context ends.
        assigned: record -> who answers it, where that is planned.

    Raises:
        ConfigError: the project asks for what nothing computes.
        InputError: the cache cannot be used.
        CredentialsError: an agent needs a key that is not there.
    """
    plan = numbers_plan(project.config)
    with ExitStack() as held:
        describer = held.enter_context(open_describer(project.config, plan, options))
        suggestions = held.enter_context(open_suggestions(project, options, notes))
        yield [
            RowMetadata(plan),
            Assignments(assigned or {}),
            suggestions,
            Numbers(plan, describer),
            Vectors(project.config.vectors),
        ]
