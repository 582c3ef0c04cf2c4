"""The report on a curation: as plain data, as terminal lines, and as a self-contained HTML page."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sharegpt_argilla.curation.checks.table import CHECKS
from sharegpt_argilla.curation.chunks import Settings
from sharegpt_argilla.curation.merge_chunks import CheckCounts, Gathering
from sharegpt_argilla.curation.precision import may_drop, unseen_precision

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
    unseen = unseen_precision(name)
    measured = unseen or check.precision
    return {
        "message": check.message,
        "severity": check.severity,
        "precision": round(measured.value, 2) if measured else None,
        "precision_low": round(measured.low, 2) if measured else None,
        "judged": measured.read if measured else 0,
        "unseen": unseen is not None,
        "may_drop": may_drop(check.precision, unseen),
        "drops": name in drop,
        "fixes": name in settings.fix,
        "flagged": counts.flagged,
        "fixed": counts.fixed,
        "dropped": counts.dropped,
        "examples": [{"id": row, **({"words": words} if words else {})} for row, words in counts.examples],
    }


def render_report(report: Report, name: str) -> str:
    """The report as text for a file of that name: JSON for ``.json``, else an HTML page."""
    if name.endswith(".json"):
        return json.dumps(report, ensure_ascii=False, indent=2) + "\n"
    return render_page(report)


def report_lines(report: Report) -> Iterator[str]:
    """The report for a terminal: a line for each check that flagged rows."""
    flagged = [(name, check) for name, check in report["checks"].items() if check["flagged"]]
    if flagged:
        yield f"{'check':<20}{'flagged':>9}{'fixed':>8}{'dropped':>9}{'precision':>16}"
    for name, check in flagged:
        counts = f"{check['flagged']:>9,}{check['fixed']:>8,}{check['dropped']:>9,}{precision_text(check):>16}"
        yield f"{name:<20}{counts}  {check['message']}"
    for name, check in report["checks"].items():
        if check["drops"] and check["may_drop"] != "yes":
            yield f"{name} drops rows, though its precision {_told(check)}; look at what it flags first"


def precision_text(check: Mapping[str, Any]) -> str:
    """The precision of a check in a report, and of how many hits; "unknown" where those say too little."""
    if check["may_drop"] == "unknown" or check["precision"] is None:
        return f"unknown (n={check['judged'] if check['unseen'] else 0})"
    return f"{check['precision']:.2f} (n={check['judged']})"


def _told(check: Mapping[str, Any]) -> str:
    if check["precision"] is None:
        return "was never measured"
    if not check["unseen"]:
        return f"is {check['precision']:.2f} (n={check['judged']}) only on data that it was made from"
    return f"on data that it was not made from is {check['precision']:.2f} (n={check['judged']})"


_LANGUAGES = 20
"""Languages that a page shows."""


def render_page(report: Report) -> str:
    """Counts of each check with examples, and the languages; light and dark."""
    from sharegpt_argilla.common.html_pages import render_html  # noqa: PLC0415 - Altair takes half a second

    flagged = {name: check for name, check in report["checks"].items() if check["flagged"]}
    languages = list(report["languages"].items())
    return render_html(
        "curation.html.j2",
        report=report,
        precision_text=precision_text,
        flagged=flagged,
        silent=[name for name in report["checks"] if name not in flagged],
        flags=_bars(_by_flags(flagged), f"rows, of {report['rows']:,}", report["rows"]),
        languages=_bars(languages[:_LANGUAGES], "rows", report["rows"]),
        rare_languages=max(0, len(languages) - _LANGUAGES),
    )


def _by_flags(checks: Mapping[str, Report]) -> list[tuple[str, int]]:
    return sorted(
        ((name, check["flagged"]) for name, check in checks.items()), key=lambda pair: (-pair[1], pair[0])
    )


def _bars(counts: Sequence[tuple[str, int]], unit: str, total: int) -> Any:
    """A chart of counts with their shares of ``total``; None without counts."""
    from sharegpt_argilla.common.charts import bars  # noqa: PLC0415 - Altair takes half a second

    points = [
        {"name": name, "count": count, "label": f"{count:,} ({count / total:.1%})"} for name, count in counts
    ]
    return bars(points, "name", "count", "", unit) if points else None
