"""The same measures on a full Argilla (PostgreSQL, OpenSearch, Redis, two server processes), with the plug-in and
as it comes, beside the embedded one. What is needed is at the head of tests/reference/full_stack.py.

``python -m bench.serve_full_stack`` does nothing but load 10,000 and 100,000 records with the plug-in.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import psutil

from bench.serve_measures import Crowd, annotate_in_turn, hire, load, search_in_turn
from bench.serve_report import Report, tell
from bench.serve_stack import Server, make_dataset
from tests.reference.full_stack import PLAIN, FullStack, full_stack

if TYPE_CHECKING:
    import argilla as rg

    from bench.serve_measures import Sizes

SMALL = 1_000
"""Records that a full Argilla as it comes is compared on; it loads some sixty a second."""
GROWTH_TARGET = 0.8
LEVEL = 0.9
"""Two measures of one thing differ by a tenth on a machine that has other work."""


def compare(embedded: Crowd, sizes: Sizes, report: Report) -> None:
    """Load, annotate and search: a small dataset on both full stacks, a large one beside the embedded one's."""
    tell("starting two full stacks")
    with full_stack() as stack, full_stack(PLAIN) as other:
        with_plugin, plain = _server(stack), _server(other)
        small, theirs = make_dataset(with_plugin, "small"), make_dataset(plain, "small")
        rate, plain_rate = load(small, SMALL), load(theirs, SMALL)
        report.note("full stack as it comes: loading", plain_rate, "records/s")
        report.check("loading: full stack with the plug-in / without", rate / plain_rate, at_least=1.0)
        large = _load_ten_times(with_plugin, sizes.records, report)
        pairs = {
            "full stack / as it comes": (_crowd(plain, theirs, sizes), _crowd(with_plugin, small, sizes)),
            "full stack / embedded": (embedded, _crowd(with_plugin, large, sizes)),
        }
        for name, (known, ours) in pairs.items():
            _measure(name, known, ours, sizes, report, judged=known is not embedded)


def _load_ten_times(with_plugin: Server, records: int, report: Report) -> rg.Dataset:
    """Load so many records, and ten times as many; the larger dataset."""
    once = load(make_dataset(with_plugin, "middle"), records)
    report.note(f"full stack: loading {records} records", once, "records/s")
    large = make_dataset(with_plugin, "large")
    ten_times = load(large, 10 * records)
    report.note(f"full stack: loading {10 * records} records", ten_times, "records/s")
    report.check("full stack: ten times the records / once", ten_times / once, at_least=GROWTH_TARGET)
    return large


def _measure(name: str, known: Crowd, ours: Crowd, sizes: Sizes, report: Report, judged: bool) -> None:
    theirs, own = annotate_in_turn((known, ours), sizes.answers)
    report.check(f"{name}: errors", len(theirs.errors) + len(own.errors), at_most=0.0)
    ratios = {f"{name}: annotating, rate": own.rate / theirs.rate}
    report.note(f"{name}: annotating", own.rate, "answers/s")
    for kind, (their, mine) in search_in_turn((known, ours), sizes.searches).items():
        report.note(f"{name}: {kind}, p95", mine.p95, "ms")
        ratios[f"{name}: {kind}, p95, other / this"] = their.p95 / mine.p95
    for what, ratio in ratios.items():
        if judged:
            report.check(what, ratio, at_least=LEVEL)
        else:
            report.note(what, ratio, "times")


def _server(stack: FullStack) -> Server:
    # Of a full stack only what it answers is measured, not the memory and time of its processes.
    return Server(stack.api_url, stack.api_key, psutil.Process())


def _crowd(server: Server, dataset: rg.Dataset, sizes: Sizes) -> Crowd:
    return Crowd(server, str(dataset.id), hire(server, sizes.people))


def main() -> int:
    """Load with the plug-in; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000, help="to load; ten times as many as well")
    records, report = parser.parse_args().records, Report()
    with full_stack() as stack:
        _load_ten_times(_server(stack), records, report)
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
