"""What the checks found, counted: as data, as text and as a page."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sharegpt_argilla.curation.chunks import Settings
from sharegpt_argilla.curation.gathering import CheckCounts, Gathering
from sharegpt_argilla.curation.precision import ENOUGH
from sharegpt_argilla.curation.report_page import render_page
from sharegpt_argilla.curation.table import CHECKS

Report = Mapping[str, Any]


def build_report(
    gathering: Gathering, settings: Settings, drop: Collection[str], written: int, rejected: int
) -> dict[str, Any]:
    """The counts of a run, as plain data. Examples of private data are ids only."""
    return {
        "rows": gathering.rows,
        "written": written,
        "dropped": gathering.dropped,
        "later_turns": gathering.later_turns,
        "rejected": rejected,
        "languages": dict(sorted(gathering.languages.items(), key=lambda item: (-item[1], item[0]))),
        "checks": {name: _check(name, counts, drop, settings) for name, counts in gathering.counts.items()},
    }


def _check(name: str, counts: CheckCounts, drop: Collection[str], settings: Settings) -> dict[str, Any]:
    check = CHECKS[name]
    measured = check.precision
    return {
        "message": check.message,
        "severity": check.severity,
        "precision": round(measured.value, 2) if measured else None,
        "judged": measured.read if measured else 0,
        "drops": name in drop,
        "fixes": name in settings.fix,
        "flagged": counts.flagged,
        "fixed": counts.fixed,
        "dropped": counts.dropped,
        "examples": [{"id": row, **({"words": words} if words else {})} for row, words in counts.examples],
    }


def render_report(report: Report, name: str) -> str:
    """The report as the file of that name holds it: JSON for ``.json``, else one HTML page."""
    if name.endswith(".json"):
        return json.dumps(report, ensure_ascii=False, indent=2) + "\n"
    return render_page(report)


def report_lines(report: Report) -> Iterator[str]:
    """The report for a terminal: a line for each check that found something."""
    found = [(name, check) for name, check in report["checks"].items() if check["flagged"]]
    if found:
        yield f"{'check':<20}{'flagged':>9}{'fixed':>8}{'dropped':>9}{'precision':>11}"
    for name, check in found:
        precision = "-" if check["precision"] is None else f"{check['precision']:.2f}"
        counts = f"{check['flagged']:>9,}{check['fixed']:>8,}{check['dropped']:>9,}{precision:>11}"
        yield f"{name:<20}{counts}  {check['message']}"
    for name, check in report["checks"].items():
        if check["drops"] and (check["precision"] is None or check["precision"] < ENOUGH):
            known = "was never measured" if check["precision"] is None else f"is {check['precision']:.2f}"
            yield f"{name} drops rows, though its precision {known}; look at what it flags first"
