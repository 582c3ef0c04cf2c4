"""What curation leaves in a row, under ``curation`` in its extension."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sharegpt_argilla.common.contract_keys import (
    DUPLICATE_OF,
    FIXED,
    FLAGS,
    PII,
    PROMPT_LANGUAGE,
    RESPONSE_LANGUAGE,
    TOXICITY,
)
from sharegpt_argilla.curation.checks.base import Finding, Item


def marks(
    before: object,
    checks: Collection[str],
    item: Item,
    flags: Sequence[str],
    fixed: Sequence[str],
    findings: Mapping[str, Finding],
) -> dict[str, Any]:
    """The object for one row.

    Args:
        before: what an earlier run left. Flags of checks that do not run now stay, and so does what was mended.
        checks: those that run now.
        item: the row, its languages known.
        flags: what is wrong with it as it stands.
        fixed: what was mended now.
        findings: check -> finding, for the facts.
    """
    earlier = before if isinstance(before, dict) else {}
    kept = [flag for flag in earlier.get(FLAGS, []) if flag not in checks]
    found: dict[str, Any] = {FLAGS: sorted({*flags, *kept}), PROMPT_LANGUAGE: item.prompt_language}
    if item.response_language:
        found[RESPONSE_LANGUAGE] = item.response_language
    mended = sorted({*fixed, *earlier.get(FIXED, [])})
    if mended:
        found[FIXED] = mended
    private = [earlier.get(PII, {}) if mended else {}]
    private += [finding.facts[PII] for finding in findings.values() if PII in finding.facts]
    if counts := {name: count for counts in private for name, count in counts.items()}:
        found[PII] = dict(sorted(counts.items()))
    toxic = [finding.facts[TOXICITY] for finding in findings.values() if TOXICITY in finding.facts]
    if toxic := _toxicity(earlier.get(TOXICITY, {}), toxic):
        found[TOXICITY] = toxic
    if DUPLICATE_OF in earlier and {"duplicate", "near_duplicate"} & set(kept):
        found[DUPLICATE_OF] = earlier[DUPLICATE_OF]
    return found


def _toxicity(before: Mapping[str, Any], facts: Sequence[Mapping[str, Any]]) -> Any:
    """``score``: the highest; ``categories``: of all; ``sources``: who gave which score."""
    sources = {**before.get("sources", {}), **{fact["source"]: fact["score"] for fact in facts}}
    if not sources:
        return {}
    categories = sorted(
        {*before.get("categories", []), *(name for fact in facts for name in fact.get("categories", []))}
    )
    score = max(sources.values())
    return {"score": score, **({"categories": categories} if categories else {}), "sources": sources}
