"""What the server says of itself, and its counts: records, progress by person, last activity, active time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sharegpt_argilla.argilla_client.connection import NEWEST, ArgillaClient, RefusedError
from sharegpt_argilla.errors import ServerRefusedError, ServerUnreachableError


@dataclass(frozen=True)
class RecordCounts:
    """Records of one dataset, counted twice: in the database, and in the search index that people see."""

    database: int
    index: int


def server_version(client: ArgillaClient) -> str:
    """Version of the server, as ``2.8.0``."""
    return str(client.get("/api/v1/version")["version"])


def count_records(client: ArgillaClient, dataset_id: str) -> RecordCounts:
    """Both counts of a dataset. Takes an owner's key, or that of an admin who is a member of the workspace."""
    listed = client.get(f"/api/v1/datasets/{dataset_id}/records", {"limit": 1})
    progress = client.get(f"/api/v1/datasets/{dataset_id}/progress")
    return RecordCounts(database=listed["total"], index=progress["total"])


STATUSES = ("submitted", "draft", "discarded")


@dataclass(frozen=True)
class ServerProgress:
    """The counts of one dataset at one moment.

    Attributes:
        total: records.
        completed: those that enough people submitted.
        pending: the others.
        people: username -> responses by status, of everybody who has any.
        on_pending: username -> responses to pending records, of any status; all other pending records are in the
            person's queue, unless a plan gives them to others.
    """

    total: int
    completed: int
    pending: int
    people: Mapping[str, Mapping[str, int]]
    on_pending: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class DatasetPulse:
    """What three requests say of a dataset.

    Attributes:
        guidelines: the text that annotators read.
        last_activity: when somebody last answered, edited or withdrew: ISO 8601, UTC, without a zone.
        progress: the counts.
    """

    guidelines: str
    last_activity: str
    progress: ServerProgress


def people_progress(client: ArgillaClient, dataset_id: str) -> list[dict[str, Any]]:
    """The responses of everybody by status, as the server counts them.

    Raises:
        ServerRefusedError: an older server fails at it. 2.6.0 does on PostgreSQL, which refuses its query.
        ServerUnreachableError, CredentialsError: see their docstrings.
    """
    try:
        return list(client.get(f"/api/v1/datasets/{dataset_id}/users/progress")["users"])
    except ServerUnreachableError as error:
        if client.version >= NEWEST:
            raise
        older = ".".join(map(str, client.version))
        raise ServerRefusedError(
            f"{error} Argilla {older} may fail to count answers by person, as 2.6.0 does on PostgreSQL; use 2.8"
        ) from error


def read_progress(client: ArgillaClient, dataset_id: str) -> ServerProgress:
    """The counts of a dataset; two requests."""
    base = f"/api/v1/datasets/{dataset_id}"
    counts, people = client.get(f"{base}/progress"), people_progress(client, dataset_id)
    return ServerProgress(
        counts["total"],
        counts["completed"],
        counts["pending"],
        {person["username"]: _statuses(person) for person in people},
        {person["username"]: sum(person["pending"][status] for status in STATUSES) for person in people},
    )


def read_pulse(client: ArgillaClient, dataset_id: str) -> DatasetPulse:
    """Counts, guidelines and the time of the last activity; three requests."""
    dataset = client.get(f"/api/v1/datasets/{dataset_id}")
    return DatasetPulse(
        dataset["guidelines"] or "", str(dataset["last_activity_at"]), read_progress(client, dataset_id)
    )


def read_activities(client: ArgillaClient) -> dict[str, tuple[str, str]]:
    """Argilla's id of every dataset that the account sees -> guidelines and last activity; one request."""
    datasets = client.get("/api/v1/me/datasets")["items"]
    return {item["id"]: (item["guidelines"] or "", str(item["last_activity_at"])) for item in datasets}


def _statuses(person: Mapping[str, Any]) -> dict[str, int]:
    return {status: person["completed"][status] + person["pending"][status] for status in STATUSES}


_NO_SUCH_PATH = (404, 405)


def read_active_seconds(client: ArgillaClient, dataset_id: str) -> dict[tuple[str, str], float]:
    """Argilla's record id and username -> seconds spent on the record.

    Empty if the server is another Argilla, which has no such route and may answer with its page.

    Args:
        client: the connection of an owner or of an admin who is a member of the workspace.
        dataset_id: Argilla's id of the dataset.
    """
    items = _items(client, dataset_id)
    return {(item["record_id"], item["username"]): float(item["seconds"]) for item in items}


def read_question_seconds(client: ArgillaClient, dataset_id: str) -> dict[tuple[str, str], dict[str, float]]:
    """Argilla's record id and username -> question -> seconds spent on it; else as `read_active_seconds`."""
    items = _items(client, dataset_id)
    return {(item["record_id"], item["username"]): dict(item["questions"]) for item in items}


@dataclass(frozen=True)
class Capabilities:
    """What this package's plug-in does on a server.

    Attributes:
        version: of this package, on the server.
        plans: ``enforced``, ``open`` (whoever started it wanted that) or ``off``.
        private_answers: whether annotators of a plan see their own answers only.
        active_time: whether active time is measured.
        sign_in_limit: whether sign-ins are slowed down after failures.
        streamed_responses: whether `StreamedResponses` can read there.
    """

    version: str
    plans: str
    private_answers: bool
    active_time: bool
    sign_in_limit: bool
    streamed_responses: bool = False


_SWITCHES = ("private_answers", "active_time", "sign_in_limit", "streamed_responses")


def read_capabilities(client: ArgillaClient) -> Capabilities | None:
    """What the plug-in does there; None for an Argilla without it. Takes any account's key."""
    answer = _optional_answer(client, "/api/sharegpt/capabilities")
    if not isinstance(answer.get("plans"), str):
        return None
    switches = [bool(answer.get(name)) for name in _SWITCHES]
    return Capabilities(str(answer.get("version")), answer["plans"], *switches)


def count_webhooks(client: ArgillaClient) -> int:
    """Webhooks of a server; 0 for an Argilla that is too old to have any. Owners only."""
    return len(_optional_answer(client, "/api/v1/webhooks").get("items", []))


def _items(client: ArgillaClient, dataset_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = _optional_answer(
        client, "/api/sharegpt/activity", {"dataset_id": dataset_id}
    ).get("items", [])
    return items


def _optional_answer(client: ArgillaClient, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The answer of a route that not every Argilla has; one without it may answer with its page. Empty then."""
    try:
        answer = client.get(path, params)
    except ServerRefusedError as error:
        if isinstance(error, RefusedError) and error.status not in _NO_SUCH_PATH:
            raise
        return {}
    return answer if isinstance(answer, dict) else {}
