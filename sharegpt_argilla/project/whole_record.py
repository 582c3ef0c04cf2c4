"""One record as a reader needs it: all its texts, and everybody's answers side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sharegpt_argilla.annotation import Response
from sharegpt_argilla.config import QuestionConfig, RatingQuestion, TextQuestion
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.project_watch import ProjectWatch
from sharegpt_argilla.records.chat_pieces import whole_messages

OPEN = "–"
"""Shown for a question that somebody did not answer."""


def whole_record(watch: ProjectWatch, view: ProjectView, key: str) -> dict[str, Any]:
    """What is known of a record.

    Args:
        watch: the project.
        view: its present state.
        key: Argilla's id of the record.

    Returns:
        ``row`` (its id; None if it has none), ``status``, ``fields``: title and text of each, earlier turns as one
        text with the roles; empty while the server does not answer. ``answers``: see `answers_side_by_side`.
    """
    record = view.records.get(key)
    contents = watch.fields(view, key)
    return {
        "row": record.id if record else None,
        "status": record.status if record else "pending",
        "fields": [(one.title, _text(contents[one.name])) for one in view.config.fields if one.name in contents],
        "answers": answers_side_by_side(record.responses if record else (), view.config.questions),
    }


def answers_side_by_side(
    responses: Iterable[Response], questions: Iterable[QuestionConfig]
) -> list[dict[str, str]]:
    """A line for each question and one for the status: each person's answer under the person's name."""
    people: dict[str, Response] = {
        response.annotator: response for response in sorted(responses, key=lambda response: response.annotator)
    }
    if not people:
        return []
    lines = [
        {"question": question.title}
        | {name: answer_text(response.values.get(question.name), question) for name, response in people.items()}
        for question in questions
    ]
    return [*lines, {"question": "status"} | {name: response.status for name, response in people.items()}]


def answer_text(value: Any, question: QuestionConfig) -> str:
    """An answer as a person reads it, with the titles of labels; `OPEN` for none."""
    if value is None:
        return OPEN
    if isinstance(question, RatingQuestion | TextQuestion):
        return str(value)
    items = value if isinstance(value, list) else [value]
    return ", ".join(_item(item, question.labels) for item in items) or OPEN


def _item(item: Any, labels: Mapping[str, str]) -> str:
    if not isinstance(item, Mapping):
        return labels.get(str(item), str(item))
    if "rank" in item:
        return f"{item['rank']}. {labels.get(item['value'], item['value'])}"
    return f"{labels.get(item['label'], item['label'])} {item['start']}–{item['end']}"


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in whole_messages(content))
    if isinstance(content, Mapping):
        return "\n\n".join(f"[{key}]\n{text}" for key, text in content.items())
    return str(content)
