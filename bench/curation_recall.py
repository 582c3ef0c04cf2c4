"""Recall of the checks: faults planted into clean rows, and what is found of them.

Each fault of ``bench/planted_faults.py`` is given to its check alone. ``--kinds`` shows every kind of fault (a
language, a form) in a line of its own, ``--missed`` prints what was not found. Clean rows, and rows that resemble
a fault, are counted too: nothing may be flagged there.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable

from bench.curation_precision import share
from bench.planted_faults import HARMLESS, Planted, clean_rows, planted
from sharegpt_argilla.curation.checks.base import Item, Options
from sharegpt_argilla.curation.checks.table import CHECKS, DEFAULT

OTHERWISE = ("duplicate", "near_duplicate")
"""Found across rows: planted in tests/curation/test_duplicates.py."""


def flags(check: str, row: Item) -> bool:
    """Whether a check flags a row."""
    finding = CHECKS[check].find([row], Options())[0]
    return finding is not None and finding.flagged


def counted(faults: Iterable[Planted]) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """Check and kind -> planted, and found; the kind ``""`` is all kinds of a check."""
    total: Counter[tuple[str, str]] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    for fault in faults:
        hit = flags(fault.check, fault.row)
        for kind in ("", fault.kind):
            total[fault.check, kind] += 1
            found[fault.check, kind] += hit
    return total, found


def table(*, kinds: bool = False) -> list[str]:
    """Markdown: check, planted, found, recall with its bounds."""
    total, found = counted(planted())
    lines = ["| check | found | recall | 95 % | least found |", "|---|---|---|---|---|"]
    for check in DEFAULT:
        of_check = [key for key in total if key[0] == check]
        for key in of_check if kinds else of_check[:1]:
            name = f"`{check}`" if not key[1] else f"`{check}`, {key[1]}"
            recall, _, rest = share(found[key], total[key]).partition(" (")
            bounds, _, _ = rest.rpartition(", ")
            least = weakest(check, total, found) if not key[1] else ""
            lines.append(f"| {name} | {found[key]} of {total[key]} | {recall} | {bounds} | {least} |")
    return lines


def weakest(check: str, total: Counter[tuple[str, str]], found: Counter[tuple[str, str]]) -> str:
    """The kinds of which fewer than nine in ten are found, the worst first, at most four."""
    kinds = [(found[key] / total[key], key) for key in total if key[0] == check and key[1]]
    poor = sorted((recall, key[1], key) for recall, key in kinds if recall < 0.9)
    return ", ".join(f"{kind} {found[key]} of {total[key]}" for _, kind, key in poor[:4])


def false_alarms() -> list[tuple[str, Item]]:
    """Clean and harmless rows that a check flags."""
    clean = [(check, row) for check in DEFAULT if check not in OTHERWISE for row in clean_rows()]
    harmless = [(check, Item(*texts)) for check, rows in HARMLESS.items() for texts in rows]
    return [(check, row) for check, row in clean + harmless if flags(check, row)]


def main() -> None:
    """Print the table, and how many clean and harmless rows are flagged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", action="store_true", help="each kind of fault in a line of its own")
    parser.add_argument("--missed", action="store_true", help="print what was not found")
    options = parser.parse_args()
    sys.stdout.write("\n".join(table(kinds=options.kinds)) + "\n")
    rows = len(clean_rows()) + sum(map(len, HARMLESS.values()))
    print(f"\nflagged of {rows} rows without a fault: {len(false_alarms())}")
    if options.missed:
        for fault in planted():
            if not flags(fault.check, fault.row):
                print(f"{fault.check}, {fault.kind}: {fault.row.prompt!r} -> {fault.row.answer!r}"[:200])


if __name__ == "__main__":
    main()
