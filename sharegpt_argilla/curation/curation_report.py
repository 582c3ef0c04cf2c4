"""The report on a curation as one HTML page that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from html import escape
from typing import Any

from sharegpt_argilla.common.charts import STYLE, Bar, bar_chart
from sharegpt_argilla.curation.checks.table import CHECKS
from sharegpt_argilla.curation.chunks import Settings
from sharegpt_argilla.curation.merge_chunks import CheckCounts, Gathering
from sharegpt_argilla.curation.precision import ENOUGH

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


_LANGUAGES = 20


def render_page(report: Report) -> str:
    """Counts of each check with examples, and the languages; light and dark."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Curation</title><style>{STYLE}</style></head><body>{''.join(_body(report))}</body></html>\n"
    )


def _body(report: Report) -> Iterator[str]:
    later = f", {report['later_turns']:,} later turns left out" if report["later_turns"] else ""
    yield "<h1>Curation</h1>"
    yield (
        f"<p>{report['rows']:,} rows read, {report['written']:,} written, {report['dropped']:,} dropped{later}, "
        f"{report['rejected']:,} rejected.</p>"
    )
    found = {name: check for name, check in report["checks"].items() if check["flagged"]}
    bars = [
        Bar(name, check["flagged"], f"{check['flagged']:,} ({check['flagged'] / report['rows']:.1%})")
        for name, check in sorted(found.items(), key=lambda item: (-item[1]["flagged"], item[0]))
    ]
    if bars:
        axis = f"rows, of {report['rows']:,}"
        yield f"<h2>Flags</h2>{bar_chart('Rows flagged by each check', axis, bars)}"
    spoken = list(report["languages"].items())
    shown = [Bar(name, count, f"{count:,}") for name, count in spoken[:_LANGUAGES]]
    if shown:
        more = f" The {len(spoken) - _LANGUAGES} rarest are not shown." if len(spoken) > _LANGUAGES else ""
        yield f"<h2>Languages of the prompts</h2>{bar_chart('Rows by language of the prompt', 'rows', shown)}"
        yield f"<p class='note'>unsure: too short to tell.{more}</p>"
    yield "<h2>Checks</h2>"
    yield (
        "<p class='note'>Precision: share of true hits among those that were read when the check was made. "
        "A row may be flagged by several checks.</p>"
    )
    yield from _table(report["checks"])
    for name, check in found.items():
        yield from _examples(name, check)
    silent = [name for name, check in report["checks"].items() if not check["flagged"]]
    if silent:
        yield f"<p class='note'>Nothing was found by: {escape(', '.join(silent))}.</p>"


def _table(checks: Mapping[str, Report]) -> Iterator[str]:
    heads = ("check", "what is wrong", "severity", "precision", "flagged", "fixed", "dropped")
    yield f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>"
    for name, check in checks.items():
        if not check["flagged"]:
            continue
        precision = "-" if check["precision"] is None else f"{check['precision']:.2f} of {check['judged']}"
        yield f"<tr><td>{escape(name)}</td><td>{escape(check['message'])}</td><td>{check['severity']}</td>"
        numbers = (precision, *(f"{check[key]:,}" for key in ("flagged", "fixed", "dropped")))
        yield f"{''.join(f'<td class=n>{number}</td>' for number in numbers)}</tr>"
    yield "</table>"


def _examples(name: str, check: Report) -> Iterator[str]:
    yield f"<h3>{escape(name)}</h3><ul>"
    for example in check["examples"]:
        words = f": {escape(example['words'])}" if "words" in example else ""
        yield f"<li><code>{escape(example['id'])}</code>{words}</li>"
    yield "</ul>"
