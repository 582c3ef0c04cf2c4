"""Joins the answers of several datasets to the same row, by the row's id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sharegpt_argilla.annotation import AnsweredRecord, Response


@dataclass(slots=True)
class JoinedResponse(Response):
    """A response with the dataset that it comes from.

    Attributes:
        dataset: the dataset's name, as the user gave it.
    """

    dataset: str = ""

    def to_json(self) -> dict[str, Any]:
        """The response as stored in an exported row."""
        return {**Response.to_json(self), "dataset": self.dataset}


def join(parts: Iterable[tuple[str, AnsweredRecord]]) -> AnsweredRecord:
    """One record from the records of several datasets for a row: (dataset, its record), in the order given.

    It is completed if it is completed in any dataset. All responses and all different suggestions are kept, those
    of the first dataset first.
    """
    records = list(parts)
    return AnsweredRecord(
        id=records[0][1].id,
        status="completed" if any(record.status == "completed" for _, record in records) else "pending",
        responses=[_with_dataset(response, name) for name, record in records for response in record.responses],
        suggestions=list(
            {repr(suggestion): suggestion for _, record in records for suggestion in record.suggestions}.values()
        ),
    )


def join_parts(records: Sequence[AnsweredRecord], needed: Callable[[str], int | None]) -> AnsweredRecord:
    """One record from the records of a project's datasets for a row, as if there were a single dataset.

    Responses are in the order of their times.

    Args:
        records: of one row.
        needed: id of a row -> people whose submitted answers complete it; None if its only dataset decides.
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
        suggestions=list(
            {repr(suggestion): suggestion for record in records for suggestion in record.suggestions}.values()
        ),
    )


def with_reviews(record: AnsweredRecord | None, reviews: Sequence[AnsweredRecord]) -> AnsweredRecord:
    """The answers of annotators to a row, then those of reviewers, marked as adjudication.

    The status is that of the annotators' record.

    Args:
        record: of the annotators; None if they have none for the row.
        reviews: the reviewers' records of the same row.
    """
    first = record or replace(reviews[0], status="pending", responses=[], suggestions=[])
    answers_of_reviewers = [
        replace(response, adjudication=True) for review in reviews for response in review.responses
    ]
    return replace(first, responses=[*first.responses, *answers_of_reviewers])


def _with_dataset(response: Response, dataset: str) -> JoinedResponse:
    values = {attribute.name: getattr(response, attribute.name) for attribute in fields(Response)}
    return JoinedResponse(**values, dataset=dataset)
