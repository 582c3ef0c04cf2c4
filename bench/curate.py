"""``curate`` over rows of made-up words: what each check costs, and whether time and memory grow with the rows.

- yardstick: ``json.loads`` and ``json.dumps`` of each row and of its extension, twice over: what any program that
  writes something into rows does, and what ``curate`` does to a row that it only reads.
- checks: each alone over the same rows, rows a second of CPU time.
- size: all default checks over 10 times the rows, in a process of its own, with its peak memory; once with the two
  checks for duplicates and once without.

``--rows-file`` measures on rows of your own, repeated with other sessions until there are enough.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sharegpt_argilla.curation.checks.base import Item, Options
from sharegpt_argilla.curation.checks.duplicate_checks import fingerprint
from sharegpt_argilla.curation.checks.table import CHECKS, DEFAULT
from sharegpt_argilla.curation.chunks import Settings, curate_chunk
from sharegpt_argilla.curation.language_identifier import identifier
from sharegpt_argilla.rows import SESSION, Pair, build_row, dump_row, read_extension, row_id, with_extension
from sharegpt_argilla.workflows.curate import curate

DUPLICATES = ("duplicate", "near_duplicate")
TIMES = 10
WORDS = re.findall(
    r"\w+",
    "the a of and to in is that it for on with as model row table query value file function returns list word "
    "question how what why could would each every between under over first last next good better plain kettle "
    "garden river music letter number window morning quiet paper market bridge colour summer engine village",
)


def fingerprints(items: Iterable[Item], near: bool) -> list[Any]:
    """What duplicates of the prompts are found by."""
    return [fingerprint(item.prompt, near=near) for item in items]


def invented(count: int, words: int = 120) -> Iterator[str]:
    """Rows of made-up words: conversations of three pairs, answers of ``words``, no two prompts alike."""
    chance = random.Random(1)
    for number in range(count):
        texts = [" ".join(chance.choices(WORDS, k=size)).capitalize() + "." for size in (25, words)]
        pair = Pair(texts[0], texts[1], f"c{number // 3}", number % 3 + 1, "vicuna", "ShareGPT", "human", "gpt")
        yield dump_row(build_row(pair, "20230511 15:56:03"))


def repeated(path: Path, count: int) -> Iterator[str]:
    """The rows of a file again and again, each time in other conversations."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(islice(cycle(lines), count)):
        row = json.loads(line)
        extension = read_extension(row)
        row = with_extension(row, {**extension, SESSION: f"{number // len(lines)}-{extension[SESSION]}"})
        yield dump_row({**row, "id": row_id(row)})


def yardstick(lines: list[str]) -> None:
    """Read and write each row and its extension, twice."""
    for line in lines:
        row = json.loads(line)
        for _ in range(2):
            row["元数据"]["扩展字段"] = json.dumps(json.loads(row["元数据"]["扩展字段"]), ensure_ascii=False)
            row = json.loads(json.dumps(row, ensure_ascii=False))


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def items_of(lines: list[str], identify: Callable[[str], str]) -> list[Item]:
    """The rows as checks see them."""
    items = []
    for line in lines:
        row = json.loads(line)
        extension = read_extension(row)
        texts = row["问"], row["答"]
        items.append(Item(*texts, extension["多轮序号"], extension, *map(identify, texts)))
    return items


def each_check(lines: list[str]) -> None:
    """Print what every check costs by itself."""
    base = seconds(lambda: yardstick(lines))
    print(f"{len(lines):,} rows\n{'':<22}{'rows/s':>10}{'yardsticks':>12}")

    def tell(name: str, spent: float) -> None:
        print(f"{name:<22}{len(lines) / max(spent, 1e-9):>10,.0f}{spent / base:>12.2f}")

    tell("yardstick", base)
    tell("all of curate", seconds(lambda: curate_chunk(lines, Settings(DEFAULT))))
    identify = identifier("py3langid")
    identify("The model is loaded at the first text that is long enough.")
    items = items_of(lines, lambda _text: "en")
    tell("language of both", seconds(lambda: [identify(text) for item in items for text in item.texts]))
    for name in DEFAULT:
        if name not in DUPLICATES:
            tell(name, seconds(partial(CHECKS[name].find, items, Options())))
    for name in DUPLICATES:
        tell(name, seconds(partial(fingerprints, items, near=name != "duplicate")))


def whole_run(path: Path, skip: tuple[str, ...]) -> None:
    """One run, in this process; prints seconds of CPU and peak memory."""
    spent = seconds(lambda: curate(path, path.with_suffix(".curated"), skip=skip))
    # Not ru_maxrss, which a child has from its parent.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"seconds": spent, "peak": peak / 1024}))


def sizes(folder: Path, count: int, lines: Callable[[int], Iterator[str]]) -> None:
    """Print time and memory of two sizes, with and without the checks that remember prompts."""
    print(f"\n{'':<22}{'rows':>10}{'rows/s':>10}{'peak MB':>10}{'time per row':>14}")
    for name, skip in (("streaming checks", DUPLICATES), ("with duplicates", ())):
        first = None
        for size in (count, TIMES * count):
            path = folder / f"rows{size}.jsonl"
            if not path.exists():
                with path.open("w", encoding="utf-8") as file:
                    file.writelines(f"{line}\n" for line in lines(size))
            command = [sys.executable, "-m", "bench.curate", "--run", str(path), "--skip", *skip]
            found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            each = found["seconds"] / size
            first = first or each
            print(f"{name:<22}{size:>10,}{1 / each:>10,.0f}{found['peak']:>10,.0f}{each / first:>13.2f}x")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="(default: 20,000)")
    parser.add_argument("--rows-file", type=Path, help="rows to measure on, instead of made-up ones")
    parser.add_argument("--words", type=int, default=120, help="of an answer (default: 120)")
    parser.add_argument("--no-sizes", action="store_true", help="only the checks, one by one")
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--skip", nargs="*", default=[], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        whole_run(options.run, tuple(options.skip))
        return

    def lines(count: int) -> Iterator[str]:
        return repeated(options.rows_file, count) if options.rows_file else invented(count, options.words)

    each_check(list(lines(options.rows)))
    if not options.no_sizes:
        with TemporaryDirectory() as folder:
            sizes(Path(folder), options.rows, lines)


if __name__ == "__main__":
    main()
