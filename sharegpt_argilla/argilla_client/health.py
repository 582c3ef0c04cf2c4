"""What a server says about itself."""

from __future__ import annotations

from dataclasses import dataclass

from sharegpt_argilla.argilla_client.connection import ArgillaClient


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
