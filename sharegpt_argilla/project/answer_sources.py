"""The sources of an export's answers: a server that streams responses, or pages of any Argilla."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Protocol

from sharegpt_argilla.annotation import AnsweredRecord, ResponseStatus
from sharegpt_argilla.argilla_client.accounts import usernames
from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.dataset_on_server import find_dataset, require_dataset
from sharegpt_argilla.argilla_client.responses_on_server import (
    answered_record,
    pulse,
    question_names,
    read_answered_records,
)
from sharegpt_argilla.argilla_client.server_counts import ServerProgress, read_capabilities, read_progress
from sharegpt_argilla.argilla_client.streamed_responses import StampValues, StreamedResponses, stamp_values
from sharegpt_argilla.config import Project, ProjectConfig
from sharegpt_argilla.config.project_datasets import project_parts, review_part
from sharegpt_argilla.project.measured_time import MeasuredTime
from sharegpt_argilla.responses.answer_store import AnswerStore, Records
from sharegpt_argilla.responses.export_state import Change, Stamp, StateFile, changes_between, file_mark, stamp_of
from sharegpt_argilla.settings import Connection


class ExportedDatasets:
    """The datasets to export: the named ones, or else those of the project.

    Args:
        project: the project.
        names: names of datasets, as ``dataset`` or ``workspace/dataset``; empty for the project's own.

    Attributes:
        datasets: display name, workspace and dataset of each.
        needed: see `Sources`.
        mark: changes with the plan, if the plan says when a row is complete.
        done: ids of the rows that a plan that adapts calls settled or given up; None for other projects.
        reviews: the dataset of reviewers, which may not exist; None if datasets are named.
    """

    def __init__(self, project: Project, names: Sequence[str]) -> None:
        self.needed: Callable[[str], int | None] | None = None
        self.mark: tuple[int, int] | None = None
        self.done: frozenset[str] | None = None
        config = project.config
        self.reviews = None if names else _reviews(project)
        if names or not config.assignment.planned:
            self.datasets = _named(config, names or [config.dataset])
            return
        # The plan needs numpy, whose import takes longer than most exports.
        from sharegpt_argilla.records.plan_file import plan_path, read_plan  # noqa: PLC0415

        path = plan_path(project.path, config.dataset)
        plan = read_plan(path)
        parts = project_parts(project, plan.people if plan else ())
        self.datasets = [(f"{part.workspace}/{part.dataset}", part.workspace, part.dataset) for part in parts]
        self.needed = lambda _row: None
        if config.assignment.adapt:
            self.mark, self.done = file_mark(path), frozenset(plan.states if plan else ())
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
    datasets = []
    for name in dict.fromkeys(names):
        workspace, slash, dataset = name.rpartition("/")
        datasets.append((name, workspace if slash else project.workspace, dataset))
    return datasets


MARGIN = timedelta(minutes=1)
"""How far before the last export changes are searched: a change may get its time before it becomes visible."""


class AnswerSource(Protocol):
    """The answers of one dataset."""

    def pulse(self) -> str:
        """A fingerprint of the dataset; an equal one later means that nothing changed."""

    def changes(self, before: StateFile, store: AnswerStore, index: int, pulse: str) -> Sequence[Change]:
        """The records that changed since an earlier export; ``index`` is the dataset's position in both exports.

        ``pulse`` was taken just before.
        """

    def records(self, ids: Collection[str] | None = None) -> Records:
        """All records with their answers, or at least those of ``ids``, in the form that the store takes."""

    def fill(self, store: AnswerStore, index: int, ids: Collection[str] | None = None) -> None:
        """Put all records with their answers into the store, or at least those of ``ids``."""

    def stamps(self, store: AnswerStore, index: int) -> Iterable[tuple[str, Stamp]]:
        """The stamps of all records, in the order of their ids, once they are in the store."""

    def current_stamps(self, ids: Collection[str] | None = None) -> dict[str, Stamp] | None:
        """Argilla's record id -> stamp of all records with answers, or of some; None if that takes all answers."""


@dataclass(frozen=True)
class Sources:
    """The datasets of one export.

    Attributes:
        names: the display names.
        ids: Argilla's ids of the datasets.
        guidelines: the current guidelines, in the same order.
        people: user id -> username.
        kind: how the answers are read: ``stream`` or ``pages``.
        sources: the answers of each dataset.
        progress: functions that ask Argilla for the counts of each dataset.
        needed: the argument of `join_parts` if the datasets are parts of one project, whose answers are joined as
            if they were given in one dataset. None for independent datasets.
        reviewed: whether there is a dataset of reviewers; it is the last in each of the sequences.
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

    def rows(self) -> dict[str, AnsweredRecord]:
        """Row id -> one record with the responses of all datasets, those of reviewers marked as such."""
        joined: dict[str, AnsweredRecord] = {}
        last = len(self.sources) - 1 if self.reviewed else -1
        for number, source in enumerate(self.sources):
            for record in all_records(source).values():
                if record.id is None:
                    continue
                given = [replace(one, adjudication=number == last) for one in record.responses]
                before = joined.get(record.id)
                joined[record.id] = replace(record, responses=[*(before.responses if before else ()), *given])
        return joined


@contextmanager
def open_sources(
    connection: Connection,
    datasets: Sequence[tuple[str, str, str]],
    statuses: Collection[ResponseStatus],
    needed: Callable[[str], int | None] | None = None,
    reviews: tuple[str, str, str] | None = None,
) -> Iterator[Sources]:
    """Sign in and look up the datasets.

    Args:
        connection: the Argilla.
        datasets: display name, workspace and dataset of each.
        statuses: which responses count.
        needed: see `Sources`.
        reviews: display name, workspace and dataset of the reviewers' dataset, which may not exist.

    Raises:
        ServerUnreachableError, CredentialsError, ServerRefusedError: see their docstrings.
    """
    with connect(connection) as client:
        asked_for = len(datasets)
        on_server = [require_dataset(client, workspace, name) for _, workspace, name in datasets]
        reviewed = reviews is not None and find_dataset(client, *reviews[1:])
        if reviews is not None and reviewed and reviewed.ready:
            on_server, datasets = [*on_server, reviewed], [*datasets, reviews]
        people: dict[str, str] = {}
        for workspace_id in dict.fromkeys(dataset.workspace_id for dataset in on_server):
            people |= usernames(client, workspace_id)
        ids = [dataset.id for dataset in on_server]
        streams = streams_responses(client)
        sources = [source_of(client, dataset.id, people, statuses, streams=streams) for dataset in on_server]
        names = [name for name, _, _ in datasets]
        counts = [partial(read_progress, client, key) for key in ids]
        kind = "stream" if streams else "pages"
        guidelines = [dataset.guidelines for dataset in on_server]
        yield Sources(names, ids, guidelines, people, kind, sources, counts, needed, len(names) > asked_for)


def streams_responses(client: ArgillaClient) -> bool:
    """Whether a server has the plug-in's route for responses."""
    capabilities = read_capabilities(client)
    return capabilities is not None and capabilities.streamed_responses


def all_records(source: AnswerSource, ids: Collection[str] | None = None) -> dict[str, AnsweredRecord]:
    """Argilla's record id -> record: all of a source, or at least those of ``ids``, in memory."""
    records_by_key: dict[str, tuple[int, AnsweredRecord]] = {}
    reading = iter(source.records(ids))
    while True:
        try:
            number, key, record, _ = next(reading)
        except StopIteration as end:
            first = end.value or 0
            return {key: record for key, (number, record) in records_by_key.items() if number >= first}
        records_by_key[key] = number, record


def source_of(
    client: ArgillaClient,
    dataset_id: str,
    people: Mapping[str, str],
    statuses: Collection[ResponseStatus],
    *,
    streams: bool,
) -> AnswerSource:
    """The answers of one dataset with measured times; ``streams`` is what `streams_responses` says."""
    times = MeasuredTime(dataset_id, client)
    if streams:
        return _StreamSource(client, dataset_id, people, statuses, times)
    return _PageSource(client, dataset_id, people, statuses, times)


class _PageSource:
    """Any Argilla: all answers are read, unless counts and times show that nothing changed."""

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

    def changes(self, before: StateFile, store: AnswerStore, index: int, _pulse: str) -> list[Change]:
        self._read(store, index)
        return list(changes_between(before.stamps(index), store.stamps(index)))

    def fill(self, store: AnswerStore, index: int, ids: Collection[str] | None = None) -> None:
        if ids is None or not self._is_read:
            self._read(store, index)

    def stamps(self, store: AnswerStore, index: int) -> Iterator[tuple[str, Stamp]]:
        return store.stamps(index)

    def current_stamps(self, ids: Collection[str] | None = None) -> None:
        del ids

    def _read(self, store: AnswerStore, index: int) -> None:
        store.fill(index, self.records())
        # The pages contain all records, so one reading is enough whichever records are requested.
        self._is_read = True

    def records(
        self, ids: Collection[str] | None = None
    ) -> Generator[tuple[int, str, AnsweredRecord, Stamp], None, int]:
        del ids  # The pages contain all records.
        reading = read_answered_records(self._client, self._id, self._people, self._statuses)
        while True:
            try:
                number, key, record = next(reading)
            except StopIteration as end:
                return int(end.value)
            joined = self._times.joined(key, record)
            yield number, key, joined, stamp_of(joined)


class _StreamSource:
    """A server with the plug-in, which says which answers changed."""

    def __init__(
        self,
        client: ArgillaClient,
        dataset_id: str,
        people: Mapping[str, str],
        statuses: Collection[ResponseStatus],
        times: MeasuredTime,
    ) -> None:
        self._client, self._id, self._people, self._statuses = client, dataset_id, people, statuses
        self._responses = StreamedResponses(client, dataset_id, statuses)
        self._times = times

    def pulse(self) -> str:
        return json.dumps({**self._responses.totals(), "active": self._times.mark})

    def changes(self, before: StateFile, store: AnswerStore, index: int, pulse: str) -> list[Change]:
        seen = datetime.fromisoformat(before.export.seen)
        now = dict(self._stamped(self._responses.stamps(since=seen - MARGIN)))
        others = set(self._with_new_times(before, index)).difference(now)
        now |= self.current_stamps(others) if others else {}
        keys = sorted({*now, *others})
        then = before.stamps_of(index, keys)
        differing = [
            Change(key, then.get(key), stamp)
            for key in keys
            if then.get(key) != (stamp := now[key] if key in now and now[key].responses else None)
        ]
        if _explained(before.export.pulses[index], pulse, differing):
            return differing
        # Something was deleted, which leaves no timestamp, or changed after the pulse.
        return list(changes_between(before.stamps(index), self._stamped(self._responses.stamps())))

    def fill(self, store: AnswerStore, index: int, ids: Collection[str] | None = None) -> None:
        store.fill(index, self.records(ids))

    def records(self, ids: Collection[str] | None = None) -> Iterator[tuple[int, str, AnsweredRecord, Stamp]]:
        for item in self._responses.records(ids):
            key = item["id"]
            # Asked for where there is a suggestion only: each request is a large part of an incremental export.
            questions = self._questions if item["suggestions"] else {}
            record = answered_record(item, self._people, self._statuses, questions)
            # Records that are asked for by id may have no response of these statuses.
            if record.responses:
                yield 0, key, self._times.joined(key, record), self._stamp(key, stamp_values(item))

    def stamps(self, store: AnswerStore, index: int) -> Iterator[tuple[str, Stamp]]:
        # Not asked for again: an answer that came since the records were read is for the next export.
        return store.stamps(index)

    def current_stamps(self, ids: Collection[str] | None = None) -> dict[str, Stamp]:
        return dict(self._stamped(self._responses.stamps(ids)))

    @cached_property
    def _questions(self) -> Mapping[str, str]:
        return question_names(self._client, self._id)

    def _stamped(self, stamps: Iterable[tuple[str, StampValues]]) -> Iterator[tuple[str, Stamp]]:
        return ((key, self._stamp(key, values)) for key, values in stamps)

    def _stamp(self, key: str, values: StampValues) -> Stamp:
        return Stamp(*values, self._times.of_records.get(key, 0))

    def _with_new_times(self, before: StateFile, index: int) -> list[str]:
        """Records on which people spent more time: the page sends the last interval after the answer."""
        if json.loads(before.export.pulses[index])["active"] == list(self._times.mark):
            return []
        times = self._times.of_records
        return [key for key, stamp in before.stamps(index) if stamp.timed != times.get(key, 0)]


def _explained(before: str, now: str, changes: Sequence[Change]) -> bool:
    """Whether these changes explain the difference of the pulses in number and checksum of the answers."""
    old, new = json.loads(before), json.loads(now)
    if old["suggestions"] != new["suggestions"]:
        return False
    expected = [old["responses"], old["checksum"]]
    for change in changes:
        for stamp, sign in ((change.before, -1), (change.now, 1)):
            if stamp is not None:
                expected[0] += sign * stamp.responses
                expected[1] += sign * stamp.checksum
    return expected == [new["responses"], new["checksum"]]
