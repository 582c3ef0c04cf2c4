"""Questions: what annotators answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from sharegpt_argilla.config.base import Description, Label, Name, Named, Title

_ROW_KEYS = frozenset({"dataset", "guidelines", "policy", "responses", "status", "tie"})


class _Question(Named):
    description: Description | None = None
    required: bool = True

    @field_validator("name")
    @classmethod
    def _free_in_rows(cls, name: str) -> str:
        if name in _ROW_KEYS:
            raise ValueError(f'"{name}" is what an exported row calls something else; choose another name')
        return name


class RatingQuestion(_Question):
    """A number on a scale."""

    type: Literal["rating"]
    values: Annotated[list[Annotated[int, Field(ge=0, le=10)]], Field(min_length=2, max_length=11)]


class _Labels(_Question):
    labels: Annotated[dict[Label, Title], Field(min_length=2, max_length=500)]


class LabelQuestion(_Labels):
    """Exactly one label. ``labels`` maps the value in the data to the text that people read."""

    type: Literal["label"]


class MultiLabelQuestion(_Labels):
    """One label or more. ``order: suggestion`` puts the labels that were suggested first."""

    type: Literal["multi_label"]
    order: Literal["natural", "suggestion"] = "natural"


class TextQuestion(_Question):
    """A text that the annotator writes."""

    type: Literal["text"]


class RankingQuestion(_Question):
    """Things put into an order, ties allowed. ``labels`` maps the value in the data to what people read."""

    type: Literal["ranking"]
    labels: Annotated[dict[Label, Title], Field(min_length=2, max_length=50)]


class SpanQuestion(_Question):
    """Stretches of a text field, each with a label."""

    type: Literal["span"]
    field: Name
    labels: Annotated[dict[Label, Title], Field(min_length=1, max_length=500)]
    overlapping: bool = False


QuestionConfig = Annotated[
    RatingQuestion | LabelQuestion | MultiLabelQuestion | TextQuestion | RankingQuestion | SpanQuestion,
    Field(discriminator="type"),
]
