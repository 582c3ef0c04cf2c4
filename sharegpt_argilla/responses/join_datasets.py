"""Answers of several datasets to the same rows, put together by the row's id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sharegpt_argilla.annotation import AnsweredRecord, Response


@dataclass(slots=True)
class JoinedResponse(Response):
    """A response that says which dataset it is from.

    Attributes:
        dataset: the dataset's name, as it was given.
    """

    dataset: str = ""

    def to_json(self) -> dict[str, Any]:
        """The response as it stands inside an exported row."""
        return {**Response.to_json(self), "dataset": self.dataset}


def join(parts: Iterable[tuple[str, AnsweredRecord]]) -> AnsweredRecord:
    """One record out of what several datasets have about a row: dataset -> its record, in the order given.

    It is completed when it is in any of them. Every response and every different suggestion is kept,
    those of the first dataset first.
    """
    records = list(parts)
    return AnsweredRecord(
        id=records[0][1].id,
        status="completed" if any(record.status == "completed" for _, record in records) else "pending",
        responses=[_marked(response, name) for name, record in records for response in record.responses],
        suggestions=list({repr(one): one for _, record in records for one in record.suggestions}.values()),
    )


def join_parts(records: Sequence[AnsweredRecord], needed: Callable[[str], int | None]) -> AnsweredRecord:
    """One record out of what the datasets of one project have about a row, as if there were one dataset.

    Responses stand in the order of their times.

    Args:
        records: of one row.
        needed: id of a row -> people whose submitted answers make it complete; None where the one dataset that has
            it knows.
    """
    first = records[0]
    people = None if first.id is None else needed(first.id)
    if people is None:
        return first
    responses = sorted(
        (response for record in records for response in record.responses),
        key=lambda response: response.submitted_at,
    )
    submitted = {response.annotator for response in responses if response.status == "submitted"}
    return AnsweredRecord(
        id=first.id,
        status="completed" if len(submitted) >= people else "pending",
        responses=responses,
        suggestions=list({repr(one): one for record in records for one in record.suggestions}.values()),
    )


def with_reviews(record: AnsweredRecord | None, reviews: Sequence[AnsweredRecord]) -> AnsweredRecord:
    """What people said about a row, then what reviewers said, marked as theirs.

    The status stays that of the people's record.

    Args:
        record: of the people; None where they have none of the row.
        reviews: the reviewers' records of the same row.
    """
    first = record or replace(reviews[0], status="pending", responses=[], suggestions=[])
    said = [replace(response, adjudication=True) for review in reviews for response in review.responses]
    return replace(first, responses=[*first.responses, *said])


def _marked(response: Response, dataset: str) -> JoinedResponse:
    known = {one.name: getattr(response, one.name) for one in fields(Response)}
    return JoinedResponse(**known, dataset=dataset)
