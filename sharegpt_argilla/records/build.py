"""One row -> one record draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sharegpt_argilla.annotation import FieldValue, RecordDraft
from sharegpt_argilla.config import ChatField, ProjectConfig
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.records.metadata import MetadataPlan
from sharegpt_argilla.rows import Row, read_extension

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


def build_draft(
    row: Row,
    fields: Mapping[str, FieldValue],
    plan: MetadataPlan,
    numbers: Mapping[str, Mapping[str, float]],
) -> RecordDraft:
    """The record of a row.

    Args:
        row: the row.
        fields: what ``build_fields`` made of it.
        plan: where metadata comes from.
        numbers: text field -> metric -> value.

    Raises:
        RejectedError: a metadata value does not fit its property.
    """
    return RecordDraft(id=row["id"], fields=fields, metadata=plan.values(row, read_extension(row), numbers))
