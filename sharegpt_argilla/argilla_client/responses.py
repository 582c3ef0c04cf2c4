"""Responses, with all that the SDK's own export leaves out: statuses, times, discards."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sharegpt_argilla.annotation import AnsweredRecord, Response, ResponseStatus
from sharegpt_argilla.argilla_client.connection import ArgillaClient

PAGE = 500
PASSES = 5
"""How often the listing is read when answers come in while it is read."""

SUBMITTED: tuple[ResponseStatus, ...] = ("submitted",)


def read_answered_records(
    client: ArgillaClient,
    dataset_id: str,
    usernames: Mapping[str, str],
    statuses: Collection[ResponseStatus] = SUBMITTED,
) -> list[AnsweredRecord]:
    """Every record that has a response of one of the statuses, with those responses.

    The listing is sorted by record id, the one order that no new answer changes, and read again until a pass
    saw exactly as many records as the server counted on its first and on its last page: a page that shifts
    while people answer cannot drop a record unseen. On a dataset that never rests, what several passes saw
    is put together.

    Args:
        client: the connection of an owner or of an admin who is a member of the workspace.
        dataset_id: Argilla's id of the dataset.
        usernames: user id -> username.
        statuses: which responses count.
    """
    seen: dict[str, dict[str, Any]] = {}
    for _ in range(PASSES):
        found, totals = _read_pass(client, dataset_id, statuses)
        if totals == {len(found)}:
            seen = found
            break
        seen.update(found)
    return [_answered(record, usernames, statuses) for record in seen.values()]


def _read_pass(
    client: ArgillaClient, dataset_id: str, statuses: Collection[str]
) -> tuple[dict[str, dict[str, Any]], set[int]]:
    """All pages once: Argilla's record id -> record, and every count that the server gave on the way."""
    found: dict[str, dict[str, Any]] = {}
    totals: set[int] = set()
    offset, total = 0, 1
    while offset < total:
        page = client.post(
            f"/api/v1/datasets/{dataset_id}/records/search",
            _query(statuses),
            {"offset": offset, "limit": PAGE, "include": "responses"},
        )
        total = page["total"]
        totals.add(total)
        found.update((item["record"]["id"], item["record"]) for item in page["items"] if item["record"])
        offset += PAGE
    return found, totals


def _query(statuses: Collection[str]) -> dict[str, Any]:
    answered = {
        "type": "terms",
        "scope": {"entity": "response", "property": "status"},
        "values": list(statuses),
    }
    by_id = {"scope": {"entity": "record", "property": "id"}, "order": "asc"}
    return {"filters": {"and": [answered]}, "sort": [by_id]}


def _answered(
    record: Mapping[str, Any], usernames: Mapping[str, str], statuses: Collection[str]
) -> AnsweredRecord:
    responses = sorted(record.get("responses") or [], key=lambda item: (item["inserted_at"], item["id"]))
    return AnsweredRecord(
        id=record["external_id"],
        status=record["status"],
        responses=[_response(item, usernames) for item in responses if item["status"] in statuses],
    )


def _response(item: Mapping[str, Any], usernames: Mapping[str, str]) -> Response:
    # A discarded response may have no values at all.
    values = item["values"] or {}
    return Response(
        annotator=usernames.get(item["user_id"], item["user_id"]),
        status=item["status"],
        values={question: answer["value"] for question, answer in values.items()},
        submitted_at=item["updated_at"],
    )
