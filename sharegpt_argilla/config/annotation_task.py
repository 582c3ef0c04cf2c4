"""What annotators see and answer: fields, questions and metadata properties."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from sharegpt_argilla.config.base import Description, Label, Name, Named, Title

EXTENSION = "extension."
"""Prefix of the key of a row's extension."""


def _content(word: str) -> str:
    if word not in ("prompt", "response") and word.removeprefix(EXTENSION) in ("", word):
        raise ValueError(f'unknown word "{word}"; known: prompt, response, {EXTENSION}KEY')
    return word


Content = Annotated[str, AfterValidator(_content)]
"""Where a text comes from: ``prompt``, ``response``, or ``extension.KEY`` for a key of the row's extension."""


Render = Literal["plain", "markdown", "auto"]


class TextField(Named):
    """A text shown to annotators.

    ``render`` says how: ``plain`` shows it as it was typed, ``auto`` too, with its markdown made visible by fonts,
    ``markdown`` as HTML. By default a response is ``auto``, everything else ``plain``.
    """

    type: Literal["text"] = "text"
    content: Content
    required: bool = False
    render: Render | None = None

    @property
    def rendering(self) -> Render:
        """``render``, or what it is by default."""
        return self.render or ("auto" if self.content == "response" else "plain")


class ChatField(Named):
    """The earlier turns of the conversation, at most ``turns`` question/answer pairs of them.

    ``render`` is that of a text field.
    """

    type: Literal["chat"]
    content: Literal["context"] = "context"
    required: Literal[False] = False
    turns: Annotated[int, Field(ge=1, le=250)] = 6
    render: Render = "auto"

    @property
    def rendering(self) -> Render:
        """``render``."""
        return self.render


class CustomField(Named):
    """Texts shown by an HTML template of the project's own.

    ``template`` is a file next to the project file; ``{{record.fields.NAME.KEY}}`` in it is the text that
    ``content`` has under KEY. With ``advanced`` the template is a page with scripts of its own instead.
    """

    type: Literal["custom"]
    template: Annotated[str, Field(min_length=1)]
    content: Annotated[dict[Name, Content], Field(min_length=1)]
    advanced: bool = False
    required: bool = False


FieldConfig = Annotated[TextField | ChatField | CustomField, Field(discriminator="type")]


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


class _Property(Named):
    visible: bool = True


class NumberProperty(_Property):
    """A number to filter and sort by. Values outside the bounds are set to the nearest bound.

    The bounds are the ends of the slider in Argilla's filter; a property that declares them costs the page no
    request of its own.
    """

    type: Literal["integer", "float"]
    min: float
    max: float

    @model_validator(mode="after")
    def _bounds(self) -> NumberProperty:
        if self.min >= self.max:
            raise ValueError(f"min ({self.min:g}) is not below max ({self.max:g})")
        return self


class TermsProperty(_Property):
    """One word out of ``options``."""

    type: Literal["terms"]
    options: Annotated[list[str], Field(min_length=1, max_length=250)]


PropertyConfig = Annotated[NumberProperty | TermsProperty, Field(discriminator="type")]
