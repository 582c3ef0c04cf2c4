"""Active time that an embedded Argilla measured, read from its own route over REST."""

from __future__ import annotations

from typing import Any

from sharegpt_argilla.argilla_client.connection import ArgillaClient, RefusedError
from sharegpt_argilla.errors import ServerRefusedError

_NO_SUCH_PATH = (404, 405)


def read_active_seconds(client: ArgillaClient, dataset_id: str) -> dict[tuple[str, str], float]:
    """Argilla's record id and username -> seconds spent on the record.

    Nothing where the server is another Argilla, which has no such route and may answer with its page.

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


def _items(client: ArgillaClient, dataset_id: str) -> list[dict[str, Any]]:
    try:
        answer = client.get("/api/sharegpt/activity", {"dataset_id": dataset_id})
    except ServerRefusedError as error:
        if isinstance(error, RefusedError) and error.status not in _NO_SUCH_PATH:
            raise
        return []
    items: list[dict[str, Any]] = answer.get("items", []) if isinstance(answer, dict) else []
    return items
