"""A project at one moment: its datasets, and all their records as if they were one dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
        id: Argilla's id of it.
        name: its name; with its workspace where that is a person's own.
        label: what tells it from the project's others, in a word.
        person: whose records it holds; None for everybody's.
        progress: the server's counts.
    """

    id: str
    name: str
    label: str
    person: str | None
    progress: ServerProgress


@dataclass(frozen=True)
class ProjectView:
    """A project at one moment.

    Attributes:
        config: the project file.
        url: address of the Argilla.
        datasets: those that the project is kept in, mostly one.
        guidelines: the text in force.
        progress: the counts of the project; a record that is in several datasets counts once.
        records: all of them; of one that is in several datasets the id is that of the first.
        places: record id -> id of its dataset; empty where there is but one.
        work: how many answers are wanted.
        version: another number when ``records`` changed.
        read_at: when the server last answered, UTC.
        answers_at: when ``records`` were read, UTC.
        problem: "" while the server answers, else what is wrong; all the rest is then as it was last.
    """

    config: ProjectConfig
    url: str
    datasets: Sequence[ViewedDataset]
    guidelines: str
    progress: ServerProgress
    records: Records
    places: Mapping[str, str]
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
        return self.places.get(record, self.dataset_id)

    def datasets_of(self, person: str) -> list[ViewedDataset]:
        """The datasets in which somebody finds records of theirs."""
        return [one for one in self.datasets if one.person in {None, person}]


def joined_records(
    datasets: Sequence[tuple[str, Records]], work: PlannedWork, *, personal: bool
) -> tuple[dict[str, AnsweredRecord], dict[str, str]]:
    """All records of several datasets, and which dataset each is in.

    Args:
        datasets: Argilla's id of each, and its records.
        work: how many people have to answer.
        personal: whether each dataset is one person's, so that a row may be in several of them.
    """
    places = {key: dataset for dataset, records in datasets for key in records}
    everything = {key: record for _, records in datasets for key, record in records.items()}
    if not personal:
        return everything, places
    groups: dict[str, list[str]] = {}
    for key, record in everything.items():
        groups.setdefault(record.id or key, []).append(key)
    return {
        keys[0]: join_parts([everything[key] for key in keys], work.needed) for keys in groups.values()
    }, places


def joined_progress(
    datasets: Sequence[ViewedDataset], records: Records, work: PlannedWork, *, personal: bool
) -> ServerProgress:
    """The counts of all datasets together; where records are in several, the plan says how many there are."""
    if len(datasets) == 1 and not personal:
        return datasets[0].progress
    people: dict[str, Counter[str]] = {}
    for one in datasets:
        for name, counts in one.progress.people.items():
            people.setdefault(name, Counter(dict.fromkeys(STATUSES, 0))).update(counts)
    total = sum(one.progress.total for one in datasets)
    completed = sum(one.progress.completed for one in datasets)
    if personal:
        total = round(total / work.overlap) if work.plan is None else len(work.plan.ids)
        completed = sum(record.status == "completed" for record in records.values())
    return ServerProgress(total, completed, total - completed, people)
