"""A report on agreement as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from sharegpt_argilla.common.charts import STYLE, Bar, Dot, bar_chart, dot_chart
from sharegpt_argilla.responses.agreement_report import number

Report = Mapping[str, Any]


def render_page(report: Report) -> str:
    """The report as HTML: counts behind every share, intervals behind every coefficient; light and dark."""
    body = "".join(_body(report))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Agreement</title><style>{STYLE}</style></head><body>{body}</body></html>\n"
    )


def _body(report: Report) -> Iterator[str]:
    given = report["responses"]
    yield "<h1>Agreement</h1>"
    yield (
        f"<p>{report['annotated']:,} of {report['rows']:,} rows annotated by {report['annotators']:,} people: "
        f"{given['submitted']:,} responses submitted, {given['draft']:,} drafts, "
        f"{given['discarded']:,} discarded.</p>"
        '<p class="note">1 is perfect agreement, 0 what chance gives. Bars around a dot are 95 % bootstrap '
        f"intervals ({report['method']['resamples']:,} resamples of records), n is the number of records "
        "behind a number.</p>"
    )
    alphas = [_dot(name, question["alpha"]) for name, question in report["questions"].items()]
    yield dot_chart("Krippendorff's alpha by question", "Krippendorff's alpha", alphas)
    for name, question in report["questions"].items():
        yield from _question(name, question)
    yield from _pace(report)
    yield from _disputed(report)


def _question(name: str, question: Report) -> Iterator[str]:
    yield f"<h2>{escape(name)}</h2><p>{escape(question['title'])}</p>"
    yield (
        f"<p>{question['answers']:,} answers to {question['items']:,} records. Krippendorff's alpha "
        f"({question['metric']}): {number(question['alpha'])}. Equal answers, as a share of all pairs: "
        f"{number(question['percent_agreement'])}.</p>"
    )
    total = question["answers"]
    bars = [
        Bar(answer, count, f"{count:,} ({count / total:.1%})" if total else "0")
        for answer, count in question["distribution"].items()
    ]
    yield f"<h3>Answers</h3>{bar_chart(f'Answers to {name}', f'answers, of {total:,}', bars)}"
    if question["labels"]:
        dots = [_dot(label, alpha) for label, alpha in question["labels"].items()]
        yield f"<h3>By label</h3>{dot_chart(f'Alpha of each label of {name}', 'alpha of yes and no', dots)}"
    if question["pairs"]:
        dots = [_dot(" · ".join(pair["annotators"]), pair["kappa"]) for pair in question["pairs"]]
        yield f"<h3>Pairs</h3>{dot_chart(f'Kappa of each pair in {name}', 'kappa of the pair', dots)}"
        dots = [_dot(person["annotator"], person["kappa"]) for person in question["people"]]
        yield f"<h3>Each against the rest</h3>{dot_chart(f'Each against the rest in {name}', 'kappa', dots)}"
    leaning = [person for person in question["people"] if person["difference"]]
    if question["pairs"] and leaning:
        rows = [[person["annotator"], number(person["difference"])] for person in leaning]
        yield _table(["person", "mean answer above the others'"], rows)
    yield from _references(question)


def _references(question: Report) -> Iterator[str]:
    if question["gold"]:
        rows = [
            [person["annotator"], f"{person['right']:,} of {person['answers']:,}", number(person["accuracy"])]
            for person in question["gold"]
        ]
        yield "<h3>Against gold</h3>" + _table(["person", "right", "accuracy"], rows)
    if question["suggestions"]:
        rows = [
            [
                one["agent"] or "an unnamed agent",
                f"{one['kept']:,} of {one['answers']:,}",
                f"{one['changed']:,}",
                number(one["share"]),
            ]
            for one in question["suggestions"]
        ]
        yield "<h3>Suggestions</h3>" + _table(["agent", "kept", "changed", "share kept"], rows)


def _pace(report: Report) -> Iterator[str]:
    yield (
        "<h2>Pace</h2><p class='note'>Median seconds for a record. Estimated from the times between two "
        f"submissions of a person, those over {report['method']['idle_seconds']:g} s left out; measured where "
        "the page did.</p>"
    )
    rows = [
        [
            pace["annotator"],
            f"{pace['submitted']:,}",
            _seconds(pace["estimated"]["median_seconds"], pace["estimated"]["gaps"], "gaps"),
            _seconds(pace["measured"]["median_seconds"], pace["measured"]["responses"], "responses"),
        ]
        for pace in report["pace"]
    ]
    yield _table(["person", "submitted", "estimate", "measured"], rows)


def _disputed(report: Report) -> Iterator[str]:
    yield (
        "<h2>Most disputed records</h2><p class='note'>Mean distance of the answers over the questions; 0: all "
        "the same, 1: as far apart as possible.</p>"
        "<table><tr><th>distance</th><th>record</th><th>answers</th></tr>"
    )
    for record in report["disputed"]:
        shown = escape(record["prompt"] or record["id"])
        if record.get("url"):
            shown = f'<a href="{escape(record["url"])}" rel="noreferrer">{shown}</a>'
        answers = "<br>".join(
            f"{escape(name)}: {escape('; '.join(f'{person} {_answer(answer)}' for person, answer in by.items()))}"
            for name, by in record["answers"].items()
        )
        yield f"<tr><td class='n'>{record['disagreement']:.2f}</td><td>{shown}</td><td>{answers}</td></tr>"
    yield "</table>"


def _dot(name: str, estimate: Report) -> Dot:
    value = estimate["value"]
    text = f"{'-' if value is None else f'{value:.2f}'} (n={estimate['items']:,})"
    return Dot(name, value, estimate["low"], estimate["high"], text)


def _answer(answer: object) -> str:
    return ", ".join(map(str, answer)) if isinstance(answer, list) else str(answer)


def _seconds(seconds: float | None, count: int, what: str) -> str:
    return "-" if seconds is None else f"{seconds:g} s ({count:,} {what})"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        "<tr>" + "".join(f"<td class='n'>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
