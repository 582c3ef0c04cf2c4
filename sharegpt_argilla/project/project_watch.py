"""A project that is looked at again and again: few requests, and the last view while the server is down."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from sharegpt_argilla.annotation import AnsweredRecord, ResponseStatus
from sharegpt_argilla.argilla_client.accounts import usernames
from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.dataset_on_server import DatasetOnServer, find_datasets, require_dataset
from sharegpt_argilla.argilla_client.records_on_server import BATCH, RecordsDataset
from sharegpt_argilla.argilla_client.server_counts import (
    DatasetPulse,
    ServerProgress,
    read_activities,
    read_progress,
    read_pulse,
    read_question_seconds,
)
from sharegpt_argilla.argilla_plugin.active_time import read_activity
from sharegpt_argilla.config import DEFAULT_CONFIG, Project, ProjectConfig, TextField, load_project
from sharegpt_argilla.config.project_datasets import Part, project_parts
from sharegpt_argilla.embedded_argilla.database_answers import EmbeddedAnswers, find_answers
from sharegpt_argilla.errors import ServerRefusedError, SharegptArgillaError
from sharegpt_argilla.project.answer_sources import AnswerSource, all_records, source_of
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
from sharegpt_argilla.responses.export_state import file_mark
from sharegpt_argilla.settings import Connection, Home, default_home, find_connection

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


Value = TypeVar("Value")

EXCERPT = 200
"""Characters of a prompt in a list."""

YOUNG = 10.0
"""Seconds for which a view serves everybody, however many pages are open."""

PATIENCE = 20
"""What took t seconds is not done again for so many times t: at most a twentieth of the time goes into it."""


@dataclass(frozen=True)
class _Found:
    """What was found when the connection was made, or the plan changed."""

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
    """Reads a project when it is asked for and old enough; may be used by many threads.

    A refresh is three requests, at most five where the project is kept in several datasets, and one or two more
    when answers came: on the embedded Argilla of this machine they are read from its database, and only those that
    changed.

    Attributes:
        config: the project file.
        connection: the Argilla; by default the one from the environment, else the embedded one.
        home: where the snapshots are kept.
    """

    config: str | Path = DEFAULT_CONFIG
    connection: Connection | None = None
    home: Home = field(default_factory=default_home)

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._client: ArgillaClient | None = None
        self._people: dict[str, str] = {}
        self._view: ProjectView | None = None
        self._found: _Found | None = None
        self._tried = self._read = float("-inf")
        self._cost = 0.0
        self._looks = 0
        self._is_near = False
        self._kept: dict[str, _Kept] = {}
        self._texts: dict[str, str] = {}

    def view(self, young: float = YOUNG) -> ProjectView:
        """The project as it is, or was at most ``young`` seconds ago, or was when the server last answered.

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
        """What ``make`` computes from a view: once for a version, and not sooner than its cost allows."""
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
        """Argilla's record id -> beginning of the prompt; one request for those that were not asked for before.

        Those without a row's id, and new ones while the server is down, are absent.
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

    def question_seconds(self) -> dict[str, list[float]]:
        """Question -> seconds that people were on it, of each submitted response where that was measured.

        Raises:
            SharegptArgillaError: the times cannot be read.
        """
        found: dict[str, list[float]] = {}
        with self._lock:
            for one in self._found.watches if self._found else ():
                for (key, person), times in self._times(one.dataset.id).items():
                    if one.was_submitted(key, person):
                        for question, seconds in times.items():
                            found.setdefault(question, []).append(seconds)
        return found

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._disconnect()

    def _refreshed(self) -> ProjectView:
        client, found = self._connected()
        self._looks += 1
        look(client, found.watches, self._looks)
        now, before = _now(), self._view
        was_read = self._read_answers(client, found)
        viewed = [one.viewed() for one in found.watches]
        if before is not None and not was_read and before.work is found.work:
            records, places, version = before.records, before.places, before.version
        else:
            records, places = _joined(found)
            version = 1 if before is None else before.version + 1
        progress = joined_progress(viewed, records, found.work, personal=found.is_personal)
        with suppress(OSError):
            history_of(self.home, history_name(viewed)).add(progress)
        is_late = before is not None and any(one.is_stale for one in found.watches)
        return ProjectView(
            config=found.project.config,
            url=client.url,
            datasets=viewed,
            guidelines=found.watches[0].guidelines,
            progress=progress,
            records=records,
            places=places,
            work=found.work,
            version=version,
            read_at=now,
            answers_at=before.answers_at if before is not None and is_late else now,
        )

    def _read_answers(self, client: ArgillaClient, found: _Found) -> bool:
        """Read what changed; False where nothing did, or it is too early to read all answers again."""
        stale = [one for one in found.watches if one.is_stale]
        if not stale:
            return False
        started = time.monotonic()
        active = {one.dataset.id: partial(getattr, one, "last_activity") for one in found.watches}
        near = find_answers(self.home, client.url, active)
        self._is_near = near is not None
        if near is None and started - self._read < PATIENCE * self._cost:
            return False
        self._learn_names(client, found.watches)
        with closing(near) if near is not None else nullcontext():
            for one in stale:
                one.read(source_of(client, one.dataset.id, self._people, ALL, near), near)
        self._read = time.monotonic()
        self._cost = self._read - started
        return True

    def _learn_names(self, client: ArgillaClient, watches: Sequence[DatasetWatch]) -> None:
        names = {name for one in watches for name in one.pulse.progress.people}
        if names - set(self._people.values()):
            # For an owner every workspace gives the same.
            for space in {one.dataset.workspace_id for one in watches[: 1 if client.role == "owner" else None]}:
                self._people |= usernames(client, space)

    def _read_prompts(self, dataset: str, keys: Mapping[str, str], field: str) -> None:
        """The prompts of some records of a dataset: row id -> Argilla's record id."""
        if self._client is not None:
            for row, record in RecordsDataset(self._client, dataset).find(list(keys)).items():
                self._texts[keys[row]] = str(record.fields.get(field) or "")[:EXCERPT]

    def _times(self, dataset: str) -> Mapping[tuple[str, str], Mapping[str, float]]:
        if self._is_near:
            return {key: one["questions"] for key, one in read_activity(self.home, dataset).items()}
        return {} if self._client is None else read_question_seconds(self._client, dataset)

    def _connected(self) -> tuple[ArgillaClient, _Found]:
        project = load_project(self.config) if self._found is None else self._found.project
        mark = file_mark(plan_path(project.path, project.config.dataset))
        if self._client is None or self._found is None or self._found.mark != mark:
            project = load_project(self.config)
            work = planned_work(project)
            self._client = self._client or connect(self.connection or find_connection(self.home))
            known = {one.dataset.id: one for one in (self._found.watches if self._found else ())}
            self._found = _Found(project, work, mark, _datasets(self._client, project, work, known))
        return self._client, self._found

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None


def prompt_field(config: ProjectConfig) -> str:
    """Name of the field that shows the prompt."""
    texts = [one for one in config.fields if isinstance(one, TextField)]
    return next((one.name for one in texts if one.content == "prompt"), texts[0].name if texts else "")


def history_name(datasets: Sequence[ViewedDataset]) -> str:
    """Name of the snapshots of a project: the id of its dataset; of several, that of the first and a word."""
    return datasets[0].id + ("-and-others" if len(datasets) > 1 else "")


def _joined(found: _Found) -> tuple[Records, dict[str, str]]:
    if len(found.watches) == 1:
        return found.watches[0].records, {}
    return joined_records(records_of(found.watches), found.work, personal=found.is_personal)


def _datasets(
    client: ArgillaClient, project: Project, work: PlannedWork, known: Mapping[str, DatasetWatch]
) -> list[DatasetWatch]:
    """The datasets of a project that are there; what is known of them already is kept."""
    parts = project_parts(project, work.plan.people if work.plan else ())
    if len(parts) == 1:
        found: list[DatasetOnServer | None] = [require_dataset(client, parts[0].workspace, parts[0].dataset)]
    else:
        found = find_datasets(client, [(part.workspace, part.dataset) for part in parts])
    there = [(part, one) for part, one in zip(parts, found, strict=True) if one is not None and one.ready]
    if not there:
        require_dataset(client, parts[0].workspace, parts[0].dataset)
    return [known.get(one.id) or DatasetWatch(part, one) for part, one in there]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
