"""A project that is looked at again and again: few requests, and the last view while the server is down."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from sharegpt_argilla.annotation import AnsweredRecord, ResponseStatus
from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.dataset import DatasetOnServer, require_dataset
from sharegpt_argilla.argilla_client.people import usernames
from sharegpt_argilla.argilla_client.progress import DatasetPulse, ServerProgress, read_pulse
from sharegpt_argilla.argilla_client.records import BATCH, RecordsDataset
from sharegpt_argilla.config import DEFAULT_CONFIG, ProjectConfig, TextField, load_project
from sharegpt_argilla.embedded_argilla.answers import EmbeddedAnswers, find_answers
from sharegpt_argilla.errors import SharegptArgillaError
from sharegpt_argilla.settings import Connection, Home, default_home, find_connection
from sharegpt_argilla.workflows.answer_sources import AnswerSource, all_records, source_of
from sharegpt_argilla.workflows.progress_history import history_of

Value = TypeVar("Value")

EXCERPT = 200
"""Characters of a prompt in a list."""

YOUNG = 10.0
"""Seconds for which a view serves everybody, however many pages are open."""

PATIENCE = 20
"""What took t seconds is not done again for so many times t: at most a twentieth of the time goes into it."""

_ALL: tuple[ResponseStatus, ...] = ("submitted", "draft", "discarded")


@dataclass(frozen=True)
class ProjectView:
    """A project at one moment.

    Attributes:
        config: the project file.
        url: address of the Argilla.
        dataset_id: Argilla's id of the dataset.
        guidelines: the text in force.
        progress: the server's counts.
        records: Argilla's record id -> record with all its responses, without texts.
        version: another number when ``records`` changed.
        read_at: when the server last answered, UTC.
        answers_at: when ``records`` were read, UTC.
        problem: "" while the server answers, else what is wrong; all the rest is then as it was last.
    """

    config: ProjectConfig
    url: str
    dataset_id: str
    guidelines: str
    progress: ServerProgress
    records: Mapping[str, AnsweredRecord]
    version: int
    read_at: datetime
    answers_at: datetime
    problem: str = ""


@dataclass
class _Kept:
    version: object
    value: Any
    made: float
    cost: float


@dataclass
class ProjectWatch:
    """Reads a project when it is asked for and old enough; may be used by many threads.

    A refresh is three requests, and four or five when answers came: on the embedded Argilla of this machine they
    are read from its database, and only those that changed.

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
        self._stamps: dict[str, object] | None = None
        self._view: ProjectView | None = None
        self._pulse: DatasetPulse | None = None
        self._found: tuple[ProjectConfig, DatasetOnServer] | None = None
        self._tried = self._read = float("-inf")
        self._cost = 0.0
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
            wanted = [row for key, row in ids.items() if row is not None and key not in self._texts][:BATCH]
            if wanted and self._client is not None:
                with suppress(SharegptArgillaError):
                    found = RecordsDataset(self._client, view.dataset_id).find(wanted)
                    name = prompt_field(view.config)
                    shown = {row: str(record.fields.get(name) or "")[:EXCERPT] for row, record in found.items()}
                    self._texts |= {key: shown[row] for key, row in ids.items() if row in shown}
            return {key: self._texts[key] for key in ids if key in self._texts}

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._disconnect()

    def _refreshed(self) -> ProjectView:
        client, config, dataset = self._connected()
        pulse, now = read_pulse(client, dataset.id), _now()
        view = self._view
        with suppress(OSError):
            history_of(self.home, dataset.id).add(pulse.progress)
        if view is None or view.dataset_id != dataset.id:
            self._stamps, self._texts, version, records, answers_at = None, {}, 0, {}, now
        elif pulse == self._pulse:
            return replace(view, read_at=now, answers_at=now, problem="")
        else:
            version, records, answers_at = view.version, dict(view.records), view.answers_at
        if (found := self._answers(client, dataset, pulse, records)) is not None:
            records, version, answers_at = found, version + 1, now
            self._pulse = pulse
        return ProjectView(
            config, client.url, dataset.id, pulse.guidelines, pulse.progress, records, version, now, answers_at
        )

    def _answers(
        self,
        client: ArgillaClient,
        dataset: DatasetOnServer,
        pulse: DatasetPulse,
        before: dict[str, AnsweredRecord],
    ) -> dict[str, AnsweredRecord] | None:
        """The records as they are now; None where it is too early to read them all again."""
        started = time.monotonic()
        near = find_answers(self.home, client.url, {dataset.id: lambda: pulse.last_activity})
        if near is None and started - self._read < PATIENCE * self._cost:
            return None
        if set(pulse.progress.people) - set(self._people.values()):
            self._people = usernames(client, dataset.workspace_id)
        with closing(near) if near is not None else nullcontext():
            source = source_of(client, dataset.id, self._people, _ALL, near)
            then, self._stamps = self._stamps, None if near is None else _stamps(near, dataset.id)
            if then is None or self._stamps is None:
                records = all_records(source)
            else:
                records = _changed(source, before, then, self._stamps)
        self._read = time.monotonic()
        self._cost = self._read - started
        return records

    def _connected(self) -> tuple[ArgillaClient, ProjectConfig, DatasetOnServer]:
        if self._client is None or self._found is None:
            config = load_project(self.config).config
            client = connect(self.connection or find_connection(self.home))
            try:
                dataset = require_dataset(client, config.workspace, config.dataset)
            except SharegptArgillaError:
                client.close()
                raise
            self._client, self._found = client, (config, dataset)
        return self._client, *self._found

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None


def prompt_field(config: ProjectConfig) -> str:
    """Name of the field that shows the prompt."""
    texts = [one for one in config.fields if isinstance(one, TextField)]
    return next((one.name for one in texts if one.content == "prompt"), texts[0].name if texts else "")


def _stamps(near: EmbeddedAnswers, dataset_id: str) -> dict[str, object]:
    """Argilla's record id -> what changes with its answers."""
    return {str(UUID(key)): stamp for key, *stamp in near.stamps(dataset_id, _ALL)}


def _changed(
    source: AnswerSource,
    before: Mapping[str, AnsweredRecord],
    then: Mapping[str, object],
    now: Mapping[str, object],
) -> dict[str, AnsweredRecord]:
    changed = [key for key, stamp in now.items() if then.get(key) != stamp]
    kept = {key: record for key, record in before.items() if key in now}
    return kept | all_records(source, changed)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
