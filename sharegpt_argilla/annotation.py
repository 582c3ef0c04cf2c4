"""The data types shared by all folders: what is sent to Argilla and what is read back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

MetadataValue = int | float | str | list[str]
FieldValue = str | list[dict[str, str]] | dict[str, str]
AnswerValue = int | str | list[str] | list[dict[str, Any]]
ResponseStatus = Literal["submitted", "draft", "discarded"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A proposed answer to one question, shown to annotators before they answer.

    Attributes:
        question: the question's name.
        value: the answer, of the question's type.
        agent: who proposes it: a rule, a corpus, a model with the hash of its prompt.
        score: 0 to 1, how sure the agent is, one number per label for several labels; None if it does not say.
        type: ``model`` or ``human``.
    """

    question: str
    value: AnswerValue
    agent: str
    score: float | list[float] | None = None
    type: Literal["model", "human"] = "model"

    def to_json(self) -> dict[str, Any]:
        """The suggestion as it is written to an exported row; without ``score`` if the agent gives none."""
        document: dict[str, Any] = {
            "question": self.question,
            "agent": self.agent,
            "value": self.value,
            "type": self.type,
        }
        if self.score is not None:
            document["score"] = self.score
        return document


@dataclass(frozen=True, slots=True)
class RecordDraft:
    """A record as it will be sent to Argilla.

    Attributes:
        id: the row's id; Argilla's external id.
        fields: field name -> text, a list of ``{"role", "content"}`` messages for a chat field, or key -> text for
            a custom field.
        metadata: property name -> value of the property's type.
        suggestions: at most one per question.
        vectors: vector name -> its numbers.
    """

    id: str
    fields: Mapping[str, FieldValue]
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    suggestions: Sequence[Suggestion] = ()
    vectors: Mapping[str, Sequence[float]] = field(default_factory=dict)


# Not frozen: an export creates two of these per record, and an unfrozen class takes a third of the time.
@dataclass(slots=True)
class Response:
    """What one annotator said about one record.

    Attributes:
        annotator: the username; the user's id when Argilla no longer knows the name.
        status: submitted, draft or discarded.
        values: question name -> answer; unanswered questions are absent.
        submitted_at: ISO 8601, UTC, when the response was last changed.
        active_seconds: time spent on the record with the page in use; None if unknown.
        active: whether ``active_seconds`` was measured or estimated; None without ``active_seconds``.
        adjudication: whether it comes from a reviewer who saw the other answers.
        inserted_at: ISO 8601, UTC, when the server first stored it; "" if unknown.
        updated_at: ``submitted_at`` under the server's name for it; "" if unknown.
    """

    annotator: str
    status: ResponseStatus
    values: Mapping[str, AnswerValue]
    submitted_at: str
    active_seconds: float | None = None
    active: Literal["measured", "estimated"] | None = None
    adjudication: bool = False
    inserted_at: str = ""
    updated_at: str = ""

    def to_json(self) -> dict[str, Any]:
        """The response as it is written to an exported row; unknown times are left out."""
        document: dict[str, Any] = {
            "annotator": self.annotator,
            "status": self.status,
            "values": dict(self.values),
            "submitted_at": self.submitted_at,
        }
        times = {"inserted_at": self.inserted_at, "updated_at": self.updated_at}
        document |= {name: time for name, time in times.items() if time}
        if self.active_seconds is not None:
            document["active_seconds"] = self.active_seconds
            document["active"] = self.active or "measured"
        if self.adjudication:
            document["adjudication"] = True
        return document


@dataclass(slots=True)
class AnsweredRecord:
    """A record with its responses, as read back from Argilla.

    Attributes:
        id: Argilla's external id: the row's id; None for a record that was not loaded from a row.
        status: ``completed`` once enough people submitted, else ``pending``.
        responses: in the order in which they were first given.
        suggestions: what agents proposed; empty unless requested.
    """

    id: str | None
    status: Literal["pending", "completed"]
    responses: Sequence[Response]
    suggestions: Sequence[Suggestion] = ()


def planned_status(record: AnsweredRecord, done: Collection[str] | None) -> Literal["pending", "completed"]:
    """The status of a record of a project whose plan adapts.

    Args:
        record: with its responses.
        done: ids of the rows that the plan calls settled or given up; None where the server's status counts.
    """
    if done is None:
        return record.status
    submitted = any(response.status == "submitted" for response in record.responses)
    return "completed" if submitted and record.id in done else "pending"
