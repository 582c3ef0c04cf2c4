"""The same measures on argilla-server with a real OpenSearch (tests/reference), and on ours."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

from bench.serve_measures import Crowd, PeakMemory, Sizes, annotate_in_turn, hire, load, search_in_turn
from bench.serve_report import tell
from bench.serve_stack import Node, make_dataset, served
from tests.reference.node import reference_node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.serve_report import Report

PLAIN = 1_000
"""Records that are loaded as argilla-server comes; all others with our speed-ups, or it would take hours."""

LEVEL = 0.9
"""Two measures of one thing differ by a tenth on a machine that has other work."""


@contextmanager
def _node() -> Iterator[Node]:
    tell("starting OpenSearch")
    with reference_node("opensearch") as address:
        java = next(each for each in psutil.Process().children() if each.name() == "java")
        yield Node(address, java)


def compare(ours: Crowd, sizes: Sizes, report: Report) -> None:
    """Load as many records as ours has, annotate and search both in turn, and weigh both."""
    with _node() as node:
        with served(speedups=False, node=node) as plain:
            report.note("reference: memory at rest", plain.memory(), "MB")
            rate = load(make_dataset(plain, "plain"), min(PLAIN, sizes.large))
            report.note("reference: loading", rate, "records/s")
        _compare_with("memory at rest", report)
        own = report.figures[f"loading {sizes.large} records"]
        report.check("loading: ours / reference", own / rate, at_least=1.0)
        with served(node=node) as server, PeakMemory(server) as memory:
            dataset = make_dataset(server, "large")
            rate = load(dataset, sizes.large)
            report.note("reference: loading, with speed-ups", rate, "records/s")
            report.note("loading: ours / reference with speed-ups", own / rate, "times")
            theirs = Crowd(server, str(dataset.id), hire(server, sizes.people))
            _annotate((ours, theirs), sizes.answers, report)
            _search((ours, theirs), sizes.searches, report)
        report.note("reference: memory under load, at its peak", memory.megabytes, "MB")
        _compare_with("memory under load, at its peak", report)


def _annotate(crowds: tuple[Crowd, Crowd], answers: int, report: Report) -> None:
    own, their = annotate_in_turn(crowds, answers)
    for name, run in (("ours", own), ("reference", their)):
        report.note(f"{name}: annotating", run.rate, "answers/s")
        report.note(f"{name}: annotating, p95", run.p95, "ms")
    report.note("reference: annotating: errors", len(their.errors), "answers")
    report.check("ours: annotating: errors", len(own.errors), at_most=0.0)
    report.check("annotating: rate, ours / reference", own.rate / their.rate, at_least=LEVEL)
    report.check("annotating: p95, reference / ours", their.p95 / own.p95, at_least=LEVEL)
    for error in sorted({*own.errors, *their.errors})[:5]:
        tell(error[:300])


def _search(crowds: tuple[Crowd, Crowd], searches: int, report: Report) -> None:
    for kind, (own, their) in search_in_turn(crowds, searches).items():
        report.note(f"reference: {kind}, p95", their.p95, "ms")
        report.note(f"ours: {kind}, p95", own.p95, "ms")
        report.check(f"{kind}: p95, reference / ours", their.p95 / own.p95, at_least=LEVEL)


def _compare_with(name: str, report: Report) -> None:
    ratio = report.figures[f"reference: {name}"] / report.figures[name]
    report.check(f"{name}: reference / ours", ratio, at_least=1.0)
