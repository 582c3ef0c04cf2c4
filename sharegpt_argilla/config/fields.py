"""Fields: what annotators see of a record."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sharegpt_argilla.config.base import Named


class TextField(Named):
    """A text shown to annotators, always rendered as markdown: plain text fields run the corpus' HTML."""

    type: Literal["text"] = "text"
    content: Literal["prompt", "response"]
    required: bool = False


class ChatField(Named):
    """The earlier turns of the conversation, at most ``turns`` question/answer pairs of them."""

    type: Literal["chat"]
    content: Literal["context"] = "context"
    required: Literal[False] = False
    turns: Annotated[int, Field(ge=1, le=250)] = 6


FieldConfig = Annotated[TextField | ChatField, Field(discriminator="type")]
