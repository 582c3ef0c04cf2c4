"""Training rows made from annotators' answers: verdicts for KTO, demonstrations, labels for a classifier.

Keys: TRL, "Dataset formats", unpaired preference, standard and conversational, for ``kto`` and ``kto_messages``;
ms-swift, "Custom dataset", KTO, for ``kto_swift``; ``prompt`` and ``demonstration`` for texts that annotators
wrote; ``question``, ``text``, ``labels``, ``confidence`` and ``soft_labels`` for a classifier.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.errors import RejectedError, UsageError
from sharegpt_argilla.training.base import (
    JSON_LINES,
    Example,
    Flat,
    Group,
    Question,
    Scheme,
    TrainingRow,
    Unit,
)
from sharegpt_argilla.training.conversation import answer_message, prompt_messages, role_content
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
        needs_history: whether ``build`` writes the earlier turns.
        flat: what it cannot write of a conversation; None if it writes all.
    """

    name: str
    title: str
    build: Callable[[Group, Scheme], list[TrainingRow]]
    needs_answer: bool = False
    needs_history: bool = False
    flat: Flat | None = None
    suffix: str = JSON_LINES
    unit: Unit = "row"

    def rows(self, group: Group, scheme: Scheme) -> list[TrainingRow]:
        """The rows of one annotated row.

        Raises:
            RejectedError: the row has none.
        """
        return self.build(group, scheme)


def kto(group: Group, scheme: Scheme) -> list[TrainingRow]:
    """``prompt``, ``completion``, ``label``: whether the rating is good.

    Raises:
        RejectedError: the row was not rated, or is in the middle of the scale.
    """
    (example,) = group.examples
    return [{"prompt": example.prompt, "completion": example.answer, "label": is_good(example, scheme)}]


def kto_messages(group: Group, scheme: Scheme) -> list[TrainingRow]:
    """``prompt`` and ``completion`` as lists of messages, ``label``.

    Raises:
        RejectedError: as ``kto``.
    """
    (example,) = group.examples
    label = is_good(example, scheme)
    prompt = prompt_messages(example, group.history)
    return [{"prompt": prompt, "completion": answer_message(example), "label": label}]


def kto_swift(group: Group, scheme: Scheme) -> list[TrainingRow]:
    """``messages`` that end with the answer, ``label``.

    Raises:
        RejectedError: as ``kto``.
    """
    (example,) = group.examples
    label = is_good(example, scheme)
    return [{"messages": role_content([*group.history, example], example.system), "label": label}]


def is_good(example: Example, scheme: Scheme) -> bool:
    """Whether the row's rating is good, by ``Scheme.good``.

    Raises:
        RejectedError: the row was not rated, or is in the middle of the scale.
    """
    value = example.annotation.get(scheme.rank_by) if scheme.rank_by else None
    if not isinstance(value, int | float):
        raise RejectedError("without a rating")
    if scheme.good is not None:
        return value >= scheme.good
    middle = _middle(scheme)
    if value == middle:
        raise RejectedError("rated neither good nor bad")
    return value > middle


def demonstrations(group: Group, scheme: Scheme) -> list[TrainingRow]:
    """``prompt``, ``demonstration``: one row for each different text that annotators wrote.

    The texts are those of the question ``demonstration``, else of the first text question.

    Raises:
        RejectedError: no annotator wrote a text.
        UsageError: the project has no text question.
    """
    (example,) = group.examples
    if _text_question(scheme) is None:
        raise UsageError('the project has no text question; "demonstrations" is made from what annotators write')
    rows = [{"prompt": example.prompt, "demonstration": text} for text in written_texts(example, scheme)]
    if not rows:
        raise RejectedError("without a demonstration")
    return rows


def written_texts(example: Example, scheme: Scheme) -> list[str]:
    """The different texts that annotators wrote, in the order of the row; see ``demonstrations``."""
    name = _text_question(scheme)
    texts = (response["values"].get(name) for response in example.submitted)
    return list(dict.fromkeys(text for text in texts if isinstance(text, str) and text.strip()))


def classification(group: Group, scheme: Scheme) -> list[TrainingRow]:
    """``question``, ``text``, ``labels``, ``confidence``, ``soft_labels``: one row for each rating or label.

    ``labels`` is always a list of text, in the order of the project: one label for a label question, the number
    for a rating. ``soft_labels`` has ``label`` and ``probability`` of each, ``confidence`` is the least; both are
    None where the row does not say. A list, for readers want the same keys in every row.

    Raises:
        RejectedError: no such question was answered.
    """
    (example,) = group.examples
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


def _text_question(scheme: Scheme) -> str | None:
    texts = [question.name for question in scheme.questions if question.type == "text"]
    return DEMONSTRATION if DEMONSTRATION in texts else next(iter(texts), None)


def _middle(scheme: Scheme) -> float:
    question = scheme.question(scheme.rank_by) if scheme.rank_by else None
    choices = [float(choice) for choice in question.choices] if question else []
    return (min(choices) + max(choices)) / 2 if choices else 0.0
