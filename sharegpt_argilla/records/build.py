"""One row -> the fields of a record."""

from __future__ import annotations

from collections.abc import Callable

from sharegpt_argilla.annotation import FieldValue
from sharegpt_argilla.config import ChatField, ProjectConfig
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import Row

Messages = list[dict[str, str]]


def build_fields(row: Row, config: ProjectConfig, context: Callable[[int], Messages]) -> dict[str, FieldValue]:
    """Field name -> what annotators see; empty fields that are not required are left out.

    Args:
        row: the row.
        config: the project.
        context: gives at most so many earlier question/answer pairs as chat messages.

    Raises:
        RejectedError: a required field would be empty.
    """
    texts = {"prompt": row["问"], "response": row["答"]}
    fields: dict[str, FieldValue] = {}
    for field in config.fields:
        value: FieldValue = context(field.turns) if isinstance(field, ChatField) else texts[field.content]
        if value:
            fields[field.name] = value
        elif field.required:
            raise RejectedError(f'field "{field.name}" would be empty')
    return fields
