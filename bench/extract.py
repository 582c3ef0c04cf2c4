"""``extract`` against a yardstick, a floor and itself at another size, in one run.

- yardstick: what one writes first. ``json.JSONDecoder.raw_decode`` over the file, rows as dicts, md5 of the sorted
  JSON of each, a line for each.
- floor: everything is in memory. ``orjson.loads`` of each conversation; for each row ``orjson.dumps`` of its
  content with sorted keys, md5 of that, and ``orjson.dumps`` of the row. No file, no pairing, no checks.

Each measurement is a process of its own, so that its peak memory is its own. The best of several rounds counts.
It exits with 1 when a limit is missed: one worker at least 3 times as fast as the yardstick by CPU time, two
workers 5 times by the clock (not asked of a machine that was busy before), one worker at least 0.7 of the speed of
the floor by CPU time, peak memory under 250 MB, and a cost for each byte that differs by less than a quarter from
size to size. The corpus is made-up text in the shape of MNBVC's vicuna sample; ``--split`` takes the shape of
ShareGPT V3 instead, where a third of the conversations is a piece that begins with an answer.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from sharegpt_argilla.workflows.extract import extract

MEGABYTE = 10**6
MOST_MEMORY = 250
"""Megabytes."""
TIME = "20230511 15:56:03"
WORDS = re.findall(
    r"\S+",
    "the a of and to in is that it for on with as model row table query value file function returns list word "
    "question how what why could would each every between under over first last next good better plain "
    "kettle garden river music letter number window morning",
)
OTHER_WORDS = [*WORDS, "naïve", "café", "–", "“quoted”", "可以", "这个", "问题", "答案"]
CODE = """
```python
def area(width: float, height: float) -> float:
	"Area, in the unit of both, squared."
	return width * height
```
"""


# The corpus


@dataclass(frozen=True)
class Shape:
    """What conversations look like.

    Attributes:
        pairs: in a conversation; each as likely as the others.
        asked, answered: words of a question and of an answer, in the same way.
        ascii: share of the texts that are plain ASCII.
        pieces: share of the conversations that are a piece of one and begin with an answer.
    """

    pairs: tuple[int, ...]
    asked: tuple[int, ...]
    answered: tuple[int, ...]
    ascii: float
    pieces: float = 0.0


VICUNA = Shape((1, 1, 5, 1, 3, 11, 122, 5, 81, 5, 1), (5, 12, 25, 60, 360), (25, 120, 160, 260), 0.62)
"""MNBVC's sample of 29 June 2023: 11 conversations, 236 pairs of 1.4 kB."""
SPLIT = Shape((1, 2, 3, 4, 4, 8), (8, 20, 90), (90, 250, 450), 0.9, 1 / 3)
"""ShareGPT V3, from 1,011 of its records: 3.75 pairs of 1.9 kB in each."""


def build(path: Path, size: int, sample: str | None, shape: Shape = VICUNA) -> None:
    """A pretty-printed array of conversations in the vicuna layout, of about ``size`` bytes."""
    records = json.loads(Path(sample).read_bytes()) if sample else list(invented(random.Random(1), 600, shape))
    texts = [json.dumps(record, ensure_ascii=False, indent=2).replace("\n", "\n  ") for record in records]
    written = copy = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        while written < size:
            for number, text in enumerate(texts):
                # Another id in each copy, of the same length; what follows an underscore is the offset of a piece.
                name = records[number]["id"]
                own = json.dumps(f"{copy:03}{number:04}{name[7:]}")
                written += file.write(f"{',' if written else ''}\n  {text.replace(json.dumps(name), own, 1)}")
                if written >= size:
                    break
            copy += 1
        file.write("\n]\n")


def invented(chance: random.Random, count: int, shape: Shape) -> Iterator[dict[str, Any]]:
    """Conversations of made-up words."""
    for number in range(count):
        turns = []
        for _ in range(chance.choice(shape.pairs)):
            for name, lengths in (("human", shape.asked), ("gpt", shape.answered)):
                words = WORDS if chance.random() < shape.ascii else OTHER_WORDS
                turns.append({"from": name, "value": speech(chance, words, chance.choice(lengths))})
        piece = chance.random() < shape.pieces
        yield {
            "id": f"{number:07}_{4 * (number % 5) + 1}" if piece else f"{number:07}",
            "conversations": turns[piece:],
        }


def speech(chance: random.Random, words: list[str], count: int) -> str:
    """Sentences in paragraphs, sometimes with code."""
    said = chance.choices(words, k=count)
    said[::12] = [f"{word.capitalize()}." for word in said[::12]]
    said[::45] = [f"{word}\n\n" for word in said[::45]]
    return " ".join(said) + (CODE if chance.random() < 0.2 else "")


# What is measured


def ours(path: Path, workers: int) -> int:
    """Rows that ``extract`` wrote."""
    return extract([path], "vicuna", path.with_suffix(f".{workers}"), create_time=TIME, workers=workers).rows


def yardstick(path: Path) -> int:
    """Rows that the yardstick wrote."""
    count = 0
    with path.with_suffix(".yardstick").open("w", encoding="utf-8") as file:
        for record in decoded(path):
            for row in rows_of(record):
                canonical = json.dumps(content_of(row), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
                row["id"] = hashlib.md5(canonical.encode("utf-8")).hexdigest()
                file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
                count += 1
    return count


def decoded(path: Path) -> Iterator[dict[str, Any]]:
    """The conversations, read the plain way."""
    scan, text = json.JSONDecoder().raw_decode, ""
    with path.open(encoding="utf-8") as file:
        while chunk := file.read(MEGABYTE):
            text, at = text + chunk, 0
            while (start := text.find("{", at)) >= 0:
                try:
                    record, at = scan(text, start)
                except json.JSONDecodeError:
                    break
                yield record
            text = text[at:]


def rows_of(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of a conversation, each question with the first answer to it."""
    question, turn = None, 0
    for said in record["conversations"]:
        if said["from"] == "human":
            question, turn = said["value"], turn + 1
        elif question is not None:
            extension = {"会话": record["id"], "多轮序号": turn, "解析模型": "vicuna"}
            yield {
                "id": "",
                "问": question,
                "答": said["value"],
                "来源": "ShareGPT",
                "元数据": {
                    "create_time": TIME,
                    "问题明细": '"from": "human"',
                    "回答明细": '"from": "gpt"',
                    "扩展字段": json.dumps(extension, ensure_ascii=False),
                },
            }
            question = None


def content_of(row: dict[str, Any]) -> dict[str, Any]:
    """What of a row goes into its id."""
    metadata = {key: value for key, value in row["元数据"].items() if key != "create_time"}
    return {"问": row["问"], "答": row["答"], "来源": row["来源"], "元数据": metadata}


def floor(path: Path) -> tuple[int, float, float]:
    """Rows, and the seconds of the loop alone; filling the memory does not count."""
    rows = [json.loads(line) for line in path.with_suffix(".1").open(encoding="utf-8")]
    contents = [content_of(row) for row in rows]
    conversations = [orjson.dumps(record, option=orjson.OPT_INDENT_2) for record in decoded(path)]
    md5, write = hashlib.md5, orjson.dumps
    began, cpu = time.perf_counter(), time.process_time()
    for text in conversations:
        orjson.loads(text)
    for row, content in zip(rows, contents, strict=True):
        md5(write(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
        write(row)
    return len(rows), time.perf_counter() - began, time.process_time() - cpu


CASES: dict[str, Callable[[Path], Any]] = {
    "extract, 1 worker": lambda path: ours(path, 1),
    "extract, 2 workers": lambda path: ours(path, 2),
    "yardstick": yardstick,
    "floor": floor,
}


def measure(case: str, path: Path) -> None:
    """Run one case in this process and print what it took, as JSON."""
    began, cpu = time.perf_counter(), cpu_seconds()
    result = CASES[case](path)
    seconds, used = time.perf_counter() - began, cpu_seconds() - cpu
    if isinstance(result, tuple):
        result, seconds, used = result
    print(json.dumps({"rows": result, "seconds": seconds, "cpu": used, "peak": peak_memory() / MEGABYTE}))


def peak_memory() -> int:
    """Most bytes that this process or one of its workers had."""
    # Not ru_maxrss for this one, which begins at what the starting process had.
    own = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return 1024 * max(int(own[1]) if own else 0, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def cpu_seconds() -> float:
    """Of this process and of its children that ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def best_of(rounds: int, cases: list[str], path: Path) -> dict[str, dict[str, float]]:
    """The fastest round of each case; the cases take turns, so that a busy minute hits all of them."""
    best: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for case in cases:
            command = [sys.executable, __file__, "--measure", case, str(path)]
            done = subprocess.run(command, capture_output=True, check=True, text=True)
            found = json.loads(done.stdout)
            if case not in best:
                best[case] = found
            best[case] = {key: min(found[key], best[case][key]) if key != "rows" else found[key] for key in found}
    return best


# The report


def show(case: str, figures: dict[str, float], size: int) -> None:
    """Print one measurement."""
    speed = size / figures["seconds"] / MEGABYTE
    print(
        f"{case:<20} {figures['seconds']:7.2f} s  {figures['cpu']:7.2f} s CPU  {speed:7.1f} MB/s"
        f"  {figures['rows'] / figures['seconds']:9,.0f} rows/s  peak {figures['peak']:5.0f} MB"
    )


class Limits:
    """Prints what was measured next to what is asked for.

    Attributes:
        missed: what is not as asked for.
    """

    def __init__(self) -> None:
        self.missed: list[str] = []

    def ratio(self, what: str, ours_: dict[str, float], other: dict[str, float], by: str, least: float) -> None:
        """How many times as fast as the other ours is; ``by`` is ``seconds`` or ``cpu``."""
        wall, cpu = other["seconds"] / ours_["seconds"], other["cpu"] / ours_["cpu"]
        clock = {"seconds": "the clock", "cpu": "CPU time"}[by]
        print(f"{what:<44} {wall:5.2f} by the clock, {cpu:5.2f} by CPU time (at least {least} by {clock})")
        self.check(what, other[by] / ours_[by] >= least)

    def check(self, what: str, kept: bool) -> None:
        """Note what is not kept."""
        if not kept:
            self.missed.append(what)


def main() -> None:
    """Build the corpora, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=200, help="megabytes of the corpus (default: 200)")
    parser.add_argument("--sample", help="a JSON array in the vicuna layout to replicate, instead of made-up text")
    parser.add_argument("--split", action="store_true", help="the shape of ShareGPT V3")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each measurement (default: 3)")
    parser.add_argument("--large", action="store_true", help="extract 2 GB too, for linearity")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure[0], Path(options.measure[1]))
        return
    with TemporaryDirectory(prefix="bench-extract-") as folder:
        missed = report(Path(folder), options)
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


def report(folder: Path, options: argparse.Namespace) -> list[str]:
    """Measure in a folder and print everything; what is not as it should be is returned."""
    limits, busy = Limits(), os.getloadavg()[0] > (os.cpu_count() or 1) / 2
    path, small = folder / "corpus.json", folder / "small.json"
    shape = SPLIT if options.split else VICUNA
    build(path, options.size * MEGABYTE, options.sample, shape)
    build(small, options.size * MEGABYTE // 10, options.sample, shape)
    size = path.stat().st_size
    best = best_of(options.rounds, list(CASES), path)
    print(f"{size / MEGABYTE:.0f} MB, {best['yardstick']['rows']:,} rows, best of {options.rounds}")
    for case, result in best.items():
        show(case, result, size)
    single, two = best["extract, 1 worker"], best["extract, 2 workers"]
    limits.ratio("1 worker against the yardstick", single, best["yardstick"], "cpu", 3)
    limits.ratio("2 workers against the yardstick", two, best["yardstick"], "seconds", 0 if busy else 5)
    limits.ratio("1 worker against the floor", single, best["floor"], "cpu", 0.7)
    sizes = [(small, best_of(options.rounds, ["extract, 1 worker"], small))]
    if options.large:
        large = folder / "large.json"
        build(large, 2000 * MEGABYTE, options.sample, shape)
        sizes.append((large, best_of(1, ["extract, 1 worker"], large)))
    for other, results in sizes:
        again = results["extract, 1 worker"]
        show(f"extract {other.stat().st_size / MEGABYTE:.0f} MB", again, other.stat().st_size)
        cost = (again["cpu"] / other.stat().st_size) / (single["cpu"] / size)
        print(f"  CPU time for each byte: {cost:.2f} times that of {size / MEGABYTE:.0f} MB")
        limits.check("linear cost", 0.75 < cost < 1.25)
        limits.check("memory", max(again["peak"], single["peak"], two["peak"]) < MOST_MEMORY)
    return limits.missed


if __name__ == "__main__":
    main()
