"""How far a dataset is, in the server's own counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.argilla_client.connection import ArgillaClient

STATUSES = ("submitted", "draft", "discarded")


@dataclass(frozen=True)
class ServerProgress:
    """The counts of one dataset at one moment.

    Attributes:
        total: records.
        completed: those that enough people submitted.
        pending: the others.
        people: username -> responses by status, of everybody who has any.
    """

    total: int
    completed: int
    pending: int
    people: Mapping[str, Mapping[str, int]]


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


def read_progress(client: ArgillaClient, dataset_id: str) -> ServerProgress:
    """The counts of a dataset; two requests."""
    base = f"/api/v1/datasets/{dataset_id}"
    counts, people = client.get(f"{base}/progress"), client.get(f"{base}/users/progress")["users"]
    return ServerProgress(
        counts["total"],
        counts["completed"],
        counts["pending"],
        {person["username"]: _statuses(person) for person in people},
    )


def read_pulse(client: ArgillaClient, dataset_id: str) -> DatasetPulse:
    """Counts, guidelines and the time of the last activity; three requests."""
    found = client.get(f"/api/v1/datasets/{dataset_id}")
    return DatasetPulse(
        found["guidelines"] or "", str(found["last_activity_at"]), read_progress(client, dataset_id)
    )


def read_activities(client: ArgillaClient) -> dict[str, tuple[str, str]]:
    """Argilla's id of every dataset that the account sees -> guidelines and last activity; one request."""
    found = client.get("/api/v1/me/datasets")["items"]
    return {item["id"]: (item["guidelines"] or "", str(item["last_activity_at"])) for item in found}


def _statuses(person: Mapping[str, Any]) -> dict[str, int]:
    return {status: person["completed"][status] + person["pending"][status] for status in STATUSES}
