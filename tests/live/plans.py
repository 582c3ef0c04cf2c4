"""Datasets with a plan, made over REST as a planner makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.live.rest import Rest, texts

HIDDEN = {"visible_for_annotators": False}
PLAN = [
    {"name": "assigned_to", "title": "Assigned to", "settings": {"type": "terms"}, **HIDDEN},
    {"name": "assigned_rank", "title": "Rank", "settings": {"type": "integer"}, **HIDDEN},
    {"name": "assigned_n", "title": "People", "settings": {"type": "integer"}, **HIDDEN},
]
PENDING = {
    "filters": {
        "and": [
            {"type": "terms", "scope": {"entity": entity, "property": "status"}, "values": ["pending"]}
            for entity in ("response", "record")
        ]
    }
}
"""What the page asks for a person's queue."""


def assigned(people: Sequence[str], rank: int) -> dict[str, Any]:
    """The metadata of a record in a plan."""
    return {"assigned_to": list(people), "assigned_rank": rank, "assigned_n": len(people)}


def planned_dataset(
    owner: Rest, workspace: str, name: str, plan: Sequence[tuple[Sequence[str], int]], **settings: Any
) -> tuple[str, list[str]]:
    """A dataset whose records have these people and ranks; its id and theirs, in the order of ``plan``."""
    metadata = [*PLAN, *settings.pop("metadata", [])]
    dataset_id = owner.dataset(workspace, name, metadata=metadata, **settings)
    items = texts(len(plan))
    for item, (people, rank) in zip(items, plan, strict=True):
        item["metadata"] = assigned(people, rank) if people else {}
    return dataset_id, owner.load(dataset_id, items)


def queue(person: Rest, dataset_id: str, query: Mapping[str, Any] = PENDING, limit: int = 100) -> list[str]:
    """Ids of the records that a person finds, by default of their queue; the total must agree."""
    answer = person("POST", f"/me/datasets/{dataset_id}/records/search", query, limit=limit)
    ids = [item["record"]["id"] for item in answer["items"]]
    assert limit < answer["total"] or answer["total"] == len(ids)
    return ids


def status(owner: Rest, record_id: str) -> str:
    """``pending`` or ``completed``."""
    return owner("GET", f"/records/{record_id}")["status"]
