"""The intent of a prompt, by rules that are rarely wrong and often silent.

Each rule says how often it was right among the hits that were read on real prompts, the same on which it was
narrowed (docs/suggestions.md has the table and what it is worth). A label is suggested, never ruled out: the
question allows several.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sharegpt_argilla.annotation import Suggestion
from sharegpt_argilla.common.pattern_files import alternatives, read_toml
from sharegpt_argilla.config import IntentRules, LabelQuestion, QuestionConfig
from sharegpt_argilla.suggestions.base import Subject

AGENT = "intent_rules"

_LOOK_AT = 4000
# Characters from the start of a prompt; what it wants is said there, or in the code that it shows.


@dataclass(frozen=True)
class IntentRule:
    """One pattern for one label.

    Attributes:
        label: what a hit suggests.
        pattern: searched in the first 4,000 characters of the prompt, letter case ignored.
        right: of the hits that were read, how many wanted that.
        read: how many hits were read.
    """

    label: str
    pattern: re.Pattern[str]
    right: int
    read: int

    @property
    def score(self) -> float:
        """0 to 1: Laplace's rule of succession, so that few hits do not look like certainty."""
        return round((self.right + 1) / (self.read + 2), 2)


@cache
def intent_rules() -> tuple[IntentRule, ...]:
    """All rules, from intent_rules.toml; a prompt gets the label of each rule that matches."""
    content = read_toml(files("sharegpt_argilla.suggestions") / "intent_rules.toml")
    return tuple(
        IntentRule(
            rule["label"],
            re.compile(alternatives(rule["patterns"], content["parts"]), re.IGNORECASE | re.MULTILINE),
            rule["right"],
            rule["read"],
        )
        for rule in content["rules"]
    )


class IntentByRules:
    """Suggests the labels of the rules that hit.

    Args:
        options: the question's name.
        question: the question; one with a single label is answered when exactly one label was found.
    """

    def __init__(self, options: IntentRules, question: QuestionConfig) -> None:
        self.questions = [options.question]
        self._single = isinstance(question, LabelQuestion)

    def suggest(self, subjects: Sequence[Subject]) -> list[list[Suggestion]]:
        """See ``Agent``."""
        return [self._suggestions(find_intents(subject.prompt)) for subject in subjects]

    def report(self) -> str:
        """Empty: this agent has no cost."""
        return ""

    def _suggestions(self, scores_by_label: dict[str, float]) -> list[Suggestion]:
        (name,) = self.questions
        if not scores_by_label or (self._single and len(scores_by_label) > 1):
            return []
        labels, scores = list(scores_by_label), list(scores_by_label.values())
        if self._single:
            return [Suggestion(name, labels[0], AGENT, scores[0])]
        return [Suggestion(name, list(labels), AGENT, list(scores))]


def find_intents(prompt: str) -> dict[str, float]:
    """Label -> score of its rule, for each rule that hits; of two rules the better counts."""
    start = prompt[:_LOOK_AT]
    scores: dict[str, float] = {}
    for rule in intent_rules():
        if rule.pattern.search(start):
            scores[rule.label] = max(scores.get(rule.label, 0.0), rule.score)
    return scores
