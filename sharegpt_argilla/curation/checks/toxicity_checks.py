"""Toxicity: what the corpus says about it, and prompts that try to talk a model out of its rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharegpt_argilla.common.contract_keys import TOXICITY
from sharegpt_argilla.curation.checks.base import Finding, Item, Options, Rule
from sharegpt_argilla.curation.word_patterns import LanguagePatterns, found
from sharegpt_argilla.moderation import detoxify_moderation, openai_moderation

_OPENAI, _DETOXIFY = ("openai_moderation", "moderation"), ("detoxify_moderation", "detoxify", "question_detoxify")
# Below this, a score of OpenAI's that is not flagged says nothing.
_OPENAI_LEAST = 0.5

_JAILBREAK = LanguagePatterns("jailbreak", "prompt")


def corpus_scores(extension: Mapping[str, Any], threshold: float) -> tuple[float, list[str], bool] | None:
    """The highest score that the corpus brings for a row, the categories that count, and whether it is toxic.

    OpenAI counts where it flagged something, Detoxify from the threshold on; a verdict of the corpus' own
    (``toxic``) counts too. None when the corpus says nothing.
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
    for one in detoxify:
        scores |= {name: max(score, scores.get(name, 0.0)) for name, score in one.items()}
        counting |= {name for name, score in one.items() if name == "toxicity" and score > threshold}
    flagged = bool(counting) or verdict is True or bool(openai and openai["flagged"])
    return max(scores.values(), default=float(verdict is True)), sorted(counting), flagged


def _as_column(value: object) -> object:
    """What `extract` makes of a moderation column, as a column again; anything else as it is."""
    if not isinstance(value, dict) or not isinstance(value.get("categories"), list):
        return value
    found = {name: True for name in value["categories"] if isinstance(name, str)}
    return {"flagged": value.get("flagged"), "categories": found, "category_scores": value.get("scores")}


def _toxic(item: Item, options: Options) -> Finding | None:
    said = corpus_scores(item.extension, options.toxicity)
    if said is None:
        return None
    score, categories, flagged = said
    facts = {"source": "corpus", "score": score, **({"categories": categories} if categories else {})}
    return Finding(", ".join(categories), {TOXICITY: facts}, flagged)


def _jailbreak(item: Item, _options: Options) -> Finding | None:
    return found(item.prompt, _JAILBREAK.search(item.prompt, item.prompt_language))


TOXIC = Rule("toxic", "the corpus' own moderation calls the conversation toxic", "warning", _toxic)
JAILBREAK = Rule("jailbreak", "the prompt tries to talk the model out of its rules", "warning", _jailbreak)
