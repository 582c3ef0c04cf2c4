"""One row -> the fields of a record: texts, earlier turns as chat, and the table of other people's answers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sharegpt_argilla.annotation import FieldValue
from sharegpt_argilla.config import (
    ChatField,
    CustomField,
    FieldConfig,
    ProjectConfig,
    QuestionConfig,
    RatingQuestion,
    TextQuestion,
)
from sharegpt_argilla.config.annotation_task import EXTENSION
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import Row, read_extension

Messages = list[dict[str, str]]

# For a custom field the page puts the whole record into a script in a frame with the page's own rights.
# These characters would end the script, or be replaced with parts of the frame's source.
_BREAKS_OUT = re.compile(r"<(?=/?script|!--)|\$(?=[$&`'<0-9])|#(?=TEMPLATE#|RECORD_OBJECT#)", re.IGNORECASE)
_JOINER = "\u2060"


def build_fields(row: Row, config: ProjectConfig, context: Callable[[int], Messages]) -> dict[str, FieldValue]:
    """Field name -> its content for annotators; empty fields that are not required are left out.

    Args:
        row: the row.
        config: the project.
        context: number of turns -> at most as many earlier question/answer pairs, as chat messages.

    Raises:
        RejectedError: a required field would be empty, or its content is not text.
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
        return {name: _escaped(value) for name, value in fields.items()}
    return fields


def _value(field: FieldConfig, texts: _Texts, context: Callable[[int], Messages]) -> FieldValue:
    if isinstance(field, ChatField):
        return context(field.turns)
    if isinstance(field, CustomField):
        contents = {name: texts[content] for name, content in field.content.items()}
        return contents if any(contents.values()) else {}
    return texts[field.content]


class _Texts:
    """The texts of a row by the names in the project file."""

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


def _escaped(value: FieldValue) -> FieldValue:
    """The value with an invisible character (U+2060) wherever it would break out of the page's script."""
    if isinstance(value, str):
        return _safe(value)
    if isinstance(value, dict):
        return {key: _safe(text) for key, text in value.items()}
    return [{key: _safe(text) for key, text in message.items()} for message in value]


def _safe(text: str) -> str:
    return _BREAKS_OUT.sub(lambda match: match[0] + _JOINER, text)


OPEN = "–"
"""Shown for a question that somebody did not answer."""

_MARKUP = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]()#+!|<>~$"})


def peer_table(
    row_id: str, answers: Mapping[str, Mapping[str, Any]], questions: Sequence[QuestionConfig], *, names: bool
) -> str:
    """A Markdown table: a line for each question, a column for each person.

    Args:
        row_id: id of the row; it decides the order of the people, so that their numbers do not identify them.
        answers: person -> question -> value.
        questions: the project's questions, in their order.
        names: True to show usernames, False to show "Annotator 1" and so on.
    """
    people = sorted(answers, key=str if names else lambda name: _scrambled(row_id, name))
    titles = [_plain(name) if names else f"Annotator {number}" for number, name in enumerate(people, 1)]
    lines = [["", *titles], ["---"] * (len(people) + 1)]
    lines += [
        [_plain(question.title), *(_shown(answers[person].get(question.name), question) for person in people)]
        for question in questions
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _scrambled(row_id: str, name: str) -> str:
    return hashlib.sha256(f"{row_id}\n{name}".encode()).hexdigest()


def _shown(value: Any, question: QuestionConfig) -> str:
    if value is None:
        return OPEN
    if isinstance(question, RatingQuestion | TextQuestion):
        return _plain(str(value))
    items = value if isinstance(value, list) else [value]
    if items and all(isinstance(item, dict) and "rank" in item for item in items):
        items = sorted(items, key=lambda item: item["rank"])
    return ", ".join(_item(item, question.labels) for item in items) or OPEN


def _item(item: Any, labels: Mapping[str, str]) -> str:
    """A label, a position in a ranking, or a span of the text in characters."""
    if not isinstance(item, dict):
        return _plain(labels.get(str(item), str(item)))
    if "rank" in item:
        return f"{item['rank']}. {_plain(labels.get(item['value'], item['value']))}"
    return f"{_plain(labels.get(item['label'], item['label']))} {item['start']}–{item['end']}"


def _plain(text: str) -> str:
    """The text on one line, with Markdown characters escaped."""
    return " ".join(text.translate(_MARKUP).split())
