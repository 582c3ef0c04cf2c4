"""Records with everything on them, read from one Argilla and sent to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sharegpt_argilla.argilla_client.connection import ArgillaClient, RefusedError

PAGE = 200
"""Records a call: Argilla takes at most 250 ids in one filter."""

_UNPROCESSABLE = 422


def count_database(client: ArgillaClient, dataset_id: str) -> int:
    """Records in the database of the server, whatever its search index holds. 0 for a draft."""
    return int(client.get(f"/api/v1/datasets/{dataset_id}/records", {"limit": 1})["total"])


def read_records(client: ArgillaClient, dataset_id: str) -> Iterator[list[dict[str, Any]]]:
    """All records, in pages of up to 200, with responses of everybody, suggestions and vectors.

    Sorted by id, the one order in which a page neither repeats nor skips a record.
    """
    by_id = {"scope": {"entity": "record", "property": "id"}, "order": "asc"}
    offset, total = 0, 1
    while offset < total:
        total, page = _search(client, dataset_id, {"sort": [by_id]}, offset)
        yield page
        offset += PAGE


def count_contents(page: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """Records of a page, their responses by status, their suggestions and vectors."""
    counts = Counter(records=len(page))
    for record in page:
        counts.update(f"{response['status']} responses" for response in record["responses"])
        counts["suggestions"] += len(record["suggestions"])
        counts["vectors"] += len(record["vectors"])
    return counts


def external_id(record: Mapping[str, Any]) -> str:
    """The id by which a record is found again on the target: its external id, else its id on the source."""
    return str(record["external_id"] or record["id"])


def find_there(client: ArgillaClient, dataset_id: str, page: Sequence[Mapping[str, Any]]) -> dict[str, set[str]]:
    """Those records of a page that the target has: external id -> ids of the users who answered them there."""
    scope = {"entity": "record", "property": "external_id"}
    wanted = {"type": "terms", "scope": scope, "values": [external_id(record) for record in page]}
    _, found = _search(client, dataset_id, {"filters": {"and": [wanted]}}, 0)
    return {record["external_id"]: {response["user_id"] for response in record["responses"]} for record in found}


def whole_body(
    record: Mapping[str, Any], users: Mapping[str, str], questions: Mapping[str, str]
) -> dict[str, Any]:
    """What is sent of a record that is new on the target.

    Args:
        record: a record of `read_records`.
        users: source's user id -> target's.
        questions: source's question id -> target's.
    """
    kept = ("value", "type", "score", "agent")
    return {
        "external_id": external_id(record),
        "fields": record["fields"],
        "metadata": record["metadata"] or {},
        "vectors": record["vectors"],
        "responses": [_response_body(response, users) for response in record["responses"]],
        "suggestions": [
            {"question_id": questions[item["question_id"]], **{name: item[name] for name in kept}}
            for item in record["suggestions"]
        ],
    }


def missing_body(record: Mapping[str, Any], users: Mapping[str, str], there: set[str]) -> dict[str, Any] | None:
    """What is sent of a record that the target has: the responses that it lacks; None when it lacks none."""
    bodies = [_response_body(response, users) for response in record["responses"]]
    lacking = [body for body in bodies if body["user_id"] not in there]
    # Fields and metadata are left out, which leaves them as they are.
    return {"external_id": external_id(record), "responses": lacking} if lacking else None


def send_records(
    client: ArgillaClient,
    dataset_id: str,
    bodies: Sequence[dict[str, Any]],
    on_refused: Callable[[str, str], None],
) -> int:
    """Upsert records; returns how many the target took.

    A batch that is refused is halved until the culprit stands alone; its external id and the reason go to
    ``on_refused``.
    """
    if not bodies:
        return 0
    try:
        client.put(f"/api/v1/datasets/{dataset_id}/records/bulk", {"items": list(bodies)})
    except RefusedError as error:
        if error.status != _UNPROCESSABLE:
            raise
        if len(bodies) == 1:
            on_refused(bodies[0]["external_id"], str(error))
            return 0
        middle = len(bodies) // 2
        halves = (bodies[:middle], bodies[middle:])
        return sum(send_records(client, dataset_id, half, on_refused) for half in halves)
    return len(bodies)


def _search(
    client: ArgillaClient, dataset_id: str, query: Mapping[str, Any], offset: int
) -> tuple[int, list[dict[str, Any]]]:
    answer = client.post(
        f"/api/v1/datasets/{dataset_id}/records/search",
        query,
        {"offset": offset, "limit": PAGE, "include": ["responses", "suggestions", "vectors"]},
    )
    records = [item["record"] for item in answer["items"] if item["record"]]
    empty: dict[str, Any] = {"responses": [], "suggestions": [], "vectors": {}}
    return answer["total"], [
        {**record, **{name: record.get(name) or value for name, value in empty.items()}} for record in records
    ]


def _response_body(response: Mapping[str, Any], users: Mapping[str, str]) -> dict[str, Any]:
    # A draft needs values, which a source may have stored as null.
    values = response["values"] or {}
    return {"user_id": users[response["user_id"]], "status": response["status"], "values": values}
