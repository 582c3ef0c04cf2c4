"""One dataset that is looked at again and again: its counts, and those of its answers that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from sharegpt_argilla.annotation import AnsweredRecord, ResponseStatus
from sharegpt_argilla.argilla_client.connection import ArgillaClient
from sharegpt_argilla.argilla_client.dataset import DatasetOnServer
from sharegpt_argilla.argilla_client.progress import (
    DatasetPulse,
    ServerProgress,
    read_activities,
    read_progress,
    read_pulse,
)
from sharegpt_argilla.config.parts import Part
from sharegpt_argilla.embedded_argilla.answers import EmbeddedAnswers
from sharegpt_argilla.errors import ServerRefusedError
from sharegpt_argilla.workflows.answer_sources import AnswerSource, all_records
from sharegpt_argilla.workflows.project_view import ViewedDataset

ALL: tuple[ResponseStatus, ...] = ("submitted", "draft", "discarded")

AT_ONCE = 2
"""Of several datasets, those whose counts are asked for in one look: two requests each."""


_UNKNOWN = DatasetPulse("", "", ServerProgress(0, 0, 0, {}))


@dataclass
class DatasetWatch:
    """What is known of one dataset.

    Attributes:
        part: which part of the project it is.
        dataset: the dataset on the server.
        pulse: what the server said last.
        looks: the number of the look in which the counts were asked for; 0 before any.
        records: Argilla's record id -> record with all its responses.
    """

    part: Part
    dataset: DatasetOnServer
    pulse: DatasetPulse = _UNKNOWN
    looks: int = 0
    records: dict[str, AnsweredRecord] = field(default_factory=dict)
    _read: DatasetPulse | None = None
    _stamps: dict[str, object] | None = None

    @property
    def is_stale(self) -> bool:
        """Whether something happened since the answers were read."""
        return self.pulse != self._read

    @property
    def last_activity(self) -> str:
        """When somebody last answered, as the server said it."""
        return self.pulse.last_activity

    @property
    def guidelines(self) -> str:
        """The text that annotators read, as the server said it."""
        return self.pulse.guidelines

    def was_submitted(self, record: str, person: str) -> bool:
        """Whether somebody submitted an answer to a record."""
        found = self.records.get(record)
        return found is not None and any(
            one.annotator == person and one.status == "submitted" for one in found.responses
        )

    def read(self, source: AnswerSource, near: EmbeddedAnswers | None) -> None:
        """Read the answers: where they are in a database of this machine, only those that changed."""
        then, now = self._stamps, None if near is None else _stamps(near, self.dataset.id)
        if then is None or now is None:
            self.records = all_records(source)
        else:
            changed = [key for key, stamp in now.items() if then.get(key) != stamp]
            kept = {key: record for key, record in self.records.items() if key in now}
            self.records = kept | all_records(source, changed)
        self._stamps, self._read = now, self.pulse

    def viewed(self) -> ViewedDataset:
        """The dataset as pages see it."""
        part = self.part
        name = part.dataset if part.person is None else f"{part.workspace}/{part.dataset}"
        label = part.person or ("calibration" if part.calibration else "main")
        return ViewedDataset(self.dataset.id, name, label, part.person, self.pulse.progress)


def look(client: ArgillaClient, watches: Sequence[DatasetWatch], number: int) -> None:
    """Ask the server how far the datasets are.

    Three requests for one; for several one, and two for each that was never asked for and for `AT_ONCE` others:
    first those in which somebody answered, then those that were asked for longest ago.

    Args:
        client: the connection.
        watches: the datasets.
        number: of this look, greater than those before.

    Raises:
        ServerRefusedError: a dataset is there no more.
    """
    if len(watches) == 1:
        watches[0].pulse = read_pulse(client, watches[0].dataset.id)
        return
    said = read_activities(client)
    if missing := [one.part for one in watches if one.dataset.id not in said]:
        raise ServerRefusedError(
            f'dataset "{missing[0].dataset}" is not in workspace "{missing[0].workspace}" any more'
        )
    known = [one for one in watches if one.looks]
    known.sort(key=lambda one: (one.last_activity == said[one.dataset.id][1], one.looks))
    chosen = {one.dataset.id for one in [*(one for one in watches if not one.looks), *known[:AT_ONCE]]}
    for one in watches:
        guidelines, active = said[one.dataset.id]
        if one.dataset.id in chosen:
            one.pulse = DatasetPulse(guidelines, active, read_progress(client, one.dataset.id))
            one.looks = number
        else:
            one.pulse = replace(one.pulse, guidelines=guidelines, last_activity=active)


def _stamps(near: EmbeddedAnswers, dataset_id: str) -> dict[str, object]:
    """Argilla's record id -> what changes with its answers."""
    return {str(UUID(key)): stamp for key, *stamp in near.stamps(dataset_id, ALL)}


def records_of(watches: Sequence[DatasetWatch]) -> list[tuple[str, Mapping[str, AnsweredRecord]]]:
    """Argilla's id of each dataset, and its records."""
    return [(one.dataset.id, one.records) for one in watches]
