"""A report on agreement as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Report = Mapping[str, Any]


def render_text(report: Report) -> str:
    """The report as lines; a number in brackets is the 95 % interval, n the number of items behind it."""
    return "\n".join(_lines(report)) + "\n"


def number(estimate: Report | None) -> str:
    """``0.812 [0.744, 0.871] n=240``; a dash where the statistic is not defined."""
    if estimate is None or estimate["value"] is None:
        return "-" if estimate is None else f"- n={estimate['items']:,}"
    text = f"{estimate['value']:.3f}"
    if estimate["low"] is not None:
        text += f" [{estimate['low']:.3f}, {estimate['high']:.3f}]"
    return f"{text} n={estimate['items']:,}"


def _lines(report: Report) -> Iterator[str]:
    given = report["responses"]
    yield f"{report['annotated']:,} of {report['rows']:,} rows annotated by {report['annotators']:,} people"
    drafts, discarded = f"{given['draft']:,} drafts", f"{given['discarded']:,} discarded"
    yield f"responses: {given['submitted']:,} submitted, {drafts}, {discarded}"
    for name, question in report["questions"].items():
        yield from _question(name, question)
    yield ""
    yield "pace, median seconds for a record (estimated from the times between submissions, or measured)"
    for pace in report["pace"]:
        estimated, measured = pace["estimated"], pace["measured"]
        text = f"  {pace['annotator']}: {pace['submitted']:,} submitted"
        if estimated["gaps"]:
            text += f", about {estimated['median_seconds']:g} s (estimate, {estimated['gaps']:,} gaps)"
        if measured["responses"]:
            text += f", {measured['median_seconds']:g} s (measured, {measured['responses']:,} responses)"
        yield text
    yield from _disputes(report)


def _question(name: str, question: Report) -> Iterator[str]:
    yield ""
    yield f"{name}: {question['answers']:,} answers to {question['items']:,} records"
    yield f"  Krippendorff's alpha ({question['metric']})  {number(question['alpha'])}"
    yield f"  equal answers (share of pairs)  {number(question['percent_agreement'])}"
    for label, alpha in question["labels"].items():
        yield f"    alpha of {label}  {number(alpha)}"
    for pair in question["pairs"]:
        yield f"  kappa of {' and '.join(pair['annotators'])}  {number(pair['kappa'])}"
    for person in question["people"]:
        yield f"  {person['annotator']} against the rest: kappa {number(person['kappa'])}"
        if person["difference"] is not None and person["difference"]["value"] is not None:
            yield f"    above the others by {number(person['difference'])}"
    for person in question["gold"]:
        yield f"  {person['annotator']} against gold: {person['right']:,} of {person['answers']:,} right"
        yield f"    accuracy {number(person['accuracy'])}"
    for one in question["suggestions"]:
        agent = one["agent"] or "an unnamed agent"
        yield f"  suggestions of {agent}: {one['kept']:,} kept, {one['changed']:,} changed"
        yield f"    share kept {number(one['share'])}"
    total = question["answers"]
    for answer, count in question["distribution"].items():
        share = f"{count / total:.1%}" if total else "-"
        yield f"  {answer}: {count:,} of {total:,} answers ({share})"


def _disputes(report: Report) -> Iterator[str]:
    if not report["disputed"]:
        return
    yield ""
    yield "most disputed records (0: all the same, 1: as far apart as possible)"
    for record in report["disputed"]:
        yield f"  {record['disagreement']:.2f} {record['id']} {record.get('url', '')}".rstrip()
