"""The page about a data set that a paper or a Hub card needs: who, how many, agreement, confidence, time, limits.

Every number comes from the annotated rows and the report on them; nobody is named.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

from sharegpt_argilla.config import ProjectConfig
from sharegpt_argilla.responses.agreement_report import number
from sharegpt_argilla.responses.confidence_report import counted_agents
from sharegpt_argilla.rows import ANNOTATION, Row, read_extension

TENTATIVE = 0.667
"""Alpha below which Krippendorff (Content Analysis, 2004) lets not even a tentative conclusion be drawn."""

Report = Mapping[str, Any]


class DatasheetSection(NamedTuple):
    """A part of the page.

    Attributes:
        heading: its title.
        paragraphs: plain text.
        table: rows of cells, the first of them the header; empty for none.
    """

    heading: str
    paragraphs: Sequence[str] = ()
    table: Sequence[Sequence[str]] = ()


@dataclass
class DatasheetFacts:
    """What the page needs beyond the report, gathered row by row."""

    guidelines: Counter[str] = field(default_factory=Counter)
    policies: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    adjudicated: int = 0
    ties: int = 0
    completed: int = 0
    gold: int = 0
    first: str = ""
    last: str = ""
    seconds: list[float] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Add one row; without answers it does not count."""
        marked = read_extension(row).get(ANNOTATION) if ANNOTATION in row["元数据"]["扩展字段"] else None
        if not isinstance(marked, dict):
            return
        peers = [response for response in marked["responses"] if not response.get("adjudication")]
        submitted = [response for response in peers if response["status"] == "submitted"]
        self.answers[len({response["annotator"] for response in submitted})] += 1
        self.adjudicated += len(peers) < len(marked["responses"])
        self.completed += marked.get("status") == "completed"
        self.ties += bool(marked.get("tie"))
        self.gold += "gold" in marked
        self.sources[str(row["来源"])] += 1
        for name, counter in (("guidelines", self.guidelines), ("policy", self.policies)):
            value = marked.get(name, "")
            values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
            counter.update({str(item) for item in values})
        for response in submitted:
            at = str(response.get("submitted_at", ""))[:10]
            self.first = min(filter(None, (self.first, at)), default="")
            self.last = max(self.last, at)
            if "active_seconds" in response:
                self.seconds.append(float(response["active_seconds"]))


def datasheet_sections(config: ProjectConfig, report: Report, facts: DatasheetFacts) -> list[DatasheetSection]:
    """The page.

    Args:
        config: the project file.
        report: of `build_report` on the same rows.
        facts: of the same rows.
    """
    return [
        _overview(config, report, facts),
        _questions(config),
        _people(report, facts),
        _agreement(report),
        *_confidence(report),
        _time(report, facts),
        DatasheetSection("Limitations", list(_limitations(report, facts))),
    ]


def _overview(config: ProjectConfig, report: Report, facts: DatasheetFacts) -> DatasheetSection:
    responses = report["responses"]
    sources = ", ".join(f"{name} ({count:,})" for name, count in facts.sources.most_common())
    span = f", between {facts.first} and {facts.last} (UTC)" if facts.first else ""
    policies = ", ".join(f"{name} ({count:,} rows)" for name, count in facts.policies.most_common())
    return DatasheetSection(
        "Data",
        [
            f"{report['annotated']:,} of {report['rows']:,} rows carry answers of {report['annotators']:,} people"
            f"{span}; {facts.completed:,} of them are completed. Sources: {sources or 'none'}.",
            f"Responses: {responses['submitted']:,} submitted, {responses['draft']:,} drafts, "
            f"{responses['discarded']:,} discarded.",
            f"Several answers became one value by: {policies or 'nothing'}. The votes were even on "
            f"{facts.ties:,} rows. Reviewers who saw the others' answers decided {facts.adjudicated:,} rows; "
            f"{facts.gold:,} rows have answers that were known before.",
            f"Guidelines: {config.guidelines}, in {len(facts.guidelines):,} versions (hash, rows): "
            + (", ".join(f"{name} ({count:,})" for name, count in facts.guidelines.most_common()) or "none")
            + ".",
        ],
    )


def _questions(config: ProjectConfig) -> DatasheetSection:
    table = [["question", "type", "what it asks", "answers"]]
    for question in config.questions:
        labels = getattr(question, "labels", None) or getattr(question, "values", None) or ()
        table.append([question.name, question.type, question.title, ", ".join(map(str, labels))])
    return DatasheetSection("Questions", [], table)


def _people(report: Report, facts: DatasheetFacts) -> DatasheetSection:
    overlap = ", ".join(f"{count:,} rows by {people}" for people, count in sorted(facts.answers.items()))
    table = [["person", "responses", "median seconds", "how"]]
    for index, pace in enumerate(sorted(report["pace"], key=lambda one: -one["submitted"]), 1):
        kind = "measured" if pace["measured"]["responses"] else "estimated"
        seconds = pace[kind]["median_seconds"]
        shown = ["-", "-"] if seconds is None else [f"{seconds:g}", kind]
        table.append([f"person {index}", f"{pace['submitted']:,}", *shown])
    return DatasheetSection("People", [f"Submitted answers for each row: {overlap or 'none'}."], table)


def _agreement(report: Report) -> DatasheetSection:
    table = [["question", "Krippendorff's alpha", "metric", "equal answers"]]
    for name, question in report["questions"].items():
        cells = [number(question["alpha"]), question["metric"], number(question["percent_agreement"])]
        table.append([name, *cells])
    note = (
        "In brackets are 95 % intervals, n is the number of rows that two people or more answered. "
        "Reviewers' answers are left out."
    )
    return DatasheetSection("Agreement", [note], table)


def _confidence(report: Report) -> Iterator[DatasheetSection]:
    if not report["confidence"]:
        return
    table = [["question", "rows", "settled", "mean"]]
    for name, section in report["confidence"].items():
        settled = f"{section['settled']:,} ({section['settled'] / section['rows']:.1%})"
        table.append([name, f"{section['rows']:,}", settled, f"{section['mean']:.3f}"])
    note = "How probable the values are, by a model of all answers; settled are those with 0.9 or more."
    agents = [counted_agents(report)] if report["agents"] else []
    yield DatasheetSection("Confidence", [note, *agents], table)


def _time(report: Report, facts: DatasheetFacts) -> DatasheetSection:
    submitted = report["responses"]["submitted"]
    if not facts.seconds:
        return DatasheetSection("Time", [f"No time was measured for the {submitted:,} submitted responses."])
    hours = sum(facts.seconds) / 3600
    return DatasheetSection(
        "Time",
        [
            f"{len(facts.seconds):,} of {submitted:,} submitted responses have a time: {hours:,.1f} hours in all, "
            f"median {median(facts.seconds):,.0f} s."
        ],
    )


def _limitations(report: Report, facts: DatasheetFacts) -> Iterator[str]:
    alone = facts.answers[1]
    if alone:
        share = alone / report["annotated"]
        yield f"{alone:,} rows rest on the answer of one person ({share:.1%} of the annotated)."
    if report["annotated"] < report["rows"]:
        yield f"{report['rows'] - report['annotated']:,} rows have no answer."
    for name, question in report["questions"].items():
        alpha = question["alpha"]
        if alpha["value"] is None:
            yield f"{name}: nobody's agreement can be measured."
        elif alpha["value"] < TENTATIVE:
            yield (
                f"{name}: Krippendorff's alpha is {alpha['value']:.3f}, below {TENTATIVE}, where Krippendorff "
                "lets no conclusion be drawn."
            )
        if alpha["value"] is not None and alpha["low"] is None:
            yield f"{name}: {alpha['items']:,} rows with two answers are too few for an interval of alpha."
    if len(facts.guidelines) > 1:
        count = len(facts.guidelines)
        yield f"The guidelines changed: {count:,} versions were in force at the exports of these rows."
    if not facts.gold:
        yield "No row has an answer that was known before: errors that all people share do not show."
    if report["annotators"] < 3:
        yield f"{report['annotators']:,} people answered; where two differ, neither is known to be right."


def markdown_datasheet(title: str, sections: Sequence[DatasheetSection]) -> str:
    """The page as Markdown."""
    lines = [f"# {_md(title)}"]
    for section in sections:
        lines += ["", f"## {section.heading}"]
        for paragraph in section.paragraphs:
            lines += ["", _md(paragraph)]
        if section.table:
            header, *rows = section.table
            lines += ["", _md_row(header), _md_row(["---"] * len(header)), *map(_md_row, rows)]
    return "\n".join(lines) + "\n"


def _md(text: str) -> str:
    return re.sub(r"([\\`*_<>\[\]|#])", r"\\\1", " ".join(text.split()))


def _md_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell if cell == "---" else _md(cell) for cell in cells) + " |"


def latex_datasheet(title: str, sections: Sequence[DatasheetSection]) -> str:
    r"""The page as LaTeX for ``\input``: sections, paragraphs and tables, no packages needed."""
    lines = [rf"\section{{{_tex(title)}}}"]
    for section in sections:
        lines += ["", rf"\subsection{{{_tex(section.heading)}}}"]
        for paragraph in section.paragraphs:
            lines += ["", _tex(paragraph)]
        if section.table:
            lines += ["", rf"\begin{{tabular}}{{{'l' * len(section.table[0])}}}", r"\hline"]
            for place, cells in enumerate(section.table):
                lines.append(" & ".join(map(_tex, cells)) + r" \\")
                if place == 0:
                    lines.append(r"\hline")
            lines += [r"\hline", r"\end{tabular}"]
    return "\n".join(lines) + "\n"


_TEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def _tex(text: str) -> str:
    return "".join(_TEX.get(character, character) for character in " ".join(text.split()))
