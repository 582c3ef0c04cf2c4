"""Records: which are there already, and sending those that are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sharegpt_argilla.annotation import FieldValue, MetadataValue, RecordDraft
from sharegpt_argilla.argilla_client.connection import ArgillaClient, RefusedError

BATCH = 250
"""Records a call: Argilla takes at most 250 ids in one filter and 500 records in one upsert."""

_UNPROCESSABLE = 422


def find_records(client: ArgillaClient, dataset_id: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Those of at most 250 records that are on the server: our id -> ``fields`` and ``metadata`` there."""
    if not ids:
        return {}
    scope = {"entity": "record", "property": "external_id"}
    query = {"filters": {"and": [{"type": "terms", "scope": scope, "values": list(ids)}]}}
    path = f"/api/v1/datasets/{dataset_id}/records/search"
    answer = client.post(path, query, {"offset": 0, "limit": len(ids)})
    found = (item["record"] for item in answer["items"] if item["record"])
    return {record["external_id"]: record for record in found}


def same_content(
    fields: Mapping[str, FieldValue], metadata: Mapping[str, MetadataValue | None], found: Mapping[str, Any]
) -> bool:
    """Whether a record that ``find_records`` found shows the same texts and has at least these values.

    Args:
        fields: all fields of the record.
        metadata: some of its metadata; None for a property that it shall not have.
        found: what the server has.
    """
    shown = {name: value for name, value in found["fields"].items() if value is not None}
    values = found["metadata"] or {}
    return shown == dict(fields) and all(values.get(name) == value for name, value in metadata.items())


def upsert_records(
    client: ArgillaClient,
    dataset_id: str,
    drafts: Sequence[RecordDraft],
    on_refused: Callable[[RecordDraft, str], None],
) -> int:
    """Send records, new or changed; returns how many the server took.

    A record that the server refuses does not take its neighbours with it: the batch is halved until the
    culprit stands alone and goes to ``on_refused`` with the server's reason.
    """
    if not drafts:
        return 0
    try:
        client.put(f"/api/v1/datasets/{dataset_id}/records/bulk", {"items": [_body(draft) for draft in drafts]})
    except RefusedError as error:
        if error.status != _UNPROCESSABLE:
            raise
        if len(drafts) == 1:
            on_refused(drafts[0], str(error))
            return 0
        middle = len(drafts) // 2
        halves = (drafts[:middle], drafts[middle:])
        return sum(upsert_records(client, dataset_id, half, on_refused) for half in halves)
    return len(drafts)


def _body(draft: RecordDraft) -> dict[str, Any]:
    # Fields and metadata always whole: an upsert that leaves one out wipes it on the server.
    return {"external_id": draft.id, "fields": dict(draft.fields), "metadata": dict(draft.metadata)}
