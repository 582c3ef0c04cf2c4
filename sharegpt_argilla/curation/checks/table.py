"""All checks, in the order in which they run and fix."""

from __future__ import annotations

from sharegpt_argilla.curation.checks import answer_checks as answers
from sharegpt_argilla.curation.checks import arithmetic_checks as arithmetic
from sharegpt_argilla.curation.checks import character_checks as characters
from sharegpt_argilla.curation.checks import citation_checks as citations
from sharegpt_argilla.curation.checks import duplicate_checks as duplicates
from sharegpt_argilla.curation.checks import language_checks as languages
from sharegpt_argilla.curation.checks import private_data_checks as privacy
from sharegpt_argilla.curation.checks import prompt_checks as prompts
from sharegpt_argilla.curation.checks import reference_checks as references
from sharegpt_argilla.curation.checks import toxicity_checks as toxicity
from sharegpt_argilla.curation.checks import toxicity_models as classifiers
from sharegpt_argilla.curation.checks.base import Check, Finding, Item, Options, Rule
from sharegpt_argilla.registry import Registry


def _elsewhere(_item: Item, _options: Options) -> Finding | None:
    """Nothing: duplicates are found across rows, by ``merge_chunks.Gathering``."""
    return None


_MEMBERS: tuple[Check, ...] = (
    characters.CONTROL,
    characters.MOJIBAKE,
    characters.ENTITIES,
    characters.ESCAPES,
    citations.CITATIONS,
    prompts.NO_INPUT,
    prompts.MERGED,
    prompts.SHORT,
    prompts.CONTINUATION,
    prompts.SYSTEM,
    prompts.TOOLS,
    references.WEB,
    references.IMAGE,
    references.LIVE,
    references.MEDIA,
    answers.BLANK,
    answers.NOTHING,
    answers.REPEATED,
    answers.REFUSAL,
    answers.CODE,
    arithmetic.SUM,
    arithmetic.STATISTIC,
    languages.UNWANTED,
    languages.MISMATCH,
    languages.LEFTOVER,
    languages.MIXED,
    Rule(duplicates.EXACT, "the prompt was there before", "warning", _elsewhere),
    Rule(duplicates.NEAR, "a very similar prompt was there before", "note", _elsewhere),
    toxicity.TOXIC,
    toxicity.JAILBREAK,
    privacy.EMAIL,
    privacy.PHONE,
    privacy.IP,
    privacy.CARD,
    privacy.ID,
    privacy.SECRET,
    privacy.NAMES,
    classifiers.DETOXIFY,
    classifiers.MODERATION,
)


def can_fix(check: Check) -> bool:
    """Whether the check can fix or redact what it finds."""
    return check.fix is not None or check.private


CHECKS: Registry[Check] = Registry(
    "check",
    {check.id: check for check in _MEMBERS},
    group="sharegpt_argilla.checks",
    needs=("id", "message", "severity", "private", "optional", "precision", "fix", "find"),
)
"""Id -> check."""

DEFAULT = tuple(check.id for check in _MEMBERS if not check.optional)
"""The checks that run by default; those of other packages run only when named."""

FIXABLE = tuple(check.id for check in _MEMBERS if can_fix(check))
"""Our checks that can fix or redact what they find."""
