"""Repeated reading of a project with few requests; serves the last view while the server is down."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sharegpt_argilla.annotation import AnsweredRecord, ResponseStatus, planned_status
from sharegpt_argilla.argilla_client.accounts import usernames
from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.dataset_on_server import (
    DatasetOnServer,
    find_dataset,
    find_datasets,
    require_dataset,
)
from sharegpt_argilla.argilla_client.records_on_server import BATCH, RecordsDataset
from sharegpt_argilla.argilla_client.server_counts import (
    DatasetPulse,
    ServerProgress,
    read_activities,
    read_progress,
    read_pulse,
    read_question_seconds,
)
from sharegpt_argilla.config import DEFAULT_CONFIG, Project, ProjectConfig, TextField, load_project
from sharegpt_argilla.config.project_datasets import Part, project_parts, review_part
from sharegpt_argilla.errors import ServerRefusedError, SharegptArgillaError
from sharegpt_argilla.project.answer_sources import (
    AnswerSource,
    all_records,
    source_of,
    streams_responses,
)
from sharegpt_argilla.project.planned_work import PlannedWork, planned_work
from sharegpt_argilla.project.progress_history import history_of
from sharegpt_argilla.project.project_view import (
    ProjectView,
    Records,
    ViewedDataset,
    joined_progress,
    joined_records,
)
from sharegpt_argilla.records.plan_file import plan_path
from sharegpt_argilla.responses.export_state import Stamp, file_mark
from sharegpt_argilla.settings import Connection, Home, default_home, find_connection

ALL: tuple[ResponseStatus, ...] = ("submitted", "draft", "discarded")

AT_ONCE = 2
"""How many of several datasets have their counts refreshed at once, with two requests each."""


_UNKNOWN = DatasetPulse("", "", ServerProgress(0, 0, 0, {}))


@dataclass
class DatasetWatch:
    """The state of one dataset.

    Attributes:
        part: the part of the project that it is.
        dataset: the dataset on the server.
        pulse: the server's last answer.
        looks: number of the refresh that last asked for the counts; 0 if none did.
        records: Argilla's record id -> record with all its responses.
    """

    part: Part
    dataset: DatasetOnServer
    pulse: DatasetPulse = _UNKNOWN
    looks: int = 0
    records: dict[str, AnsweredRecord] = field(default_factory=dict)
    _read: DatasetPulse | None = None
    _stamps: dict[str, Stamp] | None = None

    @property
    def is_stale(self) -> bool:
        """Whether something changed since the answers were read."""
        return self.pulse != self._read

    @property
    def last_activity(self) -> str:
        """When somebody last answered, according to the server."""
        return self.pulse.last_activity

    @property
    def guidelines(self) -> str:
        """The guidelines, according to the server."""
        return self.pulse.guidelines

    def was_submitted(self, record: str, person: str) -> bool:
        """Whether somebody submitted an answer to a record."""
        answered = self.records.get(record)
        return answered is not None and any(
            response.annotator == person and response.status == "submitted" for response in answered.responses
        )

    def read(self, source: AnswerSource) -> None:
        """Read the answers; if the server streams them, only the changed ones."""
        before, now = self._stamps, source.current_stamps()
        if before is None or now is None:
            self.records = all_records(source)
        else:
            changed = [key for key, stamp in now.items() if before.get(key) != stamp]
            kept = {key: record for key, record in self.records.items() if key in now}
            self.records = kept | all_records(source, changed)
        self._stamps, self._read = now, self.pulse

    def viewed(self) -> ViewedDataset:
        """The dataset in the form that pages show."""
        part = self.part
        name = part.dataset if part.person is None else f"{part.workspace}/{part.dataset}"
        label = part.person or ("calibration" if part.calibration else "main")
        return ViewedDataset(self.dataset.id, name, label, part.person, self.pulse.progress, part.calibration)


def look(client: ArgillaClient, watches: Sequence[DatasetWatch], number: int) -> None:
    """Ask the server for the progress of the datasets.

    A single dataset takes three requests. Several take one, plus two for each dataset without counts and for
    `AT_ONCE` others: first those with new answers, then those with the oldest counts.

    Args:
        client: the connection.
        watches: the datasets.
        number: number of this refresh, greater than earlier ones.

    Raises:
        ServerRefusedError: a dataset no longer exists.
    """
    if len(watches) == 1:
        watches[0].pulse = read_pulse(client, watches[0].dataset.id)
        return
    activities = read_activities(client)
    if missing := [watch.part for watch in watches if watch.dataset.id not in activities]:
        raise ServerRefusedError(
            f'dataset "{missing[0].dataset}" is no longer in workspace "{missing[0].workspace}"'
        )
    refreshable = [watch for watch in watches if watch.looks]
    refreshable.sort(key=lambda watch: (watch.last_activity == activities[watch.dataset.id][1], watch.looks))
    chosen = {
        watch.dataset.id for watch in [*(watch for watch in watches if not watch.looks), *refreshable[:AT_ONCE]]
    }
    for watch in watches:
        guidelines, active = activities[watch.dataset.id]
        if watch.dataset.id in chosen:
            watch.pulse = DatasetPulse(guidelines, active, read_progress(client, watch.dataset.id))
            watch.looks = number
        else:
            watch.pulse = replace(watch.pulse, guidelines=guidelines, last_activity=active)


def records_of(watches: Sequence[DatasetWatch]) -> list[tuple[str, Mapping[str, AnsweredRecord]]]:
    """Argilla's id and the records of each dataset."""
    return [(one.dataset.id, one.records) for one in watches]


Value = TypeVar("Value")

EXCERPT = 200
"""Characters of a prompt in a list."""

YOUNG = 10.0
"""Seconds for which one view serves all pages."""

PATIENCE = 20
"""Work that took t seconds is not repeated for this many times t: it takes at most a twentieth of the time."""


@dataclass(frozen=True)
class _ConnectedProject:
    """The project as it was when the connection was made or the plan changed."""

    project: Project
    work: PlannedWork
    mark: tuple[int, int]
    watches: Sequence[DatasetWatch]

    @property
    def is_personal(self) -> bool:
        return self.watches[0].part.person is not None


@dataclass
class _Kept:
    version: object
    value: Any
    made: float
    cost: float


@dataclass
class ProjectWatch:
    """Reads a project when the last view is old enough; may be used by many threads.

    A refresh takes three requests, or at most five if the project has several datasets, and one or two more for
    new answers. Of a server that streams responses, only changed answers are read.

    Attributes:
        config: the project file.
        connection: the Argilla; by default the one from the environment, else the embedded one.
        home: the home folder with the snapshots.
    """

    config: str | Path = DEFAULT_CONFIG
    connection: Connection | None = None
    home: Home = field(default_factory=default_home)

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._client: ArgillaClient | None = None
        self._people: dict[str, str] = {}
        self._view: ProjectView | None = None
        self._connected_project: _ConnectedProject | None = None
        self._tried = self._read = float("-inf")
        self._cost = 0.0
        self._looks = 0
        self._streams = False
        self._kept: dict[str, _Kept] = {}
        self._texts: dict[str, str] = {}
        self._reviewed: tuple[str, ServerProgress] | None = None
        self._reviewed_at = float("-inf")

    def view(self, young: float = YOUNG) -> ProjectView:
        """The project at most ``young`` seconds ago, or when the server last answered.

        Raises:
            SharegptArgillaError: the server was never reached.
        """
        with self._lock:
            if self._view is not None and time.monotonic() - self._tried < young:
                return self._view
            try:
                self._view = self._refreshed()
            except SharegptArgillaError as error:
                self._disconnect()
                if self._view is None:
                    raise
                self._view = replace(self._view, problem=str(error))
            self._tried = time.monotonic()
            return self._view

    def derived(self, name: str, view: ProjectView, make: Callable[[ProjectView], Value]) -> Value:
        """The result of ``make`` for a view: computed once per version, and no more often than its cost allows."""
        with self._lock:
            kept = self._kept.get(name)
            started = time.monotonic()
            if kept and (kept.version == view.version or started - kept.made < PATIENCE * kept.cost):
                return kept.value  # type: ignore[no-any-return]  # one name, one function
            value = make(view)
            now = time.monotonic()
            self._kept[name] = _Kept(view.version, value, now, now - started)
            return value

    def prompts(self, view: ProjectView, records: Sequence[str]) -> Mapping[str, str]:
        """Argilla's record id -> beginning of the prompt; one request per dataset for those that are not cached.

        Records without a row id, and new ones while the server is down, are absent.
        """
        with self._lock:
            ids = {key: view.records[key].id for key in records if key in view.records}
            wanted: dict[str, dict[str, str]] = {}
            for key, row in ids.items():
                if row is not None and key not in self._texts:
                    wanted.setdefault(view.dataset_of(key), {})[row] = key
            for dataset, rows in wanted.items():
                with suppress(SharegptArgillaError):
                    self._read_prompts(dataset, dict(list(rows.items())[:BATCH]), prompt_field(view.config))
            return {key: self._texts[key] for key in ids if key in self._texts}

    def fields(self, view: ProjectView, key: str) -> Mapping[str, Any]:
        """Field name -> content of one record; empty if it has no row id, and while the server is down."""
        with self._lock:
            row = view.records[key].id if key in view.records else None
            if row is None or self._client is None:
                return {}
            with suppress(SharegptArgillaError):
                found = RecordsDataset(self._client, view.dataset_of(key)).find([row])
                return {name: value for name, value in found[row].fields.items() if value} if row in found else {}
            return {}

    def question_seconds(self) -> dict[str, list[float]]:
        """Question -> seconds that people spent on it, for each submitted response with measured times.

        Raises:
            SharegptArgillaError: the times cannot be read.
        """
        seconds_by_question: dict[str, list[float]] = {}
        with self._lock:
            for watch in self._connected_project.watches if self._connected_project else ():
                for (key, person), times in self._times(watch.dataset.id).items():
                    if watch.was_submitted(key, person):
                        for question, seconds in times.items():
                            seconds_by_question.setdefault(question, []).append(seconds)
        return seconds_by_question

    def reviewed(self, young: float = YOUNG) -> tuple[str, ServerProgress] | None:
        """Argilla's id and the counts of the reviewers' dataset, at most ``young`` seconds old; four requests.

        None if the project has no reviewers, or the dataset does not exist; the last known while the server is
        down.
        """
        with self._lock:
            if self._client is None or self._connected_project is None:
                return self._reviewed
            project = self._connected_project.project
            if project.config.adjudication is None or time.monotonic() - self._reviewed_at < young:
                return self._reviewed
            part = review_part(project)
            with suppress(SharegptArgillaError):
                dataset = find_dataset(self._client, part.workspace, part.dataset)
                ready = dataset is not None and dataset.ready
                self._reviewed = (
                    (dataset.id, read_progress(self._client, dataset.id)) if ready and dataset else None
                )
            self._reviewed_at = time.monotonic()
            return self._reviewed

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._disconnect()

    def _refreshed(self) -> ProjectView:
        client, connected = self._connected()
        self._looks += 1
        look(client, connected.watches, self._looks)
        now, before = _now(), self._view
        was_read = self._read_answers(client, connected)
        viewed = [watch.viewed() for watch in connected.watches]
        if before is not None and not was_read and before.work is connected.work:
            records, dataset_by_record, version = before.records, before.dataset_by_record, before.version
        else:
            records, dataset_by_record = _joined(connected)
            version = 1 if before is None else before.version + 1
        progress = joined_progress(viewed, records, connected.work, personal=connected.is_personal)
        with suppress(OSError):
            history_of(self.home, history_name(viewed)).add(progress)
        is_late = before is not None and any(watch.is_stale for watch in connected.watches)
        return ProjectView(
            config=connected.project.config,
            url=client.url,
            datasets=viewed,
            guidelines=connected.watches[0].guidelines,
            progress=progress,
            records=records,
            dataset_by_record=dataset_by_record,
            work=connected.work,
            version=version,
            read_at=now,
            answers_at=before.answers_at if before is not None and is_late else now,
        )

    def _read_answers(self, client: ArgillaClient, connected: _ConnectedProject) -> bool:
        """Read changed answers; False if nothing changed, or if it is too early to read all answers again."""
        stale = [watch for watch in connected.watches if watch.is_stale]
        if not stale:
            return False
        started = time.monotonic()
        if not self._streams and started - self._read < PATIENCE * self._cost:
            return False
        self._learn_names(client, connected.watches)
        for watch in stale:
            watch.read(source_of(client, watch.dataset.id, self._people, ALL, streams=self._streams))
        self._read = time.monotonic()
        self._cost = self._read - started
        return True

    def _learn_names(self, client: ArgillaClient, watches: Sequence[DatasetWatch]) -> None:
        names = {name for watch in watches for name in watch.pulse.progress.people}
        if names - set(self._people.values()):
            # For an owner every workspace returns the same people.
            for space in {
                watch.dataset.workspace_id for watch in watches[: 1 if client.role == "owner" else None]
            }:
                self._people |= usernames(client, space)

    def _read_prompts(self, dataset: str, keys: Mapping[str, str], field: str) -> None:
        """Cache the prompts of some records of a dataset; ``keys``: row id -> Argilla's record id."""
        if self._client is not None:
            for row, record in RecordsDataset(self._client, dataset).find(list(keys)).items():
                self._texts[keys[row]] = str(record.fields.get(field) or "")[:EXCERPT]

    def _times(self, dataset: str) -> Mapping[tuple[str, str], Mapping[str, float]]:
        return {} if self._client is None else read_question_seconds(self._client, dataset)

    def _connected(self) -> tuple[ArgillaClient, _ConnectedProject]:
        project = load_project(self.config) if self._connected_project is None else self._connected_project.project
        mark = file_mark(plan_path(project.path, project.config.dataset))
        if self._client is None or self._connected_project is None or self._connected_project.mark != mark:
            project = load_project(self.config)
            work = planned_work(project)
            self._client = self._client or self._sign_in()
            watches = {
                one.dataset.id: one for one in (self._connected_project.watches if self._connected_project else ())
            }
            self._connected_project = _ConnectedProject(
                project, work, mark, _datasets(self._client, project, work, watches)
            )
        return self._client, self._connected_project

    def _sign_in(self) -> ArgillaClient:
        client = connect(self.connection or find_connection(self.home))
        self._streams = streams_responses(client)
        return client

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None


def prompt_field(config: ProjectConfig) -> str:
    """Name of the field that shows the prompt."""
    texts = [one for one in config.fields if isinstance(one, TextField)]
    return next((one.name for one in texts if one.content == "prompt"), texts[0].name if texts else "")


def history_name(datasets: Sequence[ViewedDataset]) -> str:
    """Name of a project's snapshots: the id of its dataset; if it has several, that of the first with a suffix."""
    return datasets[0].id + ("-and-others" if len(datasets) > 1 else "")


def _joined(connected: _ConnectedProject) -> tuple[Records, dict[str, str]]:
    if len(connected.watches) == 1:
        records, datasets = connected.watches[0].records, dict[str, str]()
    else:
        records, datasets = joined_records(
            records_of(connected.watches), connected.work, personal=connected.is_personal
        )
    done = connected.work.done
    if done is not None:
        records = {key: replace(record, status=planned_status(record, done)) for key, record in records.items()}
    return records, datasets


def _datasets(
    client: ArgillaClient, project: Project, work: PlannedWork, watches: Mapping[str, DatasetWatch]
) -> list[DatasetWatch]:
    """The existing datasets of a project; ``watches`` that are known already are reused."""
    parts = project_parts(project, work.plan.people if work.plan else ())
    if len(parts) == 1:
        datasets: list[DatasetOnServer | None] = [require_dataset(client, parts[0].workspace, parts[0].dataset)]
    else:
        datasets = find_datasets(client, [(part.workspace, part.dataset) for part in parts])
    existing = [
        (part, dataset)
        for part, dataset in zip(parts, datasets, strict=True)
        if dataset is not None and dataset.ready
    ]
    if not existing:
        require_dataset(client, parts[0].workspace, parts[0].dataset)
    return [watches.get(dataset.id) or DatasetWatch(part, dataset) for part, dataset in existing]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
