"""Checks of toxicity: the corpus' own moderation, and prompts that try to talk a model out of its rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharegpt_argilla.common.contract_keys import TOXICITY
from sharegpt_argilla.curation.checks.base import Finding, Item, Options, Rule
from sharegpt_argilla.curation.word_patterns import LanguagePatterns, finding_for
from sharegpt_argilla.moderation import detoxify_moderation, openai_moderation

_OPENAI, _DETOXIFY = ("openai_moderation", "moderation"), ("detoxify_moderation", "detoxify", "question_detoxify")
# A score of OpenAI's below this counts only if it is flagged.
_OPENAI_LEAST = 0.5

_JAILBREAK = LanguagePatterns("jailbreak", "prompt")


def corpus_scores(extension: Mapping[str, Any], threshold: float) -> tuple[float, list[str], bool] | None:
    """The highest score that the corpus has for a row, the categories that count, and whether it is toxic.

    OpenAI counts if it flagged something, Detoxify above the threshold; the corpus' own verdict (``toxic``) counts
    too. None if the corpus has no scores.
    """
    openai = next(filter(None, (openai_moderation(_as_column(extension.get(key))) for key in _OPENAI)), None)
    columns = [extension[key] for key in _DETOXIFY if isinstance(extension.get(key), dict | list)]
    detoxify = [scores for scores in map(detoxify_moderation, columns) if scores]
    verdict = extension.get("toxic")
    if openai is None and not detoxify and not isinstance(verdict, bool):
        return None
    scores: dict[str, float] = dict(openai["scores"]) if openai else {}
    counting = set(openai["categories"]) if openai else set()
    counting |= {name for name, score in scores.items() if score >= _OPENAI_LEAST}
    for scores_of_column in detoxify:
        scores |= {name: max(score, scores.get(name, 0.0)) for name, score in scores_of_column.items()}
        counting |= {name for name, score in scores_of_column.items() if name == "toxicity" and score > threshold}
    flagged = bool(counting) or verdict is True or bool(openai and openai["flagged"])
    return max(scores.values(), default=float(verdict is True)), sorted(counting), flagged


def _as_column(value: object) -> object:
    """The moderation column from which `extract` made this value; any other value unchanged."""
    if not isinstance(value, dict) or not isinstance(value.get("categories"), list):
        return value
    categories = {name: True for name in value["categories"] if isinstance(name, str)}
    return {"flagged": value.get("flagged"), "categories": categories, "category_scores": value.get("scores")}


def _toxic(item: Item, options: Options) -> Finding | None:
    said = corpus_scores(item.extension, options.toxicity)
    if said is None:
        return None
    score, categories, flagged = said
    facts = {"source": "corpus", "score": score, **({"categories": categories} if categories else {})}
    return Finding(", ".join(categories), {TOXICITY: facts}, flagged)


def _jailbreak(item: Item, _options: Options) -> Finding | None:
    return finding_for(item.prompt, _JAILBREAK.search(item.prompt, item.prompt_language))


TOXIC = Rule("toxic", "the corpus' own moderation calls the conversation toxic", "warning", _toxic)
JAILBREAK = Rule("jailbreak", "the prompt tries to talk the model out of its rules", "warning", _jailbreak)
