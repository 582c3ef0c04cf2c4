"""Fields: what annotators see of a record."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sharegpt_argilla.config.base import Name, Named

EXTENSION = "extension."
"""What stands before the key of a row's extension."""


def _content(word: str) -> str:
    if word not in ("prompt", "response") and word.removeprefix(EXTENSION) in ("", word):
        raise ValueError(f'unknown word "{word}"; known: prompt, response, {EXTENSION}KEY')
    return word


Content = Annotated[str, AfterValidator(_content)]
"""Where a text comes from: ``prompt``, ``response``, or ``extension.KEY`` for a key of the row's extension."""


class TextField(Named):
    """A text shown to annotators, always rendered as markdown: plain text fields run the corpus' HTML."""

    type: Literal["text"] = "text"
    content: Content
    required: bool = False


class ChatField(Named):
    """The earlier turns of the conversation, at most ``turns`` question/answer pairs of them."""

    type: Literal["chat"]
    content: Literal["context"] = "context"
    required: Literal[False] = False
    turns: Annotated[int, Field(ge=1, le=250)] = 6


class CustomField(Named):
    """Texts shown by an HTML template of the project's own.

    ``template`` is a file beside the project file; ``{{record.fields.NAME.KEY}}`` in it is the text that
    ``content`` has under KEY. With ``advanced`` the template is a page with scripts of its own instead.
    """

    type: Literal["custom"]
    template: Annotated[str, Field(min_length=1)]
    content: Annotated[dict[Name, Content], Field(min_length=1)]
    advanced: bool = False
    required: bool = False


FieldConfig = Annotated[TextField | ChatField | CustomField, Field(discriminator="type")]
