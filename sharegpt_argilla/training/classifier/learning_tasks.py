"""Annotated rows -> the task that a classifier learns."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sharegpt_argilla.training.annotated_file import AnnotatedFile
from sharegpt_argilla.training.answer_formats import labels_of
from sharegpt_argilla.training.base import Example, Question
from sharegpt_argilla.training.classifier.base import Case, Labels, Task
from sharegpt_argilla.training.examples import Filters
from sharegpt_argilla.training.splits import Families

LEARNABLE = ("label", "multi_label")
"""Types of question that a classifier can learn to answer."""
ANY_LANGUAGE = "xx"
_HAN = re.compile("[\u4e00-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")


def read_examples(
    path: Path, resembling: Callable[[Example], Collection[str]] = lambda _example: ()
) -> tuple[list[Example], list[bytes]]:
    """The rows that were annotated and not discarded, and the group of each.

    Args:
        path: the annotated rows.
        resembling: row -> ids of earlier rows that say nearly the same, which are of its group.

    Raises:
        InputError: the file cannot be read.
    """
    with closing(AnnotatedFile(path, Filters().reason, resembling=resembling)) as source:
        plans = source.plans("row")
        families = Families()
        for plan in plans:
            families.add(plan.keys())
        return [source.read(plan).examples[0] for plan in plans], families.names()


def build_task(question: Question, examples: Sequence[Example], groups: Sequence[bytes], language: str) -> Task:
    """The question as a task.

    Args:
        question: a label or multi_label question.
        examples: annotated rows; those without an answer to the question are left out.
        groups: the group of each example.
        language: its code; "" to detect it: ``zh`` if most letters are Chinese, else ``xx``.
    """
    cases = list(_cases(question, examples, groups))
    used = {label for case in cases for label in case.labels}
    choices = [str(choice) for choice in question.choices]
    return Task(
        question=question.name,
        several=question.type == "multi_label",
        labels=[label for label in choices if label in used],
        unseen=[label for label in choices if label not in used],
        cases=cases,
        language=language or language_of([case.text for case in cases]),
    )


def language_of(texts: Sequence[str]) -> str:
    """``zh``, which is written without spaces between words, or ``xx`` for all others."""
    start = [text[:1000] for text in texts]
    letters = sum(len(_LETTER.findall(text)) for text in start)
    return "zh" if 2 * sum(len(_HAN.findall(text)) for text in start) > letters else ANY_LANGUAGE


def _cases(question: Question, examples: Sequence[Example], groups: Sequence[bytes]) -> Iterator[Case]:
    for example, group in zip(examples, groups, strict=True):
        value = example.annotation.get(question.name)
        labels = _labels(question, value)
        # No label at all is an answer where there may be several.
        if (labels or value == []) and example.prompt.strip():
            yield Case(
                text=example.prompt,
                labels=labels,
                group=group,
                suggested=_suggested(question, example.annotation),
                guidelines=_word(example.annotation.get("guidelines")),
            )


def _suggested(question: Question, annotation: Mapping[str, Any]) -> dict[str, Labels]:
    suggestions = annotation.get("suggestions")
    return {
        str(suggestion.get("agent", "")): labels
        for suggestion in (suggestions if isinstance(suggestions, list) else ())
        if isinstance(suggestion, dict)
        and suggestion.get("question") == question.name
        and (labels := _labels(question, suggestion.get("value")))
    }


def _labels(question: Question, value: Any) -> Labels:
    return frozenset(labels_of(question, value)) if value is not None else frozenset()


def _word(value: object) -> str:
    # Joined datasets have one hash each.
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
