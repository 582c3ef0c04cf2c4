"""The ``curation`` object in a row's extension: flags, languages, fixes, private data, toxicity."""

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


def curation_block(
    before: object,
    checks: Collection[str],
    item: Item,
    flags: Sequence[str],
    fixed: Sequence[str],
    findings: Mapping[str, Finding],
) -> dict[str, Any]:
    """The ``curation`` object for one row.

    Args:
        before: the object from an earlier run. Its flags from checks that do not run now stay, as does ``fixed``.
        checks: ids of the checks that run now.
        item: the row, its languages identified.
        flags: checks that still flag the row.
        fixed: checks that fixed the row in this run.
        findings: check -> finding, for its facts.
    """
    earlier = before if isinstance(before, dict) else {}
    kept = [flag for flag in earlier.get(FLAGS, []) if flag not in checks]
    block: dict[str, Any] = {FLAGS: sorted({*flags, *kept}), PROMPT_LANGUAGE: item.prompt_language}
    if item.response_language:
        block[RESPONSE_LANGUAGE] = item.response_language
    all_fixed = sorted({*fixed, *earlier.get(FIXED, [])})
    if all_fixed:
        block[FIXED] = all_fixed
    pii_counts = [earlier.get(PII, {}) if all_fixed else {}]
    pii_counts += [finding.facts[PII] for finding in findings.values() if PII in finding.facts]
    if counts := {name: count for counts in pii_counts for name, count in counts.items()}:
        block[PII] = dict(sorted(counts.items()))
    toxicity_facts = [finding.facts[TOXICITY] for finding in findings.values() if TOXICITY in finding.facts]
    if toxicity_facts := _toxicity(earlier.get(TOXICITY, {}), toxicity_facts):
        block[TOXICITY] = toxicity_facts
    if DUPLICATE_OF in earlier and {"duplicate", "near_duplicate"} & set(kept):
        block[DUPLICATE_OF] = earlier[DUPLICATE_OF]
    return block


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
