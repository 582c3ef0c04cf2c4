"""Which datasets an export reads: those that are named, or all that a project is kept in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sharegpt_argilla.config import Project, ProjectConfig
from sharegpt_argilla.config.parts import project_parts, review_part
from sharegpt_argilla.records.plan_file import plan_path, read_plan
from sharegpt_argilla.responses.export_state import file_mark


class ExportedDatasets:
    """The datasets to export: those that are named, else those that the project is kept in.

    Args:
        project: the project.
        names: of the datasets, as ``dataset`` or ``workspace/dataset``; none for the project's own.

    Attributes:
        datasets: name to be known by, workspace and dataset of each.
        needed: see `Sources`.
        mark: changes with the plan, where that says when a row is complete.
        reviews: the dataset of reviewers that there may be; None where datasets are named.
    """

    def __init__(self, project: Project, names: Sequence[str]) -> None:
        self.needed: Callable[[str], int | None] | None = None
        self.mark: tuple[int, int] | None = None
        config = project.config
        self.reviews = None if names else _reviews(project)
        if names or not config.assignment.planned:
            self.datasets = _named(config, names or [config.dataset])
            return
        path = plan_path(project.path, config.dataset)
        plan = read_plan(path)
        parts = project_parts(project, plan.people if plan else ())
        self.datasets = [(f"{part.workspace}/{part.dataset}", part.workspace, part.dataset) for part in parts]
        self.needed = lambda _row: None
        if parts[0].person is not None and plan is not None:
            self.mark = file_mark(path)
            overlaps = dict(zip(plan.ids, (plan.starts[1:] - plan.starts[:-1]).tolist(), strict=True))
            self.needed = lambda row: overlaps.get(row, config.assignment.overlap)


def _reviews(project: Project) -> tuple[str, str, str] | None:
    if project.config.adjudication is None:
        return None
    part = review_part(project)
    return part.dataset, part.workspace, part.dataset


def _named(project: ProjectConfig, names: Sequence[str]) -> list[tuple[str, str, str]]:
    found = []
    for name in dict.fromkeys(names):
        workspace, slash, dataset = name.rpartition("/")
        found.append((name, workspace if slash else project.workspace, dataset))
    return found
