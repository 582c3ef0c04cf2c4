"""The tables of checks and precision in docs/curation.md, and what they are measured with.

Without arguments: the three tables, from what is kept for each check (``curation/data``).

``--read N ROWS…`` draws N hits of each check (``--check`` for some) from rows files, to be read by a person: by a
hash of the texts, so the same ones on every run, and a smaller N is part of a larger one. The rows of a corpus are
made by ``sharegpt-argilla extract``; the corpora that are named in the tables are public.

``--labels FILE…`` counts the check ``refusal`` on answers that others have labelled: CSV files with the columns
``prompt``, ``completion`` and ``final_label`` (``1_full_compliance``, ``2_full_refusal``, ``3_partial_refusal``),
which are those of XSTest (https://github.com/paul-rottger/exaggerated-safety, ``model_completions``).
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sharegpt_argilla.common.jsonl import read_rows
from sharegpt_argilla.common.wilson import wilson
from sharegpt_argilla.curation.check_data import check_data
from sharegpt_argilla.curation.checks.base import Finding, Item, Options
from sharegpt_argilla.curation.checks.table import CHECKS, DEFAULT, can_fix
from sharegpt_argilla.curation.language_identifier import identifier
from sharegpt_argilla.curation.precision import may_drop, measured_precision, unseen_precision
from sharegpt_argilla.rows import read_extension

SHOWN = 300
"""Characters of each text that are printed for reading."""
REFUSALS = ("2_full_refusal", "3_partial_refusal")


def checks_table() -> list[str]:
    """What each check finds and whether it may drop rows."""
    lines = ["| check | finds | severity | `--fix` | may drop |", "|---|---|---|---|---|"]
    for name, check in CHECKS.items():
        unseen = unseen_precision(name)
        verdict = may_drop(measured_precision(name), unseen)
        shown = f"unknown (n={unseen.read if unseen else 0})" if verdict == "unknown" else verdict
        fix = "" if not can_fix(check) else "redacts" if check.private else "fixes"
        lines.append(f"| `{name}` | {check.message} | {check.severity} | {fix} | {shown} |")
    return lines


def unseen_table() -> list[str]:
    """Precision on corpora that no check was made from."""
    lines = ["| check | true hits, unseen | precision | at least | what was read |", "|---|---|---|---|---|"]
    for name in CHECKS:
        if (unseen := unseen_precision(name)) is not None:
            counts = f"{unseen.true} of {unseen.read}, unseen | {unseen.value:.2f} | {unseen.low:.2f}"
            lines.append(f"| `{name}` | {counts} | {check_data(name)['unseen']} |")
    return lines


def seen_table() -> list[str]:
    """Precision on the data that the checks were made from."""
    lines = ["| check | true hits | precision | what was read |", "|---|---|---|---|"]
    for name in CHECKS:
        if (seen := measured_precision(name)) is not None:
            lines.append(
                f"| `{name}` | {seen.true} of {seen.read} | {seen.value:.2f} | {check_data(name)['read']} |"
            )
    return lines


def items(paths: Iterable[Path]) -> Iterator[Item]:
    """The rows of files as checks see them."""
    identify = identifier("py3langid")
    for path in paths:
        for line in read_rows(path):
            if line.row:
                texts = str(line.row["问"]), str(line.row["答"])
                extension = read_extension(line.row)
                yield Item(*texts, int(extension["多轮序号"]), extension, *map(identify, texts))


def drawn(check: str, rows: Sequence[Item], count: int) -> tuple[int, list[tuple[Item, Finding]]]:
    """How many rows the check flags, and ``count`` of them with what it says."""
    findings = zip(rows, CHECKS[check].find(rows, Options()), strict=True)
    hits = [(row, finding) for row, finding in findings if finding and finding.flagged]
    hits.sort(key=lambda hit: hashlib.blake2b("\0".join(hit[0].texts).encode(), digest_size=8).digest())
    return len(hits), hits[:count]


def print_hits(checks: Sequence[str], paths: Sequence[Path], count: int) -> None:
    """Print the hits to be read."""
    rows = list(items(paths))
    for check in checks:
        total, hits = drawn(check, rows, count)
        print(f"\n## {check}: {total:,} of {len(rows):,} rows")
        for number, (row, finding) in enumerate(hits, 1):
            texts = (" ".join(text[:SHOWN].split()) for text in row.texts)
            print(f"{number}. {finding.excerpt}\n   prompt: {next(texts)}\n   answer: {next(texts)}")


def judged_refusals(paths: Iterable[Path]) -> str:
    """Precision and recall of ``refusal`` on labelled answers."""
    identify = identifier("py3langid")
    rows, labels = [], []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                texts = row["prompt"], row["completion"]
                rows.append(Item(*texts, 1, {}, *map(identify, texts)))
                labels.append(row["final_label"])
    findings = CHECKS["refusal"].find(rows, Options())
    counts = Counter((label, finding is not None) for label, finding in zip(labels, findings, strict=True))
    right = sum(counts[label, True] for label in REFUSALS)
    flagged = sum(count for (_, found), count in counts.items() if found)
    full = counts[REFUSALS[0], True], counts[REFUSALS[0], True] + counts[REFUSALS[0], False]
    return f"precision {share(right, flagged)}, recall of full refusals {share(*full)}"


def share(count: int, total: int) -> str:
    """A share with its 95 % Wilson bounds."""
    if not total:
        return "unknown (n=0)"
    low, high = wilson(count / total, total)
    return f"{count / total:.2f} ({low:.2f} to {high:.2f}, {count:,} of {total:,})"


def main() -> None:
    """Print the tables, hits to read, or the count on labelled answers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", type=Path, metavar="ROWS", help="rows files to draw hits from")
    parser.add_argument("--read", type=int, default=20, metavar="N", help="hits of each check (%(default)s)")
    parser.add_argument("--check", nargs="+", choices=DEFAULT, default=DEFAULT, metavar="CHECK")
    parser.add_argument("--labels", nargs="+", type=Path, metavar="FILE", help="CSV files of labelled answers")
    options = parser.parse_args()
    if options.labels:
        print(judged_refusals(options.labels))
    elif options.rows:
        print_hits(options.check, options.rows, options.read)
    else:
        tables = checks_table(), unseen_table(), seen_table()
        sys.stdout.write("\n\n".join("\n".join(table) for table in tables) + "\n")


if __name__ == "__main__":
    main()
