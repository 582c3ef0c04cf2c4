"""A report on agreement as a self-contained HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sharegpt_argilla.responses.agent_costs import amount
from sharegpt_argilla.responses.agreement_report import number
from sharegpt_argilla.responses.confidence_report import SURE, counted_agents

Report = Mapping[str, Any]


def render_page(report: Report, texts: Mapping[str, tuple[str, str]] | None = None) -> str:
    """The report as HTML: counts behind every share, intervals behind every coefficient; light and dark.

    Args:
        report: see `build_report`.
        texts: row id -> prompt and response, shown with the answers of a disputed record where they are known.
    """
    from sharegpt_argilla.common.html_pages import render_html  # noqa: PLC0415 - Altair takes half a second

    questions = report["questions"]
    alphas = [(name, question["alpha"]) for name, question in questions.items()]
    return render_html(
        "agreement.html.j2",
        report=report,
        texts=texts or {},
        alphas=_intervals("Krippendorff's alpha", alphas),
        charts={name: list(_charts(name, question)) for name, question in questions.items()},
        number=number,
        amount=amount,
        sure=SURE,
        agents=counted_agents(report),
        side_by_side=answers_by_person,
    )


def answers_by_person(answers: Mapping[str, Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """The people who answered a record, and a line for each question: its name, then each person's answer."""
    people = sorted({person for of_question in answers.values() for person in of_question})
    lines = [
        [question, *(_text(of_question.get(person, "–")) for person in people)]
        for question, of_question in answers.items()
    ]
    return people, lines


def _text(answer: Any) -> str:
    return ", ".join(map(str, answer)) if isinstance(answer, list | tuple) else str(answer)


def _charts(name: str, question: Report) -> Iterator[tuple[str, str, Any]]:
    """The charts of one question, each with its heading and its text for those who cannot see it."""
    yield "Answers", f"Answers to {name}", _answers(question)
    if question["labels"]:
        chart = _intervals("alpha of yes and no", question["labels"].items())
        yield "By label", f"Alpha of each label of {name}", chart
    if question["pairs"]:
        pairs = ((" · ".join(pair["annotators"]), pair["kappa"]) for pair in question["pairs"])
        yield "Pairs", f"Kappa of each pair in {name}", _intervals("kappa of the pair", pairs)
        people = ((person["annotator"], person["kappa"]) for person in question["people"])
        chart = _intervals("kappa with the others", people)
        yield "Each against the rest", f"Each against the rest in {name}", chart


def _answers(question: Report) -> Any:
    from sharegpt_argilla.common.charts import bars  # noqa: PLC0415 - Altair takes half a second

    total = question["answers"]
    points = [
        {"answer": answer, "count": count, "label": f"{count:,} ({count / total:.1%})" if total else "0"}
        for answer, count in question["distribution"].items()
    ]
    return bars(points, "answer", "count", "", f"answers, of {total:,}")


def _intervals(unit: str, estimates: Iterable[tuple[str, Report]]) -> Any:
    from sharegpt_argilla.common.charts import intervals  # noqa: PLC0415 - Altair takes half a second

    return intervals([{"name": name, **estimate} for name, estimate in estimates], "name", "", unit)
