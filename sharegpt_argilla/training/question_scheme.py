"""The questions of a project, from dataset-config.yml or else from the answers in the rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sharegpt_argilla.config import (
    LabelQuestion,
    MultiLabelQuestion,
    ProjectConfig,
    RatingQuestion,
    SpanQuestion,
)
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.training.base import Question
from sharegpt_argilla.training.examples import answered

_LABEL = re.compile(r"[a-z0-9][a-z0-9 _-]*")
"""The pattern of a label: as in dataset-config.yml, plus the spaces that Argilla 1.x allowed."""

_FREE = ("text", "ranking", "span")
"""Types whose answers are not choices among labels or numbers."""


def configured_questions(config: ProjectConfig) -> list[Question]:
    """The questions with their choices in the order of the file."""
    questions = []
    for question in config.questions:
        if isinstance(question, RatingQuestion):
            choices: Sequence[int | str] = sorted(question.values)
        elif isinstance(question, LabelQuestion | MultiLabelQuestion):
            choices = list(question.labels)
        else:
            choices = ()
        field = question.field if isinstance(question, SpanQuestion) else ""
        questions.append(Question(question.name, question.type, choices, field))
    return questions


class SeenQuestions:
    """Collects the questions that occur in rows, with every value that was answered.

    Args:
        configured: the questions of the project. Values that they do not list are appended to their choices.
    """

    def __init__(self, configured: Sequence[Question] = ()) -> None:
        self._questions = {question.name: question for question in configured}
        self._values: dict[str, set[Any]] = {}
        self._lists: set[str] = set()

    def add(self, annotation: Mapping[str, Any]) -> None:
        """Add the answers of an annotation."""
        for name, value in answered(annotation):
            values = self._values.setdefault(name, set())
            question = self._questions.get(name)
            if question is not None and question.type in _FREE:
                continue
            if isinstance(value, list) and all(isinstance(item, str) for item in value):
                self._lists.add(name)
                values.update(value)
            elif self._is_choice(name, value):
                values.add(value)
            elif name not in self._questions:
                # A text that is not a label, or a ranking, makes it a text question, which needs no values.
                values.clear()
                self._questions[name] = Question(name, "text")

    def questions(self) -> list[Question]:
        """The questions of the project in its order, then the others in the order of their names."""
        others = sorted(set(self._values) - set(self._questions))
        return [self._complete(question) for question in self._questions.values()] + [
            self._guess(name) for name in others
        ]

    def _is_choice(self, name: str, value: Any) -> bool:
        question = self._questions.get(name)
        if question is not None:
            return question.type not in _FREE and isinstance(value, int | str)
        return isinstance(value, int | float) or (isinstance(value, str) and bool(_LABEL.fullmatch(value)))

    def _complete(self, question: Question) -> Question:
        if question.type in _FREE:
            return question
        # The project may have asked for several labels when these rows were annotated.
        several = question.type == "label" and question.name in self._lists
        return Question(
            question.name,
            "multi_label" if several else question.type,
            [*question.choices, *_sorted(self._values.get(question.name, set()) - set(question.choices))],
        )

    def _guess(self, name: str) -> Question:
        values = self._values[name]
        if name in self._lists:
            return Question(name, "multi_label", _sorted(values))
        numbers = all(isinstance(value, int | float) for value in values)
        return Question(name, "rating" if values and numbers else "label", _sorted(values))


def find_question(questions: Sequence[Question], word: str) -> str | None:
    """The question named ``word``, else the only one whose name ends with it (``prompt-quality``)."""
    names = [question.name for question in questions]
    if word in names:
        return word
    ending = [name for name in names if name.endswith((f"_{word}", f"-{word}"))]
    return ending[0] if len(ending) == 1 else None


def require_question(questions: Sequence[Question], word: str, option: str) -> str:
    """As ``find_question``, but a missing question is an error.

    Raises:
        UsageError: no question matches, or more than one does.
    """
    name = find_question(questions, word)
    if name is None:
        names = ", ".join(question.name for question in questions) or "none"
        raise UsageError(f'{option} needs a question called "{word}"; questions here: {names}')
    return name


def _sorted(values: Iterable[Any]) -> list[Any]:
    return sorted(values, key=lambda value: (isinstance(value, str), value))
