"""The intent of a prompt, by rules that are rarely wrong and often silent.

Each rule says how often it was right among the hits that were read on real prompts, the same on which it was
narrowed (docs/suggestions.md has the table and what it is worth). A label is suggested, never ruled out: the
question allows several.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sharegpt_argilla.annotation import Suggestion
from sharegpt_argilla.config import IntentRules, LabelQuestion, QuestionConfig
from sharegpt_argilla.suggestions.base import Subject

AGENT = "intent_rules"

_LOOK_AT = 4000
# Characters from the start of a prompt; what it wants is said there, or in the code that it shows.
_POLITE = r"^\W{0,3}(?:(?:please|pls|can you|could you|now|ok)[, ]+){0,3}"
_LANGUAGES = (
    "python|javascript|typescript|java|c\\+\\+|c#|php|sql|bash|powershell|vba|html|css|react|golang|rust|kotlin|"
    "swift|ruby|matlab|terraform"
)
_TONGUES = (
    "english|german|french|spanish|italian|portuguese|russian|chinese|japanese|korean|arabic|hindi|dutch|polish|"
    "turkish|indonesian|malay"
)


@dataclass(frozen=True)
class Rule:
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


def _rule(label: str, pattern: str, right: int, read: int) -> Rule:
    return Rule(label, re.compile(pattern, re.IGNORECASE | re.MULTILINE), right, read)


RULES = (
    _rule(
        "code",
        rf"\b(?:write|create|make|generate|implement|build|fix|debug|refactor|optimi[sz]e)\b[^.?!\n]{{0,60}}"
        rf"(?<!\w)(?:{_LANGUAGES})(?!\w)[^.?!\n]{{0,40}}\b(?:code|function|script|program|class|query|method|macro)\b",
        17,
        17,
    ),
    _rule(
        "code",
        r"^(?-i:import \w[\w.]*(?: as \w+)?$|from [\w.]+ import |#include ?[<\"]|\s*def \w+\(.*:$|public class )"
        r"|^```(?:python|javascript|typescript|java|c\+\+|cpp|c#|php|sql|bash|sh|js|ts|go|rust|kotlin|ruby)$",
        17,
        17,
    ),
    _rule("rewrite", rf"\A{_POLITE}(?:re-?write|rephrase|paraphrase|proofread|reword)\b", 30, 30),
    _rule("rewrite", rf"\A{_POLITE}translate\b[^\n]{{0,60}}\b(?:in)?to (?:{_TONGUES})\b", 4, 4),
    _rule(
        "rewrite",
        rf"\A{_POLITE}make (?:it|this) (?:much )?(?:shorter|longer|more (?:formal|concise|casual))\b",
        2,
        2,
    ),
    _rule(
        "summarization",
        rf"\A{_POLITE}(?:summari[sz]e|(?:give me|write) a (?:short |brief |concise )?summary of)\b"
        # The text to summarize has to be there.
        r"[^.?!:\n]{0,80}[:\n][\s\S]{150}",
        3,
        3,
    ),
    _rule(
        "brainstorming",
        rf"\A{_POLITE}(?:give|suggest|list|generate|provide|come up with|write)(?: me)? "
        r"(?:\d+|ten|five|three|twenty|some|a few|several|more)\b[^.?!\n]{0,30}"
        r"\b(?:ideas?|names|titles|slogans|taglines|headlines|suggestions)\b",
        11,
        11,
    ),
    _rule(
        "generation",
        rf"\A{_POLITE}(?:write|compose|draft|create)(?: me)? (?:a|an|another) (?:[\w-]+ ){{0,4}}"
        r"(?:story|poem|essay|letter|e-?mail|blog post|article|song|speech|press release|product description|"
        r"tweet|haiku|limerick|joke|dialogue)\b",
        30,
        30,
    ),
)
"""All rules; a prompt gets the label of each rule that hits."""


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
        """Nothing: it costs nothing."""
        return ""

    def _suggestions(self, found: dict[str, float]) -> list[Suggestion]:
        (name,) = self.questions
        if not found or (self._single and len(found) > 1):
            return []
        labels, scores = list(found), list(found.values())
        if self._single:
            return [Suggestion(name, labels[0], AGENT, scores[0])]
        return [Suggestion(name, list(labels), AGENT, list(scores))]


def find_intents(prompt: str) -> dict[str, float]:
    """Label -> score of its rule, for each rule that hits; of two rules the better counts."""
    start = prompt[:_LOOK_AT]
    found: dict[str, float] = {}
    for rule in RULES:
        if rule.pattern.search(start):
            found[rule.label] = max(found.get(rule.label, 0.0), rule.score)
    return found
