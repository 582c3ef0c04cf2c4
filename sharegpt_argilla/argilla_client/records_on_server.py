"""The records of a dataset on the server: found by our ids, sent, given to people, and removed if unanswered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sharegpt_argilla.annotation import RecordDraft, Suggestion
from sharegpt_argilla.argilla_client.connection import ArgillaClient
from sharegpt_argilla.argilla_client.copying import find_answerers, send_records
from sharegpt_argilla.common.batching import batched

BATCH = 250
"""Records a call: Argilla takes at most 250 ids in one filter and 500 records in one upsert."""


@dataclass(frozen=True)
class FoundRecord:
    """A record as the server has it.

    Attributes:
        id: Argilla's id.
        fields: field name -> what it shows.
        metadata: property -> value.
        suggestions: at most one a question.
        completed: whether enough people answered it.
    """

    id: str
    fields: Mapping[str, Any]
    metadata: Mapping[str, Any]
    suggestions: Sequence[Suggestion]
    completed: bool

    def has(self, draft: RecordDraft, absent: Collection[str] = ()) -> bool:
        """Whether the record shows the draft's texts and has at least its metadata and suggestions.

        Args:
            draft: a record, perhaps with a part of its metadata; vectors are not looked at.
            absent: properties that the record shall not have.
        """
        return (
            self.fields == draft.fields
            and all(self.metadata.get(name) == value for name, value in draft.metadata.items())
            and not any(self.metadata.get(name) is not None for name in absent)
            and all(suggestion in self.suggestions for suggestion in draft.suggestions)
        )


class RecordsDataset:
    """The records of one dataset.

    Args:
        client: the Argilla.
        dataset_id: Argilla's id of the dataset.
    """

    def __init__(self, client: ArgillaClient, dataset_id: str) -> None:
        self._client = client
        self._dataset_id = dataset_id
        self._path = f"/api/v1/datasets/{dataset_id}"

    def find(self, ids: Sequence[str]) -> dict[str, FoundRecord]:
        """Those of at most 250 records that are on the server, by our id."""
        if not ids:
            return {}
        scope = {"entity": "record", "property": "external_id"}
        query = {"filters": {"and": [{"type": "terms", "scope": scope, "values": list(ids)}]}}
        params = {"offset": 0, "limit": len(ids), "include": "suggestions"}
        answer = self._client.post(f"{self._path}/records/search", query, params)
        found = (item["record"] for item in answer["items"] if item["record"])
        return {record["external_id"]: self._found(record) for record in found}

    def upsert(self, drafts: Sequence[RecordDraft], on_refused: Callable[[RecordDraft, str], None]) -> int:
        """Send records, new or changed; returns how many the server took.

        A record that the server refuses does not take its neighbours with it: the batch is halved until the
        refused record is alone in it, which goes to ``on_refused`` with the server's reason.
        """
        by_id = {draft.id: draft for draft in drafts}
        return send_records(
            self._client,
            self._dataset_id,
            [self._body(draft) for draft in drafts],
            lambda identifier, reason: on_refused(by_id[identifier], reason),
        )

    @cached_property
    def _question_ids(self) -> dict[str, str]:
        return {item["name"]: item["id"] for item in self._client.get(f"{self._path}/questions")["items"]}

    @cached_property
    def _question_names(self) -> dict[str, str]:
        return {question_id: name for name, question_id in self._question_ids.items()}

    def _found(self, record: Mapping[str, Any]) -> FoundRecord:
        return FoundRecord(
            id=record["id"],
            # An empty chat is sent to older servers in place of none.
            fields={name: value for name, value in record["fields"].items() if value not in (None, [])},
            metadata=record["metadata"] or {},
            suggestions=[self._suggestion(item) for item in record.get("suggestions") or ()],
            completed=record["status"] == "completed",
        )

    def _suggestion(self, item: Mapping[str, Any]) -> Suggestion:
        question = self._question_names.get(item["question_id"], "")
        return Suggestion(question, item["value"], item["agent"] or "", item["score"], item["type"] or "model")

    def _body(self, draft: RecordDraft) -> dict[str, Any]:
        # Metadata always whole: what an upsert leaves out of it is wiped on the server. A suggestion or a vector
        # that is left out stays.
        body: dict[str, Any] = {
            "external_id": draft.id,
            "fields": dict(draft.fields),
            "metadata": dict(draft.metadata),
        }
        if draft.suggestions:
            body["suggestions"] = [self._suggestion_body(suggestion) for suggestion in draft.suggestions]
        if draft.vectors:
            body["vectors"] = {name: list(numbers) for name, numbers in draft.vectors.items()}
        return body

    def _suggestion_body(self, suggestion: Suggestion) -> dict[str, Any]:
        return {
            "question_id": self._question_ids[suggestion.question],
            "value": suggestion.value,
            "agent": suggestion.agent,
            "score": suggestion.score,
            "type": suggestion.type,
        }


_DELETED = 100
"""Records that Argilla deletes in one call."""


def apply_assignments(client: ArgillaClient, dataset_id: str, wanted: Mapping[str, Mapping[str, Any]]) -> int:
    """Put metadata on those records that exist and have other metadata; returns how many were changed.

    Args:
        client: the connection.
        dataset_id: Argilla's id of the dataset.
        wanted: external id -> metadata that the record shall have; its other metadata stays.
    """
    changed = 0
    for ids in batched(wanted, BATCH):
        bodies = []
        for identifier, record in RecordsDataset(client, dataset_id).find(ids).items():
            metadata = record.metadata
            if any(metadata.get(name) != value for name, value in wanted[identifier].items()):
                # Fields are left out, which leaves them as they are; metadata is replaced as a whole.
                bodies.append({"external_id": identifier, "metadata": {**metadata, **wanted[identifier]}})
        if bodies:
            client.put(f"/api/v1/datasets/{dataset_id}/records/bulk", {"items": bodies})
        changed += len(bodies)
    return changed


def remove_unanswered(client: ArgillaClient, dataset_id: str, ids: Collection[str]) -> int:
    """Delete those of the records that exist and that nobody answered; returns how many.

    Whatever somebody said about a record, a draft or a discard too, keeps it.
    """
    removed = 0
    for some in batched(ids, _DELETED):
        answered = find_answerers(client, dataset_id, [{"external_id": identifier} for identifier in some])
        found = RecordsDataset(client, dataset_id).find(some)
        free = [record.id for identifier, record in found.items() if not answered.get(identifier)]
        if free:
            client.delete(f"/api/v1/datasets/{dataset_id}/records?ids={','.join(free)}")
        removed += len(free)
    return removed
