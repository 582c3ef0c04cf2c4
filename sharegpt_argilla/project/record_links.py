"""Addresses of the annotation page that show the records behind a number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from sharegpt_argilla.common.contract_keys import ASSIGNED_RANK, ASSIGNED_TO
from sharegpt_argilla.project.project_view import ProjectView

WORDS = 8
"""Words of a prompt that a link searches for."""


def queue_link(url: str, dataset_id: str, status: str = "pending", **filters: str) -> str:
    """One tab of the page of the person who opens it.

    Args:
        url: address of the Argilla.
        dataset_id: Argilla's id of the dataset.
        status: the tab: ``pending``, ``draft``, ``discarded`` or ``submitted``.
        filters: ``search``, ``metadata``, ``response``, ``suggestion`` and ``sort`` as the page spells them.
    """
    query = urlencode({"page": 1, "status": status} | filters, quote_via=quote)
    return f"{url}/dataset/{dataset_id}/annotation-mode?{query}"


def record_link(url: str, dataset_id: str, status: str, prompt: str, field: str = "") -> str:
    """The page that shows one record, found by the first words of its prompt.

    Args:
        url: address of the Argilla.
        dataset_id: Argilla's id of the dataset.
        status: of the record. A completed one has left the queues; those who answered find it under submitted.
        prompt: the text of the prompt, or its beginning.
        field: name of the field that holds it; without it, records are found too whose earlier turns hold it.
    """
    words = re.findall(r"\w+", prompt)[:WORDS]
    where = f"~{field}" if field else ""
    search = {"search": f'"{" ".join(words)}"{where}'} if words else {}
    return queue_link(url, dataset_id, "submitted" if status == "completed" else "pending", **search)


def person_link(view: ProjectView, person: str) -> str:
    """What is pending and somebody's, for a lead: their own dataset, the records that a plan gives them, or all.

    Which responses are theirs no address can say: Argilla shows everybody their own.
    """
    dataset = view.datasets_of(person)[0] if view.datasets_of(person) else view.datasets[0]
    named = view.config.assignment.on_records and not re.search(r"[.~]", person)
    return queue_link(view.url, dataset.id, **({"metadata": f"{ASSIGNED_TO}.{person}"} if named else {}))


def personal_link(url: str, dataset_id: str, username: str, *, filtered: bool) -> str:
    """The page with the pending records of a person.

    Args:
        url: address of the Argilla.
        dataset_id: Argilla's id of the dataset.
        username: whose.
        filtered: whether the link itself must say whose records it shows; the embedded Argilla knows.
    """
    page = f"{url}/dataset/{dataset_id}/annotation-mode?page=1&status=pending"
    order = f"metadata.{ASSIGNED_RANK}.asc"
    return f"{page}&metadata={ASSIGNED_TO}.{username}&sort={order}" if filtered else page


def answer_filter(question: str, type_of_question: str, value: str) -> Mapping[str, str]:
    """The filter of the page for a person's own responses with one answer; none where a dot is in the way."""
    if "." in value or "~" in value:
        return {}
    if type_of_question == "rating":
        return {"response": f"{question}.ge{value}.le{value}"}
    return {"response": f"{question}.{value}"}
