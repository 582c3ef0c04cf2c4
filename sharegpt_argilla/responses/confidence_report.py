"""How probable the values of annotated rows are, for the report on agreement: shares, distribution, least sure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sharegpt_argilla.common.contract_keys import CONFIDENCE

SURE = 0.9
"""Probability from which a value counts as settled, as in docs/confidence.md."""
BINS = 10
LEAST_SURE = 20
"""Number of the least sure records in a report."""

Shares = Mapping[str, Mapping[str, float]]
"""Question -> row id -> how probable the row's value is, 0 to 1."""


def told(annotation: Mapping[str, Any]) -> dict[str, float]:
    """Question -> how probable its value is in this row; of several labels, that of the least sure."""
    by_question = annotation.get(CONFIDENCE)
    shares = {}
    for name, of_question in by_question.items() if isinstance(by_question, dict) else ():
        values = of_question.values() if isinstance(of_question, dict) else [of_question]
        numbers = [float(value) for value in values if type(value) in (int, float) and 0 <= value <= 1]
        if numbers:
            shares[name] = min(numbers)
    return shares


def unsure(share: float) -> bool:
    """Whether a value that is so probable counts as not settled."""
    return share < SURE


def summarize(shares: Shares) -> dict[str, dict[str, Any]]:
    """Question -> ``rows``, ``settled`` at `SURE`, ``mean``, ``distribution`` over `BINS` equal steps.

    Questions of which no row says how probable its value is are left out.
    """
    return {
        name: {
            "rows": len(of_question),
            "settled": sum(not unsure(share) for share in of_question.values()),
            "mean": round(sum(of_question.values()) / len(of_question), 4),
            "distribution": _distribution(of_question),
        }
        for name, of_question in shares.items()
        if of_question
    }


def _distribution(of_question: Mapping[str, float]) -> dict[str, int]:
    """Lower border of each step -> rows; the last step contains 1."""
    steps = [min(int(share * BINS), BINS - 1) for share in of_question.values()]
    return {f"{step / BINS:.1f}": steps.count(step) for step in range(BINS)}


def least_sure(shares: Shares, limit: int = LEAST_SURE) -> list[dict[str, Any]]:
    """``id``, ``confidence`` (of the least sure question) and ``by_question`` of the records below `SURE`."""
    by_record: dict[str, dict[str, float]] = {}
    for name, of_question in shares.items():
        for row_id, share in of_question.items():
            by_record.setdefault(row_id, {})[name] = round(share, 4)
    lowest = {row_id: min(by_question.values()) for row_id, by_question in by_record.items()}
    worst = sorted((row_id for row_id in lowest if unsure(lowest[row_id])), key=lambda one: (lowest[one], one))
    return [
        {"id": row_id, "confidence": lowest[row_id], "by_question": by_record[row_id]} for row_id in worst[:limit]
    ]


def counted_agents(report: Mapping[str, Any]) -> str:
    """Which agents count as raters; a report without says nothing."""
    return f"These agents count as raters next to people (export.agents): {', '.join(report['agents'])}."


def confidence_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The section as text; nothing where no row says how probable its values are."""
    if not report["confidence"]:
        return
    yield ""
    yield f"confidence of the values (settled: {SURE:g} or more)"
    for name, section in report["confidence"].items():
        settled, rows = section["settled"], section["rows"]
        yield f"  {name}: {settled:,} of {rows:,} settled ({settled / rows:.1%}), mean {section['mean']:.3f}"
        counts = [f"{border} {count:,}" for border, count in section["distribution"].items() if count]
        yield f"    rows from: {', '.join(counts)}"
    if report["agents"]:
        yield f"  {counted_agents(report)}"
    if report["least_sure"]:
        yield "least sure records"
    for record in report["least_sure"]:
        yield f"  {record['confidence']:.2f} {record['id']} {record.get('url', '')}".rstrip()
