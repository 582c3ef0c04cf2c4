"""Where an export's answers come from: datasets over REST, or the embedded Argilla's own database."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from sharegpt_argilla.annotation import AnsweredRecord, ResponseStatus
from sharegpt_argilla.argilla_client.accounts import usernames
from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.dataset_on_server import find_dataset, require_dataset
from sharegpt_argilla.argilla_client.responses_on_server import (
    answered_record,
    last_activity,
    pulse,
    read_answered_records,
)
from sharegpt_argilla.argilla_client.server_counts import ServerProgress, read_progress
from sharegpt_argilla.config import Project, ProjectConfig
from sharegpt_argilla.config.project_datasets import project_parts, review_part
from sharegpt_argilla.embedded_argilla.database_answers import EmbeddedAnswers, find_answers
from sharegpt_argilla.project.measured_time import MeasuredTime
from sharegpt_argilla.responses.answer_store import AnswerStore, Records
from sharegpt_argilla.responses.export_state import Change, Stamp, StateFile, changes_between, file_mark
from sharegpt_argilla.settings import Connection, default_home


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
        # It needs numpy, which takes longer to import than most exports take.
        from sharegpt_argilla.records.plan_file import plan_path, read_plan  # noqa: PLC0415

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


MARGIN = timedelta(minutes=1)
"""How far before the last look a change is looked for: its time may be a little older than its being seen."""


class AnswerSource(Protocol):
    """The answers of one dataset."""

    def pulse(self) -> str:
        """What the dataset is known by; the same again means that nothing happened."""

    def changes(self, before: StateFile, store: AnswerStore, place: int, pulse: str) -> Sequence[Change]:
        """The records that are not as they were at an earlier export; ``place`` is the dataset's in both.

        ``pulse`` was taken just before.
        """

    def records(self, ids: Collection[str] | None = None) -> Records:
        """All records with their answers, or at least those of ``ids``, as the store takes them."""

    def fill(self, store: AnswerStore, place: int, ids: Collection[str] | None = None) -> None:
        """Put all records with their answers into the store, or at least those of ``ids``."""

    def stamps(self, store: AnswerStore, place: int) -> Iterable[tuple[str, Stamp]]:
        """The stamps of all records, in the order of their ids, once they are in the store."""


@dataclass(frozen=True)
class Sources:
    """The datasets of one export.

    Attributes:
        names: as they were given.
        ids: Argilla's ids of them.
        guidelines: the texts in force, in the same order.
        people: user id -> username.
        kind: where the answers are read: ``database`` or ``rest``.
        sources: their answers.
        progress: asks Argilla for the counts of each.
        needed: what `join_parts` takes, where the datasets are parts of one project: their answers are then
            joined as if they had been given in one. None for datasets of their own.
        reviewed: whether there is a dataset of reviewers; it is then the last in ``names`` and the others.
    """

    names: Sequence[str]
    ids: Sequence[str]
    guidelines: Sequence[str]
    people: Mapping[str, str]
    kind: str
    sources: Sequence[AnswerSource]
    progress: Sequence[Callable[[], ServerProgress]]
    needed: Callable[[str], int | None] | None = None
    reviewed: bool = False

    def answered(self) -> Iterator[tuple[str, str]]:
        """Row id and annotator of every response."""
        for source in self.sources:
            for record in all_records(source).values():
                if record.id is not None:
                    yield from ((record.id, response.annotator) for response in record.responses)


@contextmanager
def open_sources(
    connection: Connection,
    datasets: Sequence[tuple[str, str, str]],
    statuses: Collection[ResponseStatus],
    needed: Callable[[str], int | None] | None = None,
    reviews: tuple[str, str, str] | None = None,
) -> Iterator[Sources]:
    """Sign in and find the datasets.

    Args:
        connection: the Argilla.
        datasets: name to be known by, workspace and dataset of each.
        statuses: which responses count.
        needed: see `Sources`.
        reviews: the same three of the dataset of reviewers, if there may be one.

    Raises:
        ServerUnreachableError, CredentialsError, ServerRefusedError: see their docstrings.
    """
    with connect(connection) as client:
        given = len(datasets)
        found = [require_dataset(client, workspace, name) for _, workspace, name in datasets]
        reviewed = reviews is not None and find_dataset(client, *reviews[1:])
        if reviews is not None and reviewed and reviewed.ready:
            found, datasets = [*found, reviewed], [*datasets, reviews]
        people: dict[str, str] = {}
        for workspace_id in dict.fromkeys(one.workspace_id for one in found):
            people |= usernames(client, workspace_id)
        ids = [one.id for one in found]
        near = find_answers(
            default_home(), connection.api_url, {key: partial(last_activity, client, key) for key in ids}
        )
        sources = [source_of(client, one.id, people, statuses, near) for one in found]
        names = [known for known, _, _ in datasets]
        counts = [partial(read_progress, client, key) for key in ids]
        try:
            kind = "rest" if near is None else "database"
            guidelines = [one.guidelines for one in found]
            yield Sources(names, ids, guidelines, people, kind, sources, counts, needed, len(names) > given)
        finally:
            if near is not None:
                near.close()


def all_records(source: AnswerSource, ids: Collection[str] | None = None) -> dict[str, AnsweredRecord]:
    """Argilla's record id -> record: all of a source, or at least those of ``ids``, held in memory."""
    found: dict[str, tuple[int, AnsweredRecord]] = {}
    reading = iter(source.records(ids))
    while True:
        try:
            number, key, record = next(reading)
        except StopIteration as end:
            first = end.value or 0
            return {key: record for key, (number, record) in found.items() if number >= first}
        found[key] = number, record


def source_of(
    client: ArgillaClient,
    dataset_id: str,
    people: Mapping[str, str],
    statuses: Collection[ResponseStatus],
    near: EmbeddedAnswers | None,
) -> AnswerSource:
    """The answers of one dataset with measured times: from the database of `find_answers`, else over REST."""
    times = MeasuredTime(dataset_id, client, default_home() if near is not None else None)
    if near is not None:
        return _NearSource(near, dataset_id, people, statuses, times)
    return _RestSource(client, dataset_id, people, statuses, times)


class _RestSource:
    """Any Argilla: all answers are read, unless its counts and times say that nothing happened."""

    def __init__(
        self,
        client: ArgillaClient,
        dataset_id: str,
        people: Mapping[str, str],
        statuses: Collection[ResponseStatus],
        times: MeasuredTime,
    ) -> None:
        self._client, self._id, self._people, self._statuses = client, dataset_id, people, statuses
        self._times = times
        self._is_read = False

    def pulse(self) -> str:
        return json.dumps([pulse(self._client, self._id), self._times.mark])

    def changes(self, before: StateFile, store: AnswerStore, place: int, _pulse: str) -> list[Change]:
        self._read(store, place)
        return list(changes_between(before.stamps(place), store.stamps(place)))

    def fill(self, store: AnswerStore, place: int, ids: Collection[str] | None = None) -> None:
        if ids is None or not self._is_read:
            self._read(store, place)

    def stamps(self, store: AnswerStore, place: int) -> Iterator[tuple[str, Stamp]]:
        return store.stamps(place)

    def _read(self, store: AnswerStore, place: int) -> None:
        store.fill(place, self.records())
        # The pages hold all there is: once is enough, whichever records are asked for.
        self._is_read = True

    def records(self, ids: Collection[str] | None = None) -> Generator[tuple[int, str, AnsweredRecord], None, int]:
        del ids  # The pages hold all of them.
        reading = read_answered_records(self._client, self._id, self._people, self._statuses)
        while True:
            try:
                number, key, record = next(reading)
            except StopIteration as end:
                return int(end.value)
            yield number, key, self._times.joined(key, record)


class _NearSource:
    """The embedded Argilla of this machine: its database says which answers changed."""

    def __init__(
        self,
        answers: EmbeddedAnswers,
        dataset_id: str,
        people: Mapping[str, str],
        statuses: Collection[ResponseStatus],
        times: MeasuredTime,
    ) -> None:
        self._answers, self._id, self._people, self._statuses = answers, dataset_id, people, statuses
        self._times = times

    def pulse(self) -> str:
        found = json.loads(self._answers.pulse(self._id, self._statuses))
        return json.dumps({**found, "active": self._times.mark})

    def changes(self, before: StateFile, store: AnswerStore, place: int, pulse: str) -> list[Change]:
        seen = datetime.fromisoformat(before.export.seen)
        keys = sorted({*self._answers.changed_since(self._id, seen - MARGIN), *self._timed_anew(before, place)})
        then, now = before.stamps_of(place, keys), dict(self._stamps(keys))
        found = [Change(key, then.get(key), now.get(key)) for key in keys if then.get(key) != now.get(key)]
        if _explained(before.export.pulses[place], pulse, found):
            return found
        # Something was deleted, which leaves no time, or has changed since the pulse.
        return list(changes_between(before.stamps(place), self._stamps()))

    def fill(self, store: AnswerStore, place: int, ids: Collection[str] | None = None) -> None:
        store.fill(place, self.records(ids))

    def records(self, ids: Collection[str] | None = None) -> Iterator[tuple[int, str, AnsweredRecord]]:
        names = self._answers.question_names(self._id)
        for item in self._answers.records(self._id, self._statuses, ids):
            record = answered_record(item, self._people, self._statuses, names)
            yield 0, item["id"], self._times.joined(item["id"], record)

    def stamps(self, _store: AnswerStore, _place: int) -> Iterator[tuple[str, Stamp]]:
        return self._stamps()

    def _stamps(self, ids: Collection[str] | None = None) -> Iterator[tuple[str, Stamp]]:
        for found in self._answers.stamps(self._id, self._statuses, ids):
            yield found[0], Stamp(*found[1:], self._times.of_records.get(found[0], 0))

    def _timed_anew(self, before: StateFile, place: int) -> list[str]:
        """Records on which somebody spent time since: the page sends the last of it after the answer."""
        if json.loads(before.export.pulses[place])["active"] == list(self._times.mark):
            return []
        times = self._times.of_records
        return [key for key, stamp in before.stamps(place) if stamp.timed != times.get(key, 0)]


def _explained(before: str, now: str, changes: Sequence[Change]) -> bool:
    """Whether these changes are all: number and checksum of the answers differ by just as much as theirs do."""
    old, new = json.loads(before), json.loads(now)
    if old["suggestions"] != new["suggestions"]:
        return False
    sums = [old["responses"], old["checksum"]]
    for change in changes:
        for stamp, sign in ((change.before, -1), (change.now, 1)):
            if stamp is not None:
                sums[0] += sign * stamp.responses
                sums[1] += sign * stamp.checksum
    return sums == [new["responses"], new["checksum"]]
