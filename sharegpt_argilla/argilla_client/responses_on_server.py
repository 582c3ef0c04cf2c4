"""Responses, with all that the SDK's own export leaves out: statuses, times, discards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sharegpt_argilla.annotation import AnsweredRecord, Response, ResponseStatus, Suggestion
from sharegpt_argilla.argilla_client.connection import ArgillaClient
from sharegpt_argilla.argilla_client.id_pages import count_found, pages_by_id
from sharegpt_argilla.argilla_client.server_counts import people_progress
from sharegpt_argilla.common.contract_keys import COPIED_ANSWERS

PAGE = 500
INCLUDE = "responses,suggestions"

PASSES = 5
"""How often the listing is read when answers come in while it is read."""

_AT_ONCE = timedelta(seconds=1)
"""A server stamps a new response twice, closer together than any person can edit it."""

SUBMITTED: tuple[ResponseStatus, ...] = ("submitted",)


def read_answered_records(
    client: ArgillaClient,
    dataset_id: str,
    usernames: Mapping[str, str],
    statuses: Collection[ResponseStatus] = SUBMITTED,
) -> Generator[tuple[int, str, AnsweredRecord], None, int]:
    """Every record that has a response of one of the statuses, with those responses and its suggestions.

    The listing is sorted by record id, the one order that no new answer changes. It is read again until a reading
    saw exactly as many records as the server counted before and after it: a record that somebody answers behind
    the page that is read is not lost. On a dataset that never rests, what several readings saw is put together.

    Args:
        client: the connection of an owner or of an admin who is a member of the workspace.
        dataset_id: Argilla's id of the dataset.
        usernames: user id -> username.
        statuses: which responses count.

    Yields:
        Number of the reading, Argilla's id of the record, and the record, without the texts of its fields.

    Returns:
        The first reading that counts: the last one where the dataset was at rest, else 0.
    """
    questions = question_names(client, dataset_id)
    answered = [_answered(statuses)]
    for reading in range(PASSES):
        before, seen = count_found(client, dataset_id, answered), 0
        for page in pages_by_id(client, dataset_id, answered, PAGE, INCLUDE):
            seen += len(page)
            for item in page:
                record = answered_record(item, usernames, statuses, questions)
                # The last answer of a record may have been withdrawn after the index was asked.
                if record.responses:
                    yield reading, item["id"], record
        if before == seen == count_found(client, dataset_id, answered):
            return reading
    return 0


def question_names(client: ArgillaClient, dataset_id: str) -> dict[str, str]:
    """Argilla's id of each question -> its name."""
    found = client.get(f"/api/v1/datasets/{dataset_id}/questions")["items"]
    return {question["id"]: question["name"] for question in found}


def pulse(client: ArgillaClient, dataset_id: str) -> str:
    """A hash of a few cheap counts and times; the same again means that no answer came, changed or went.

    In it are the time of the last answer, the numbers of records by status and of responses by person and
    status, so that a deleted record, which leaves no time, is seen too.
    """
    base = f"/api/v1/datasets/{dataset_id}"
    people = people_progress(client, dataset_id)
    progress = client.get(f"{base}/progress")
    state = [
        last_activity(client, dataset_id),
        [progress[key] for key in ("total", "completed", "pending")],
        sorted(people, key=lambda person: str(person["username"])),
    ]
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode("utf-8")).hexdigest()


def last_activity(client: ArgillaClient, dataset_id: str) -> str:
    """When somebody last answered, edited or withdrew an answer: ISO 8601, UTC, without a zone."""
    return str(client.get(f"/api/v1/datasets/{dataset_id}")["last_activity_at"])


def _answered(statuses: Collection[str]) -> dict[str, Any]:
    return {
        "type": "terms",
        "scope": {"entity": "response", "property": "status"},
        "values": list(statuses),
    }


def answered_record(
    record: Mapping[str, Any],
    usernames: Mapping[str, str],
    statuses: Collection[str],
    questions: Mapping[str, str] = MappingProxyType({}),
) -> AnsweredRecord:
    """A record of Argilla's REST interface, as plain data.

    Args:
        record: ``external_id``, ``status``, ``responses``, ``suggestions`` and, of a copied record, ``metadata``;
            the rest is not looked at.
        usernames: user id -> username.
        statuses: which responses count.
        questions: question id -> name; suggestions to others are left out.
    """
    copied = (record.get("metadata") or {}).get(COPIED_ANSWERS) or {}
    responses = sorted(
        record.get("responses") or [],
        key=lambda item: (response_times(item, copied)[0], item["inserted_at"], item["id"]),
    )
    return AnsweredRecord(
        id=record["external_id"],
        status=record["status"],
        responses=[_response(item, copied, usernames) for item in responses if item["status"] in statuses],
        suggestions=_suggestions(record.get("suggestions") or (), questions),
    )


def response_times(response: Mapping[str, Any], copied: Mapping[str, Sequence[Any]]) -> tuple[str, str]:
    """When a response was first made and when it took its present form, also on the dataset it was copied from.

    Args:
        response: ``user_id``, ``inserted_at`` and ``updated_at``.
        copied: what the record has under `COPIED_ANSWERS`.
    """
    made, changed = str(response["inserted_at"]), str(response["updated_at"])
    if response["user_id"] not in copied:
        return made, changed
    made_there, changed_there, *_ = copied[response["user_id"]]
    is_as_copied = datetime.fromisoformat(changed) - datetime.fromisoformat(made) < _AT_ONCE
    return made_there, changed_there if is_as_copied else changed


def copied_seconds(user_id: str, copied: Mapping[str, Sequence[Any]]) -> float:
    """The active time that a response of this person brought along when its record was copied; 0 if none."""
    times = copied.get(user_id, ())
    return float(times[_SECONDS]) if len(times) > _SECONDS else 0.0


_SECONDS = 2
"""Where a copied answer has them, after its two times."""


def _response(
    item: Mapping[str, Any], copied: Mapping[str, Sequence[Any]], usernames: Mapping[str, str]
) -> Response:
    # A discarded response may have no values at all.
    values = item["values"] or {}
    times, seconds = response_times(item, copied), copied_seconds(item["user_id"], copied)
    return Response(
        annotator=usernames.get(item["user_id"], item["user_id"]),
        status=item["status"],
        values={question: answer["value"] for question, answer in values.items()},
        submitted_at=times[1],
        inserted_at=times[0],
        updated_at=times[1],
        active_seconds=round(seconds, 1) or None,
        active="measured" if round(seconds, 1) else None,
    )


def _suggestions(items: Iterable[Mapping[str, Any]], questions: Mapping[str, str]) -> list[Suggestion]:
    """In the order of the questions' names: the server has none of its own."""
    suggestions = [
        Suggestion(
            questions[item["question_id"]],
            item["value"],
            item["agent"] or "",
            item["score"],
            item["type"] or "model",
        )
        for item in items
        if item["question_id"] in questions
    ]
    return sorted(suggestions, key=lambda suggestion: suggestion.question)
