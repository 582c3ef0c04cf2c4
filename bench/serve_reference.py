"""The same measures on argilla-server with a real Elasticsearch (tests/reference), beside ours."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

from bench.serve_measures import Crowd, PeakMemory, load, search_in_turn
from bench.serve_stack import Node, make_dataset, served
from tests.reference.node import reference_node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.serve_report import Report

PLAIN = 1_000
"""Records that are loaded as argilla-server comes; all others with our speed-ups, or it would take an hour."""

LEVEL = 0.9
"""Two measures of one thing differ by a tenth on a machine that has other work."""


def require_java() -> None:
    """End the program with one line where the node cannot be started."""
    missing = [tool for tool in ("java", "mvn") if shutil.which(tool) is None]
    if missing:
        sys.exit(f"--reference: {' and '.join(missing)} not found; it needs Java 17 or newer and Maven 3")


@contextmanager
def _node() -> Iterator[Node]:
    with reference_node() as address:
        java = next(each for each in psutil.Process().children() if each.name() == "java")
        yield Node(address, java)


def compare(ours: Crowd, records: int, searches: int, report: Report) -> None:
    """Load as many records as ours has, search both in turn, and weigh both.

    Annotating is left out: an answer reaches Elasticsearch as a script in its language Painless, whose module was
    not published as an artefact.
    """
    with _node() as node:
        with served(speedups=False, node=node) as plain:
            report.note("reference: memory at rest", plain.memory(), "MB")
            report.note("reference: loading", load(make_dataset(plain, "plain"), PLAIN), "records/s")
        with served(node=node) as server, PeakMemory(server) as memory:
            dataset = make_dataset(server, "large")
            report.note("reference: loading, with speed-ups", load(dataset, records), "records/s")
            theirs = Crowd(server, str(dataset.id), [])
            _search(ours, theirs, searches, report)
        report.note("reference: memory under load, at its peak", memory.megabytes, "MB")
    _compare_figures(records, report)


def _search(ours: Crowd, theirs: Crowd, searches: int, report: Report) -> None:
    for kind, (own, their) in search_in_turn((ours, theirs), searches).items():
        report.note(f"reference: {kind}, p95", their.p95, "ms")
        report.check(f"{kind}: p95, reference / ours", their.p95 / own.p95, at_least=LEVEL)


def _compare_figures(records: int, report: Report) -> None:
    figures = report.figures
    own = figures[f"loading {records} records"]
    report.check("loading: ours / reference", own / figures["reference: loading"], at_least=1.0)
    with_speedups = figures["reference: loading, with speed-ups"]
    report.note("loading: ours / reference with our speed-ups", own / with_speedups, "times")
    for name in ("memory at rest", "memory under load, at its peak"):
        report.check(f"{name}: reference / ours", figures[f"reference: {name}"] / figures[name], at_least=1.0)
