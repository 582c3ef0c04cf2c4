"""Plain data that passes between the families: what goes to Argilla and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        score: 0 to 1, how sure the agent is, one number a label for several labels; None where it does not say.
        type: ``model`` or ``human``.
    """

    question: str
    value: AnswerValue
    agent: str
    score: float | list[float] | None = None
    type: Literal["model", "human"] = "model"

    def to_json(self) -> dict[str, Any]:
        """The suggestion as it stands inside an exported row; a score that the agent does not give is left out."""
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
        suggestions: at most one a question.
        vectors: vector name -> its numbers.
    """

    id: str
    fields: Mapping[str, FieldValue]
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    suggestions: Sequence[Suggestion] = ()
    vectors: Mapping[str, Sequence[float]] = field(default_factory=dict)


# Not frozen, as those of which a dataset has few: an export makes two for each record, in a third of the time.
@dataclass(slots=True)
class Response:
    """What one annotator said about one record.

    Attributes:
        annotator: the username; the user's id when Argilla no longer knows the name.
        status: submitted, draft or discarded.
        values: question name -> answer; questions left open are absent.
        submitted_at: ISO 8601, UTC, when the response took its present form.
        active_seconds: time spent on the record with the page in use; None when nobody knows it.
        active: whether that was measured or is an estimate; None where there is no number.
        adjudication: whether a reviewer gave it, who saw what the others had answered.
        inserted_at: ISO 8601, UTC, when the server first stored it; "" where nobody knows.
        updated_at: ``submitted_at`` under the server's name for it; "" where nobody knows.
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
        """The response as it stands inside an exported row; unknown times are left out."""
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
        responses: in the order in which they were first made.
        suggestions: what agents proposed, where it was asked for.
    """

    id: str | None
    status: Literal["pending", "completed"]
    responses: Sequence[Response]
    suggestions: Sequence[Suggestion] = ()
