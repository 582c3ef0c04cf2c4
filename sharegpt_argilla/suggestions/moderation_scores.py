"""Toxicity from the scores that a corpus brings or that ``curate`` found.

The scores of chat logs are the highest over all messages of the conversation, while the question is about one
prompt: so a clean conversation says more than a flagged one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sharegpt_argilla.annotation import Suggestion
from sharegpt_argilla.common.contract_keys import TOXICITY, curation_block
from sharegpt_argilla.config import LabelQuestion, Moderation, QuestionConfig
from sharegpt_argilla.suggestions.base import Subject

CURATE = "curate"
NONE, ILLEGAL, HARMFUL = "none", "illegal", "harmful"
_ILLEGAL = ("illicit", "sexual/minors")
# Of OpenAI's categories; what guidelines.md calls illegal. All others are harmful, as are all of Detoxify's names.
_DIGITS = 4


class ModerationScores:
    """Suggests ``none``, ``illegal`` or ``harmful`` by the highest score.

    Args:
        options: question and thresholds.
        question: the question.
    """

    def __init__(self, options: Moderation, question: QuestionConfig) -> None:
        self.questions = [options.question]
        self._options = options
        self._several = not isinstance(question, LabelQuestion)

    def suggest(self, subjects: Sequence[Subject]) -> list[list[Suggestion]]:
        """See ``Agent``."""
        return [list(self._suggestions(subject)) for subject in subjects]

    def report(self) -> str:
        """Nothing: it costs nothing."""
        return ""

    def _suggestions(self, subject: Subject) -> Iterator[Suggestion]:
        scores = list(read_scores(subject.extension))
        if not scores:
            return
        # curate repeats the corpus' own scores, without saying which category each belongs to.
        highest, category, source = max(scores, key=lambda found: (found[0], found[2] != CURATE))
        if highest >= self._options.threshold:
            yield self._suggestion(_label(category), highest, source)
        elif highest < self._options.clean:
            yield self._suggestion(NONE, 1 - highest, source)

    def _suggestion(self, label: str, score: float, source: str) -> Suggestion:
        name, agent, rounded = self._options.question, f"moderation:{source}", round(score, _DIGITS)
        if self._several:
            return Suggestion(name, [label], agent, [rounded])
        return Suggestion(name, label, agent, rounded)


def read_scores(extension: Mapping[str, Any]) -> Iterator[tuple[float, str, str]]:
    """Score (0 to 1), category and source of each score in a row, as ``extract`` and ``curate`` leave them."""
    openai = extension.get("openai_moderation")
    # Of the two that OASST has, the one of the prompt.
    detoxify = extension.get("question_detoxify") or extension.get("detoxify_moderation")
    for source, column in (
        ("openai", _scores(openai)),
        ("detoxify", _scores(detoxify)),
        (CURATE, _curated(extension)),
    ):
        for category, score in column.items():
            if isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1:
                yield float(score), str(category), source


def _scores(column: object) -> Mapping[str, Any]:
    if not isinstance(column, dict):
        return {}
    inside = column.get("scores", column)
    return inside if isinstance(inside, dict) else {}


def _curated(extension: Mapping[str, Any]) -> Mapping[str, Any]:
    """``curate`` keeps one score, the highest, and the categories that count."""
    found = curation_block(extension).get(TOXICITY)
    if not isinstance(found, dict):
        return {}
    categories = [str(name) for name in found.get("categories") or ()] or ["toxicity"]
    # Of two labels that fit, illegal goes before harmful (guidelines.md).
    category = next((name for name in categories if _label(name) == ILLEGAL), categories[0])
    return {category: found.get("score")}


def _label(category: str) -> str:
    letters = re.sub("[^a-z]", "", category.lower())
    return ILLEGAL if letters.startswith(tuple(re.sub("[^a-z]", "", name) for name in _ILLEGAL)) else HARMFUL
