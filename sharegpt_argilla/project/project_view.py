"""A snapshot of a project: its datasets, and all their records joined as if they were one dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sharegpt_argilla.annotation import AnsweredRecord
from sharegpt_argilla.argilla_client.server_counts import STATUSES, ServerProgress
from sharegpt_argilla.config import ProjectConfig
from sharegpt_argilla.project.planned_work import PlannedWork
from sharegpt_argilla.responses.join_datasets import join_parts

Records = Mapping[str, AnsweredRecord]
"""Argilla's record id -> record with all its responses, without texts."""


@dataclass(frozen=True)
class ViewedDataset:
    """One dataset of a project.

    Attributes:
        id: Argilla's id.
        name: its name, with the workspace if that is a person's own.
        label: a word that distinguishes it from the project's other datasets.
        person: the person whose records it contains; None if they are everybody's.
        progress: the server's counts.
        calibration: which records it contains, those that more people answer or the others; None for both.
    """

    id: str
    name: str
    label: str
    person: str | None
    progress: ServerProgress
    calibration: bool | None = None


@dataclass(frozen=True)
class ProjectView:
    """A snapshot of a project.

    Attributes:
        config: the project file.
        url: address of the Argilla.
        datasets: the project's datasets, usually one.
        guidelines: the current guidelines.
        progress: the counts of the project; a record that is in several datasets counts once.
        records: all records; a record that is in several datasets has the id of the first.
        dataset_by_record: record id -> id of its dataset; empty if there is only one dataset.
        work: how many answers are planned.
        version: changes whenever ``records`` changed.
        read_at: when the server last answered, UTC.
        answers_at: when ``records`` were read, UTC.
        problem: "" while the server answers, else the error; the other attributes are then the last known ones.
    """

    config: ProjectConfig
    url: str
    datasets: Sequence[ViewedDataset]
    guidelines: str
    progress: ServerProgress
    records: Records
    dataset_by_record: Mapping[str, str]
    work: PlannedWork
    version: int
    read_at: datetime
    answers_at: datetime
    problem: str = ""

    @property
    def dataset_id(self) -> str:
        """Argilla's id of the first dataset."""
        return self.datasets[0].id

    def dataset_of(self, record: str) -> str:
        """Argilla's id of the dataset that a record is in."""
        return self.dataset_by_record.get(record, self.dataset_id)

    def datasets_of(self, person: str) -> list[ViewedDataset]:
        """The datasets that contain records of a person."""
        return [one for one in self.datasets if one.person in {None, person}]


def joined_records(
    datasets: Sequence[tuple[str, Records]], work: PlannedWork, *, personal: bool
) -> tuple[dict[str, AnsweredRecord], dict[str, str]]:
    """All records of several datasets, and the dataset of each.

    Args:
        datasets: Argilla's id and the records of each dataset.
        work: how many people must answer each record.
        personal: whether each dataset belongs to one person, so that a row may be in several of them.
    """
    dataset_by_record = {key: dataset for dataset, records in datasets for key in records}
    records_by_id = {key: record for _, records in datasets for key, record in records.items()}
    if not personal:
        return records_by_id, dataset_by_record
    groups: dict[str, list[str]] = {}
    for key, record in records_by_id.items():
        groups.setdefault(record.id or key, []).append(key)
    return {
        keys[0]: join_parts([records_by_id[key] for key in keys], work.needed) for keys in groups.values()
    }, dataset_by_record


def joined_progress(
    datasets: Sequence[ViewedDataset], records: Records, work: PlannedWork, *, personal: bool
) -> ServerProgress:
    """The counts of all datasets together; if records are in several datasets, the plan gives their number."""
    if len(datasets) == 1 and not personal:
        return _as_planned(datasets[0].progress, records, work)
    people: dict[str, Counter[str]] = {}
    for dataset in datasets:
        for name, counts in dataset.progress.people.items():
            people.setdefault(name, Counter(dict.fromkeys(STATUSES, 0))).update(counts)
    total = sum(dataset.progress.total for dataset in datasets)
    completed = sum(dataset.progress.completed for dataset in datasets)
    if personal:
        total = round(total / work.overlap) if work.plan is None else len(work.plan.ids)
        completed = sum(record.status == "completed" for record in records.values())
    return _as_planned(ServerProgress(total, completed, total - completed, people), records, work)


def _as_planned(progress: ServerProgress, records: Records, work: PlannedWork) -> ServerProgress:
    """The counts with the records that a plan that adapts calls done, which no server knows of."""
    if work.done is None:
        return progress
    completed = sum(record.status == "completed" for record in records.values())
    return replace(progress, completed=completed, pending=progress.total - completed)
