"""Training rows made from annotators' answers: verdicts for KTO, demonstrations, labels for a classifier.

Keys: TRL, "Dataset formats", unpaired preference, for ``kto``; ``prompt`` and ``demonstration`` for texts that
annotators wrote; ``question``, ``text``, ``labels``, ``confidence`` and ``soft_labels`` for a classifier.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.errors import RejectedError, UsageError
from sharegpt_argilla.training.base import (
    JSON_LINES,
    Example,
    Group,
    Question,
    Scheme,
    TrainingRow,
    Unit,
)
from sharegpt_argilla.training.examples import confidences
from sharegpt_argilla.training.json_files import JsonFormat

DEMONSTRATION = "demonstration"
LABELLED = ("rating", "label", "multi_label")
"""Types of question that a classifier can learn to answer."""


@dataclass(frozen=True)
class Answers(JsonFormat):
    """A format that is defined by a function of a row and the questions.

    Attributes:
        name: its name for ``--format``.
        title: its purpose.
        build: the training rows of an annotated row; raises RejectedError if there is none.
        needs_answer: whether it writes the answer.
    """

    name: str
    title: str
    build: Callable[[Example, Scheme], list[TrainingRow]]
    needs_answer: bool = False
    suffix: str = JSON_LINES
    unit: Unit = "row"
    needs_history: bool = False

    def rows(self, group: Group, scheme: Scheme) -> list[TrainingRow]:
        """The rows of one annotated row.

        Raises:
            RejectedError: the row has none.
        """
        return self.build(group.examples[0], scheme)


def kto(example: Example, scheme: Scheme) -> list[TrainingRow]:
    """``prompt``, ``completion``, ``label``: whether the rating is good.

    Raises:
        RejectedError: the row was not rated, or is in the middle of the scale.
    """
    value = example.annotation.get(scheme.rank_by) if scheme.rank_by else None
    if not isinstance(value, int | float):
        raise RejectedError("without a rating")
    if scheme.good is not None:
        label = value >= scheme.good
    else:
        middle = _middle(scheme)
        if value == middle:
            raise RejectedError("rated neither good nor bad")
        label = value > middle
    return [{"prompt": example.prompt, "completion": example.answer, "label": label}]


def demonstrations(example: Example, scheme: Scheme) -> list[TrainingRow]:
    """``prompt``, ``demonstration``: one row for each different text that annotators wrote.

    The texts are those of the question ``demonstration``, else of the first text question.

    Raises:
        RejectedError: no annotator wrote a text.
        UsageError: the project has no text question.
    """
    texts = [question.name for question in scheme.questions if question.type == "text"]
    if not texts:
        raise UsageError('the project has no text question; "demonstrations" is made from what annotators write')
    name = DEMONSTRATION if DEMONSTRATION in texts else texts[0]
    written = dict.fromkeys(
        text for response in example.submitted if isinstance(text := response["values"].get(name), str)
    )
    rows = [{"prompt": example.prompt, "demonstration": text} for text in written if text.strip()]
    if not rows:
        raise RejectedError("without a demonstration")
    return rows


def classification(example: Example, scheme: Scheme) -> list[TrainingRow]:
    """``question``, ``text``, ``labels``, ``confidence``, ``soft_labels``: one row for each rating or label.

    ``labels`` is always a list of text, in the order of the project: one label for a label question, the number
    for a rating. ``soft_labels`` has ``label`` and ``probability`` of each, ``confidence`` is the least; both are
    None where the row does not say. A list, for readers want the same keys in every row.

    Raises:
        RejectedError: no such question was answered.
    """
    rows = [
        {
            "question": question.name,
            "text": example.prompt,
            "labels": (labels := labels_of(question, value)),
            **_probabilities(labels, confidences(example, question.name)),
        }
        for question in scheme.questions
        if question.type in LABELLED and (value := example.annotation.get(question.name)) is not None
    ]
    if not rows:
        raise RejectedError("without a label")
    return rows


def _probabilities(labels: Sequence[str], shares: Mapping[str, float]) -> TrainingRow:
    known = [label for label in labels if label in shares]
    soft = [{"label": label, "probability": shares[label]} for label in known]
    return {"confidence": min((shares[label] for label in known), default=None), "soft_labels": soft or None}


def labels_of(question: Question, value: Any) -> list[str]:
    """The value as a list of text, in the order of the question's choices; unknown labels come last."""
    labels = [str(item) for item in (value if isinstance(value, list) else [value])]
    positions = {str(choice): position for position, choice in enumerate(question.choices)}
    return sorted(labels, key=lambda label: (positions.get(label, len(positions)), label))


def _middle(scheme: Scheme) -> float:
    question = scheme.question(scheme.rank_by) if scheme.rank_by else None
    choices = [float(choice) for choice in question.choices] if question else []
    return (min(choices) + max(choices)) / 2 if choices else 0.0
