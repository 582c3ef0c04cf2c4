"""Links to the annotation page that show the records behind a number."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from urllib.parse import quote, urlencode

from sharegpt_argilla.argilla_client.server_counts import ServerProgress
from sharegpt_argilla.common.contract_keys import ASSIGNED_RANK, ASSIGNED_TO
from sharegpt_argilla.project.project_view import ProjectView, ViewedDataset

WORDS = 8
"""Number of words of a prompt that a link searches for."""


def queue_link(url: str, dataset_id: str, status: str = "pending", **filters: str) -> str:
    """The link to a tab of the annotation page, for the person who opens it.

    Args:
        url: address of the Argilla.
        dataset_id: Argilla's id of the dataset.
        status: the tab: ``pending``, ``draft``, ``discarded`` or ``submitted``.
        filters: ``search``, ``metadata``, ``response``, ``suggestion`` and ``sort`` as the page spells them.
    """
    query = urlencode({"page": 1, "status": status} | filters, quote_via=quote)
    return f"{url}/dataset/{dataset_id}/annotation-mode?{query}"


def record_link(url: str, dataset_id: str, status: str, prompt: str, field: str = "") -> str:
    """The link to one record, which is found by the first words of its prompt.

    Args:
        url: address of the Argilla.
        dataset_id: Argilla's id of the dataset.
        status: status of the record. A completed record is no longer in the queues but under submitted.
        prompt: the text of the prompt, or its beginning.
        field: name of the prompt's field; "" also finds records whose earlier turns contain the words.
    """
    words = re.findall(r"\w+", prompt)[:WORDS]
    where = f"~{field}" if field else ""
    search = {"search": f'"{" ".join(words)}"{where}'} if words else {}
    return queue_link(url, dataset_id, "submitted" if status == "completed" else "pending", **search)


def own_links(view: ProjectView, person: str, status: str) -> list[tuple[str, str]]:
    """Label and link of each dataset in which a tab of the person's page has records.

    Args:
        view: the snapshot of the project.
        person: who opens the link; Argilla shows everybody their own responses.
        status: the tab: ``pending``, ``draft``, ``discarded`` or ``submitted``.
    """

    def count(progress: ServerProgress) -> int:
        if status == "pending":
            return progress.pending - progress.on_pending.get(person, 0)
        return progress.people.get(person, {}).get(status, 0)

    return [
        (dataset.label, queue_link(view.url, dataset.id, status))
        for dataset in view.datasets_of(person) or view.datasets
        if count(dataset.progress) > 0
    ]


def person_link(view: ProjectView, person: str, completed: Collection[str] = ()) -> str:
    """The link to a person's pending records, for a lead: their dataset, their planned records, or all records.

    A link cannot select a person's responses: Argilla shows everybody their own.

    Args:
        view: the snapshot of the project.
        person: the username.
        completed: rows whose record is complete: of several datasets the first with another row of theirs is
            linked.
    """
    datasets = view.datasets_of(person) or view.datasets
    dataset = datasets[0]
    if len(datasets) > 1:
        dataset = next((one for one in datasets if _has_open(view, one, person, completed)), dataset)
    named = view.config.assignment.on_records and not re.search(r"[.~]", person)
    return queue_link(view.url, dataset.id, **({"metadata": f"{ASSIGNED_TO}.{person}"} if named else {}))


def _has_open(view: ProjectView, dataset: ViewedDataset, person: str, completed: Collection[str]) -> bool:
    planned = view.work.own(person, dataset.calibration)
    return bool(dataset.progress.pending) and (planned is None or not planned <= set(completed))


def personal_link(url: str, dataset_id: str, username: str, *, filtered: bool) -> str:
    """The link to a person's own pending records.

    Args:
        url: address of the Argilla.
        dataset_id: Argilla's id of the dataset.
        username: the person.
        filtered: whether the link must select the person's records; the embedded Argilla does so itself.
    """
    page = f"{url}/dataset/{dataset_id}/annotation-mode?page=1&status=pending"
    order = f"metadata.{ASSIGNED_RANK}.asc"
    return f"{page}&metadata={ASSIGNED_TO}.{username}&sort={order}" if filtered else page


def answer_filter(question: str, type_of_question: str, value: str) -> Mapping[str, str]:
    """The page's filter for a person's own responses with an answer; empty if it contains ``.`` or ``~``."""
    if "." in value or "~" in value:
        return {}
    if type_of_question == "rating":
        return {"response": f"{question}.ge{value}.le{value}"}
    return {"response": f"{question}.{value}"}
