"""What people answered, as a table for who decides between them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sharegpt_argilla.config import QuestionConfig, RatingQuestion, TextQuestion

OPEN = "–"
"""Stands where somebody left a question open."""

_MARKUP = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]()#+!|<>~$"})


def peer_table(
    row_id: str, answers: Mapping[str, Mapping[str, Any]], questions: Sequence[QuestionConfig], *, names: bool
) -> str:
    """A markdown table: a line for each question, a column for each person.

    Args:
        row_id: of the row; it decides the order of the people, so that a number says nothing of who it is.
        answers: person -> question -> value.
        questions: of the project, in their order.
        names: whether the columns have usernames, not "Annotator 1" and so on.
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
    """A label; a place in a ranking; a stretch of the text, in characters."""
    if not isinstance(item, dict):
        return _plain(labels.get(str(item), str(item)))
    if "rank" in item:
        return f"{item['rank']}. {_plain(labels.get(item['value'], item['value']))}"
    return f"{_plain(labels.get(item['label'], item['label']))} {item['start']}–{item['end']}"


def _plain(text: str) -> str:
    """On one line, with nothing in it that would be read as markup."""
    return " ".join(text.translate(_MARKUP).split())
