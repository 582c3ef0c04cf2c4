"""Toxicity suggestions from the scores that are in a corpus or that ``curate`` computed.

The scores of chat logs are the highest over all messages of the conversation, while the question is about one
prompt. A clean conversation therefore says more than a flagged one.
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
# OpenAI's categories that guidelines.md calls illegal. All others are harmful, as are all of Detoxify's names.
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
        """Empty: this agent has no cost."""
        return ""

    def _suggestions(self, subject: Subject) -> Iterator[Suggestion]:
        scores = list(read_scores(subject.extension))
        if not scores:
            return
        # curate copies the corpus' own scores without their categories.
        highest, category, source = max(scores, key=lambda entry: (entry[0], entry[2] != CURATE))
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
    """Score (0 to 1), category and source of each score in a row, as ``extract`` and ``curate`` write them."""
    openai = extension.get("openai_moderation")
    # OASST has two; the suggestion is about the prompt.
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
    scores = column.get("scores", column)
    return scores if isinstance(scores, dict) else {}


def _curated(extension: Mapping[str, Any]) -> Mapping[str, Any]:
    """The score of ``curate``, which keeps only the highest and the categories that exceed the threshold."""
    toxicity = curation_block(extension).get(TOXICITY)
    if not isinstance(toxicity, dict):
        return {}
    categories = [str(name) for name in toxicity.get("categories") or ()] or ["toxicity"]
    # Of two labels that fit, illegal goes before harmful (guidelines.md).
    category = next((name for name in categories if _label(name) == ILLEGAL), categories[0])
    return {category: toxicity.get("score")}


def _label(category: str) -> str:
    letters = re.sub("[^a-z]", "", category.lower())
    return ILLEGAL if letters.startswith(tuple(re.sub("[^a-z]", "", name) for name in _ILLEGAL)) else HARMFUL
