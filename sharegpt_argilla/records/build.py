"""One row -> the fields of a record."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sharegpt_argilla.annotation import FieldValue
from sharegpt_argilla.config import ChatField, CustomField, FieldConfig, ProjectConfig
from sharegpt_argilla.config.fields import EXTENSION
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import Row, read_extension

Messages = list[dict[str, str]]

# Beside a custom field the page puts the whole record into a script of a frame that may do what the page may.
# These characters would end the script, or be replaced with parts of the frame's own source.
_BREAKS_OUT = re.compile(r"<(?=/?script|!--)|\$(?=[$&`'<0-9])|#(?=TEMPLATE#|RECORD_OBJECT#)", re.IGNORECASE)
_JOINER = "\u2060"


def build_fields(row: Row, config: ProjectConfig, context: Callable[[int], Messages]) -> dict[str, FieldValue]:
    """Field name -> what annotators see; empty fields that are not required are left out.

    Args:
        row: the row.
        config: the project.
        context: gives at most so many earlier question/answer pairs as chat messages.

    Raises:
        RejectedError: a required field would be empty, or what it shows is no text.
    """
    texts = _Texts(row)
    fields: dict[str, FieldValue] = {}
    for field in config.fields:
        value = _value(field, texts, context)
        if value:
            fields[field.name] = value
        elif field.required:
            raise RejectedError(f'field "{field.name}" would be empty')
    if any(isinstance(field, CustomField) for field in config.fields):
        return {name: _held_in(value) for name, value in fields.items()}
    return fields


def _value(field: FieldConfig, texts: _Texts, context: Callable[[int], Messages]) -> FieldValue:
    if isinstance(field, ChatField):
        return context(field.turns)
    if isinstance(field, CustomField):
        found = {name: texts[content] for name, content in field.content.items()}
        return found if any(found.values()) else {}
    return texts[field.content]


class _Texts:
    """The texts of a row by the words of the project file."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self._extension: dict[str, Any] | None = None

    def __getitem__(self, content: str) -> str:
        if content == "prompt":
            return self._row["问"]
        if content == "response":
            return self._row["答"]
        if self._extension is None:
            self._extension = read_extension(self._row)
        value = self._extension.get(content.removeprefix(EXTENSION), "")
        if not isinstance(value, str):
            raise RejectedError(f"{content} is {type(value).__name__}, not text")
        return value


def _held_in(value: FieldValue) -> FieldValue:
    """The value with an invisible character (U+2060) where it would break out of the page's script."""
    if isinstance(value, str):
        return _safe(value)
    if isinstance(value, dict):
        return {key: _safe(text) for key, text in value.items()}
    return [{key: _safe(text) for key, text in message.items()} for message in value]


def _safe(text: str) -> str:
    return _BREAKS_OUT.sub(lambda found: found[0] + _JOINER, text)
