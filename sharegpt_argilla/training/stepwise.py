"""Answers cut into steps, each judged: TRL's stepwise supervision, for process reward models.

Keys: TRL, "Dataset formats", stepwise supervision: ``prompt``, ``completions``, ``labels``. People judge the steps
by marking what is wrong in a span question about the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sharegpt_argilla.errors import RejectedError, UsageError
from sharegpt_argilla.training.base import Example, Group, Scheme, TrainingRow

NO_MARKS = "whose steps nobody judged"
ONE_STEP = "with an answer of one step"
RIGHT = frozenset({"right", "correct", "good", "ok", "true", "positive"})
"""Labels of a span that mark a step as right; a span with any other label marks what is wrong."""
ANSWER = "response"
"""The field of a record that shows the answer."""
_BLANK_LINES = re.compile(r"\n\s*\n")


def stepwise(group: Group, scheme: Scheme) -> list[TrainingRow]:
    """``prompt``, ``completions`` (the steps of the answer), ``labels`` (whether each step is right).

    A step is a paragraph; where the answer has one paragraph, a line. It is wrong where a span marks a part of it.

    Raises:
        RejectedError: nobody answered a span question on the row, or the answer is one step.
        UsageError: the project has no span question about the answer.
    """
    (example,) = group.examples
    spans_of = [question for question in scheme.questions if question.type == "span" and question.field == ANSWER]
    names = [question.name for question in spans_of]
    if not names:
        raise UsageError(
            f"the project has no span question about the field {ANSWER}; "
            '"stepwise" is made from what people mark there'
        )
    answered = [name for name in names if example.annotation.get(name) is not None]
    if not answered:
        raise RejectedError(NO_MARKS)
    spans = list(steps(example.answer))
    if len(spans) < 2:
        raise RejectedError(ONE_STEP)
    wrong = list(_wrong(example, answered[0]))
    labels = [not any(start < end_wrong and first < end for first, end_wrong in wrong) for start, end in spans]
    completions = [example.answer[start:end].strip() for start, end in spans]
    return [{"prompt": example.prompt, "completions": completions, "labels": labels}]


def steps(answer: str) -> Iterator[tuple[int, int]]:
    """The offsets of the steps of an answer: its paragraphs or, if there is only one, its lines."""
    separator = _BLANK_LINES if _BLANK_LINES.search(answer.strip()) else re.compile(r"\n")
    start = 0
    for match in [*separator.finditer(answer), None]:
        end = match.start() if match else len(answer)
        if answer[start:end].strip():
            yield start, end
        start = match.end() if match else end


def _wrong(example: Example, question: str) -> Iterator[tuple[int, int]]:
    value = example.annotation[question]
    for span in value if isinstance(value, list) else []:
        if isinstance(span, dict) and str(span.get("label", "")).casefold() not in RIGHT:
            start, end = span.get("start"), span.get("end")
            if isinstance(start, int) and isinstance(end, int):
                yield start, end
