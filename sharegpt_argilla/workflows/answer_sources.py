"""Where an export's answers come from: datasets over REST, or the embedded Argilla's own database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from sharegpt_argilla.annotation import AnsweredRecord, ResponseStatus
from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.dataset import DatasetOnServer, require_dataset
from sharegpt_argilla.argilla_client.people import usernames
from sharegpt_argilla.argilla_client.responses import (
    answered_record,
    last_activity,
    pulse,
    read_answered_records,
)
from sharegpt_argilla.embedded_argilla.answers import EmbeddedAnswers, find_answers
from sharegpt_argilla.responses.export_state import DatasetState, Stamp, stamp_of
from sharegpt_argilla.responses.joining import join, join_parts
from sharegpt_argilla.settings import Connection, default_home
from sharegpt_argilla.workflows.measured_time import MeasuredSource, MeasuredTime


class AnswerSource(Protocol):
    """The answers of one dataset."""

    def state(self, before: DatasetState | None) -> DatasetState:
        """How the dataset is now. ``before`` spares the look where nothing happened since."""

    def records(self, ids: Collection[str] | None = None) -> Mapping[str, AnsweredRecord]:
        """Argilla's record id -> record with its answers: all of them, or those of ``ids``."""


@dataclass(frozen=True)
class Sources:
    """The datasets of one export.

    Attributes:
        names: as they were given.
        ids: Argilla's ids of them.
        guidelines: the texts in force, in the same order.
        people: user id -> username.
        sources: their answers.
        needed: what `join_parts` takes, where the datasets are parts of one project: their answers are then
            joined as if they had been given in one. None for datasets of their own.
    """

    names: Sequence[str]
    ids: Sequence[str]
    guidelines: Sequence[str]
    people: Mapping[str, str]
    sources: Sequence[AnswerSource]
    needed: Callable[[str], int | None] | None = None

    def answers(self) -> list[AnsweredRecord]:
        """The records of all datasets, one for each row, in the order of the first dataset that has it."""
        return self._joined([source.records() for source in self.sources])

    def answers_of(self, states: Sequence[DatasetState], rows: Collection[str]) -> list[AnsweredRecord]:
        """Those of some rows, and the records that were not loaded from a row.

        Args:
            states: the datasets as `AnswerSource.state` gave them.
            rows: ids of the rows.
        """
        found = []
        for source, state in zip(self.sources, states, strict=True):
            wanted = [key for key, stamp in state.stamps.items() if stamp.row is None or stamp.row in rows]
            found.append(source.records(wanted))
        return self._joined(found)

    def _joined(self, found: Sequence[Mapping[str, AnsweredRecord]]) -> list[AnsweredRecord]:
        if len(found) == 1:
            return list(found[0].values())
        parts: dict[str, list[tuple[str, AnsweredRecord]]] = {}
        for name, records in zip(self.names, found, strict=True):
            for key, record in records.items():
                # A record without a row's id belongs to no other.
                parts.setdefault(record.id or key, []).append((name, record))
        if self.needed is None:
            return [join(one) for one in parts.values()]
        return [join_parts([record for _, record in one], self.needed) for one in parts.values()]


@contextmanager
def open_sources(
    connection: Connection,
    datasets: Sequence[tuple[str, str, str]],
    statuses: Collection[ResponseStatus],
    needed: Callable[[str], int | None] | None = None,
) -> Iterator[Sources]:
    """Sign in and find the datasets.

    Args:
        connection: the Argilla.
        datasets: name to be known by, workspace and dataset of each.
        statuses: which responses count.
        needed: see `Sources`.

    Raises:
        ServerUnreachableError, CredentialsError, ServerRefusedError: see their docstrings.
    """
    with connect(connection) as client:
        found = [require_dataset(client, workspace, name) for _, workspace, name in datasets]
        people: dict[str, str] = {}
        for workspace_id in dict.fromkeys(one.workspace_id for one in found):
            people |= usernames(client, workspace_id)
        ids = [one.id for one in found]
        near = find_answers(
            default_home(), connection.api_url, {key: partial(last_activity, client, key) for key in ids}
        )
        home = default_home() if near is not None else None
        sources = [
            MeasuredSource(_source(client, one, people, statuses, near), MeasuredTime(one.id, client, home))
            for one in found
        ]
        names = [known for known, _, _ in datasets]
        try:
            yield Sources(names, ids, [one.guidelines for one in found], people, sources, needed)
        finally:
            if near is not None:
                near.close()


def _source(
    client: ArgillaClient,
    dataset: DatasetOnServer,
    people: Mapping[str, str],
    statuses: Collection[ResponseStatus],
    near: EmbeddedAnswers | None,
) -> AnswerSource:
    if near is not None:
        return _NearSource(near, dataset.id, people, statuses)
    return _RestSource(client, dataset.id, people, statuses)


class _RestSource:
    """Any Argilla: all answers are read, unless its counts and times say that nothing happened."""

    def __init__(
        self,
        client: ArgillaClient,
        dataset_id: str,
        people: Mapping[str, str],
        statuses: Collection[ResponseStatus],
    ) -> None:
        self._client, self._id, self._people, self._statuses = client, dataset_id, people, statuses
        self._records: dict[str, AnsweredRecord] | None = None

    def state(self, before: DatasetState | None) -> DatasetState:
        # Taken first: what happens while the answers are read is then seen by the next run.
        beat = pulse(self._client, self._id)
        if before is not None and before.pulse == beat:
            return before
        return DatasetState(beat, {key: stamp_of(record) for key, record in self.records().items()})

    def records(self, ids: Collection[str] | None = None) -> Mapping[str, AnsweredRecord]:
        if ids is not None and not ids:
            return {}
        if self._records is None:
            self._records = read_answered_records(self._client, self._id, self._people, self._statuses)
        if ids is None:
            return self._records
        return {key: self._records[key] for key in ids if key in self._records}


class _NearSource:
    """The embedded Argilla of this machine: its database says which answers changed."""

    def __init__(
        self,
        answers: EmbeddedAnswers,
        dataset_id: str,
        people: Mapping[str, str],
        statuses: Collection[ResponseStatus],
    ) -> None:
        self._answers, self._id, self._people, self._statuses = answers, dataset_id, people, statuses

    def state(self, _before: DatasetState | None) -> DatasetState:
        times = self._answers.times(self._id, self._statuses)
        return DatasetState("", {key: Stamp(*found) for key, found in times.items()})

    def records(self, ids: Collection[str] | None = None) -> Mapping[str, AnsweredRecord]:
        found = self._answers.records(self._id, self._statuses, ids)
        return {item["id"]: answered_record(item, self._people, self._statuses) for item in found}
