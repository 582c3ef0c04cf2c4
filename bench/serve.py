"""Benchmark of the embedded Argilla: loading, annotating, searching, memory; every figure as a ratio of one run.

Run it from the repository's root: ``python -m bench.serve``. Everything stays on 127.0.0.1 and in temporary
folders. The exit status is 1 when a target is missed. ``--full`` takes the sizes that the targets are meant for.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from bench import serve_full_stack, serve_reference
from bench.serve_measures import Crowd, PeakMemory, Sizes, annotate_in_turn, hire, load, search_in_turn
from bench.serve_report import Report, tell
from bench.serve_stack import Server, make_dataset, served
from tests.reference.full_stack import missing
from tests.reference.node import require_java

if TYPE_CHECKING:
    from collections.abc import Sequence

    import argilla as rg

SMALL = 1_000
"""Records of the dataset that annotating and searching are compared with."""

LOADING_TARGET = 7.0
GROWTH_TARGET = 0.8
ANNOTATING_TARGET = 0.7
SEARCH_TARGET = 3.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all of it; returns 1 when a target was missed."""
    options = _parse(arguments)
    sizes = Sizes(options.records, options.plain, options.people, options.answers, options.searches)
    report = Report()
    if options.reference:
        require_java()
    if options.full_stack and (tools := missing()):
        raise SystemExit(f"{', '.join(tools)} not found; see the head of tests/reference/full_stack.py")
    try:
        _measure(sizes, options, report)
    finally:  # what is known is worth having from a run that broke
        if options.json:
            print(json.dumps(report.figures))
    tell(f"{len(report.figures)} figures, {len(report.missed)} targets missed")
    return 1 if report.missed else 0


def _measure(sizes: Sizes, options: argparse.Namespace, report: Report) -> None:
    with served() as server:
        report.note("memory at rest", server.memory(), "MB")
        with served(speedups=False) as plain:
            rate = _load_with_and_without(server, plain, sizes, report)
        with served() as other:
            large = _grow(server, other, sizes, rate, report)
        if options.reference:
            serve_reference.compare(large, sizes, report)
        if options.full_stack:
            serve_full_stack.compare(large, sizes, report)


def _load(server: Server, dataset: rg.Dataset, records: int, begin: int = 0) -> tuple[float, float]:
    """Records a second, and the server's processor time in milliseconds a record, which other programs on the
    machine change little."""
    before = server.processor_seconds()
    rate = load(dataset, records, begin)
    return rate, (server.processor_seconds() - before) * 1000 / records


def _load_with_and_without(server: Server, plain: Server, sizes: Sizes, report: Report) -> float:
    """Half of the plain load comes before and half after, so that a machine that is busy is so for both."""
    dataset, half = make_dataset(plain, "plain"), sizes.plain // 2
    first, _ = _load(plain, dataset, half)
    rate, time = _load(server, make_dataset(server, "middle"), sizes.records)
    second, plain_time = _load(plain, dataset, half, begin=half)
    plain_rate = 2 / (1 / first + 1 / second)
    report.note("loading without speed-ups", plain_rate, "records/s")
    report.note("loading without speed-ups, processor time", plain_time, "ms a record")
    report.note(f"loading {sizes.records} records", rate, "records/s")
    report.note(f"loading {sizes.records} records, processor time", time, "ms a record")
    report.check("loading: with speed-ups / without", rate / plain_rate, at_least=LOADING_TARGET)
    return rate


def _grow(server: Server, other: Server, sizes: Sizes, rate: float, report: Report) -> Crowd:
    """The large dataset on ``server`` and a small one on ``other``, measured in turn; the first is returned."""
    small, large = make_dataset(other, "small"), make_dataset(server, "large")
    load(small, SMALL)
    with PeakMemory(server) as memory:
        large_rate, time = _load(server, large, sizes.large)
        report.note(f"loading {sizes.large} records", large_rate, "records/s")
        report.note(f"loading {sizes.large} records, processor time", time, "ms a record")
        report.check("loading: ten times the records / once", large_rate / rate, at_least=GROWTH_TARGET)
        crowds = (
            Crowd(other, str(small.id), hire(other, sizes.people)),
            Crowd(server, str(large.id), hire(server, sizes.people)),
        )
        _compare_annotating(crowds, sizes, report)
        _compare_searches(crowds, sizes, report)
    report.note("memory under load, at its peak", memory.megabytes, "MB")
    return crowds[1]


def _compare_annotating(crowds: tuple[Crowd, Crowd], sizes: Sizes, report: Report) -> None:
    small, large = annotate_in_turn(crowds, sizes.answers)
    for name, run in (("small", small), ("large", large)):
        report.note(f"annotating, {name} dataset", run.rate, "answers/s")
        report.note(f"annotating, {name} dataset, p95", run.p95, "ms")
    report.check("annotating: rate, large / small", large.rate / small.rate, at_least=ANNOTATING_TARGET)
    report.check("annotating: p95, small / large", small.p95 / large.p95, at_least=ANNOTATING_TARGET)
    report.check("annotating: errors", len(small.errors) + len(large.errors), at_most=0.0)
    for error in {*small.errors, *large.errors}:
        print(f"  {error}", file=sys.stderr)


def _compare_searches(crowds: tuple[Crowd, Crowd], sizes: Sizes, report: Report) -> None:
    for kind, (small, large) in search_in_turn(crowds, sizes.searches).items():
        report.note(f"{kind}, large dataset, p95", large.p95, "ms")
        report.check(f"{kind}: p95, large / small", large.p95 / small.p95, at_most=SEARCH_TARGET)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=2_000, help="records to load; ten times as many as well")
    parser.add_argument("--plain", type=int, default=1_000, help="records to load without speed-ups")
    parser.add_argument("--people", type=int, default=20, help="annotators at the same time")
    parser.add_argument("--answers", type=int, default=10, help="answers of each annotator")
    parser.add_argument("--searches", type=int, default=40, help="searches of each kind")
    parser.add_argument(
        "--full",
        action="store_true",
        help="10,000 and 100,000 records; takes about a quarter of an hour, with --reference half an hour",
    )
    parser.add_argument(
        "--reference", action="store_true", help="compare with argilla-server on a real OpenSearch too"
    )
    parser.add_argument(
        "--full-stack",
        action="store_true",
        help="compare with a full Argilla too, with the plug-in and as it comes",
    )
    parser.add_argument("--json", action="store_true", help="the figures as JSON as well, on the last line")
    options = parser.parse_args(arguments)
    if options.full:
        # Without speed-ups a record takes as long however many there are, and 10,000 take ten minutes.
        options.records, options.plain = 10_000, 2_000
    return options


if __name__ == "__main__":
    sys.exit(main())
