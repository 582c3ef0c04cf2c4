"""Which annotated rows go into a training set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.training.base import NOT_ANNOTATED, Example
from sharegpt_argilla.training.examples import mean_agreement


@dataclass(frozen=True, slots=True)
class Filters:
    """What a row must have. A question that nobody answered passes no filter on it: open does not mean clean.

    Attributes:
        unannotated: take rows that nobody answered too.
        discarded: take rows that at least as many people discarded as submitted.
        ties: take rows on which the votes were even.
        quality: name of the rating question, and the least rating.
        intents: name of the question, and the labels of which a row has at least one.
        toxicity: name of the question, and the labels that a row may have; it may have no other.
        agreement: the least mean agreement over the questions, 0 to 1. A row that one person answered has none
            and passes; ``responses`` asks for more people.
        responses: the least number of submitted responses.
        questions: names of the project's questions.
    """

    unannotated: bool = False
    discarded: bool = False
    ties: bool = True
    quality: tuple[str, float] | None = None
    intents: tuple[str, frozenset[str]] | None = None
    toxicity: tuple[str, frozenset[str]] | None = None
    agreement: float | None = None
    responses: int = 0
    questions: Sequence[str] = ()

    def reason(self, example: Example) -> str | None:
        """Why the row is left out; None when it is taken."""
        submitted, discarded = len(example.submitted), len(example.discarded)
        if not self.discarded and discarded and discarded >= submitted:
            return "discarded"
        if not submitted:
            return None if self.unannotated and not self._asks() else NOT_ANNOTATED
        if submitted < self.responses:
            return "with too few responses"
        if not self.ties and example.annotation.get("tie"):
            return "with a tie"
        return self._by_value(example) or self._by_agreement(example)

    def _asks(self) -> bool:
        return bool(self.quality or self.intents or self.toxicity or self.responses)

    def _by_value(self, example: Example) -> str | None:
        if self.quality and not _at_least(example.annotation.get(self.quality[0]), self.quality[1]):
            return "below the quality"
        if self.intents and not labels(example, self.intents[0]) & self.intents[1]:
            return "of another intent"
        if self.toxicity:
            found = labels(example, self.toxicity[0])
            if not found or not found <= self.toxicity[1]:
                return "of another toxicity"
        return None

    def _by_agreement(self, example: Example) -> str | None:
        if self.agreement is None:
            return None
        measured = mean_agreement(example, self.questions)
        return "below the agreement" if measured is not None and measured < self.agreement else None


def labels(example: Example, question: str) -> frozenset[str]:
    """The labels of a row, whether the question takes one or several; none where nobody answered."""
    value = example.annotation.get(question)
    if value is None:
        return frozenset()
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset({str(value)})


def _at_least(value: Any, least: float) -> bool:
    return isinstance(value, int | float) and value >= least
