"""Who answers a record, changed on records that are there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any

from sharegpt_argilla.argilla_client.connection import ArgillaClient
from sharegpt_argilla.argilla_client.copied_records import find_there
from sharegpt_argilla.argilla_client.records import BATCH, RecordsDataset

_DELETED = 100
"""Records that Argilla deletes in one call."""


def apply_assignments(client: ArgillaClient, dataset_id: str, wanted: Mapping[str, Mapping[str, Any]]) -> int:
    """Put metadata on those records that are there and have other; returns how many were changed.

    Args:
        client: the connection.
        dataset_id: Argilla's id of the dataset.
        wanted: external id -> metadata that the record shall have; its other metadata stays.
    """
    changed = 0
    for ids in _batches(wanted, BATCH):
        bodies = []
        for identifier, record in RecordsDataset(client, dataset_id).find(ids).items():
            there = record.metadata
            if any(there.get(name) != value for name, value in wanted[identifier].items()):
                # Fields are left out, which leaves them as they are; metadata is replaced as a whole.
                bodies.append({"external_id": identifier, "metadata": {**there, **wanted[identifier]}})
        if bodies:
            client.put(f"/api/v1/datasets/{dataset_id}/records/bulk", {"items": bodies})
        changed += len(bodies)
    return changed


def remove_unanswered(client: ArgillaClient, dataset_id: str, ids: Collection[str]) -> int:
    """Delete those of the records that are there and that nobody answered; returns how many.

    Whatever somebody said about a record, a draft or a discard too, keeps it.
    """
    removed = 0
    for some in _batches(ids, _DELETED):
        answered = find_there(client, dataset_id, [{"external_id": identifier} for identifier in some])
        found = RecordsDataset(client, dataset_id).find(some)
        free = [record.id for identifier, record in found.items() if not answered.get(identifier)]
        if free:
            client.delete(f"/api/v1/datasets/{dataset_id}/records?ids={','.join(free)}")
        removed += len(free)
    return removed


def _batches(ids: Collection[str], size: int) -> Iterator[list[str]]:
    remaining = iter(ids)
    while some := list(islice(remaining, size)):
        yield some
