"""Peak memory of ``training`` and ``curate`` over a million made-up rows; exit code 1 when a limit is missed.

Rows have about 1 kB, every other conversation is Chinese, three in ten rows are annotated by one to three people.
Each command runs in a process of its own. ``largest`` is the peak of its largest process, by the system's own
count; ``all`` is the sum over the command and its workers, looked at twice a second.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from bench.curate import WORDS
from sharegpt_argilla.rows import ANNOTATION, Pair, build_row, dump_row, read_extension, with_extension

MOST_MB = 500.0
HAN = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说"
FORMATS = {
    "alpaca": ".jsonl",
    "messages": ".jsonl",
    "dpo": ".jsonl",
    "kto_messages": ".jsonl",
    "parquet": ".parquet",
}
SPLIT = ("--split", "train=0.9,test=0.1")
PEOPLE = ("ana", "ben", "cat")


def texts(chance: random.Random, number: int) -> tuple[str, str]:
    """A prompt and an answer of together about 600 bytes of text."""
    if number // 3 % 2:
        prompt, answer = ("".join(chance.choices(HAN, k=size)) for size in (chance.randint(10, 40), 160))
    else:
        prompt, answer = (" ".join(chance.choices(WORDS, k=size)) for size in (chance.randint(10, 40), 80))
    return f"{prompt}?", f"{answer}."


def rows(count: int) -> Iterator[str]:
    """Lines of a rows file: conversations of three turns, some of them with several answers to a prompt."""
    chance = random.Random(17)
    for number in range(count):
        prompt, answer = texts(chance, number)
        several = number // 3 % 10 == 0
        prompt = f"Conversation {number // 3}: the same question again?" if several else prompt
        pair = Pair(
            *(prompt, answer, f"c{number // 3}", 1 if several else number % 3 + 1),
            *("vicuna", "ShareGPT", "human", "gpt"),
            extra={"rank": number % 3 + 1} if several else {},
        )
        row = build_row(pair, "20230511 15:56:03")
        if number // 3 % 10 < 3:
            values = {"quality": number % 7 + 1, "intent": ["open_qa"], "toxicity": "none"}
            responses = [
                {
                    "annotator": name,
                    "status": "submitted",
                    "values": values,
                    "submitted_at": "2026-01-05T10:12:00Z",
                }
                for name in PEOPLE[: number % 3 + 1]
            ]
            block: dict[str, Any] = {
                "dataset": "d",
                "guidelines": "5f2b8c01d9e4",
                "status": "completed",
                "policy": "majority",
            }
            block |= {**values, "tie": False, "responses": responses}
            row = with_extension(row, {**read_extension(row), ANNOTATION: block})
        yield dump_row(row)


def commands(file: Path, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Name and arguments of each run."""
    for layout, suffix in FORMATS.items():
        write = ["training", str(file), "--format", layout, "-o", str(folder / f"out{suffix}")]
        yield f"training {layout}", write
        yield f"training {layout} --split", [*write, *SPLIT]
    yield (
        "training datasets --split",
        ["training", str(file), "--format", "datasets", "-o", str(folder / "out"), *SPLIT],
    )
    yield "curate", ["curate", str(file), "-o", str(folder / "curated.jsonl")]
    yield "curate --workers 2", ["curate", str(file), "-o", str(folder / "curated.jsonl"), "--workers", "2"]


def peaks(arguments: list[str]) -> tuple[float, float, float]:
    """MB of the largest process, MB of all together, and seconds of a run that must succeed."""
    start = time.monotonic()
    largest: dict[int, int] = {}
    together = 0
    with subprocess.Popen([sys.executable, "-m", "sharegpt_argilla", *arguments, "--quiet"]) as process:
        root = psutil.Process(process.pid)
        while process.poll() is None:
            total = 0
            with suppress(psutil.Error):
                for each in [root, *root.children(recursive=True)]:
                    with suppress(psutil.Error, OSError, StopIteration):
                        largest[each.pid] = max(largest.get(each.pid, 0), _high_water(each.pid))
                        total += each.memory_info().rss
            together = max(together, total)
            time.sleep(0.5)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)}: exit code {process.returncode}")
    return max(largest.values()) / 1024, together / 2**20, time.monotonic() - start


def _high_water(pid: int) -> int:
    # Not ru_maxrss, which a child has from its parent.
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N", help="how many (%(default)s)")
    parser.add_argument("--only", nargs="+", metavar="RUN", help='some runs, such as "training dpo --split"')
    parser.add_argument("--rows-file", type=Path, help="file to keep them in, or that has them already")
    options = parser.parse_args()
    missed = False
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        file = options.rows_file or folder / "rows.jsonl"
        if not file.exists():
            with file.open("w", encoding="utf-8") as output:
                output.writelines(f"{line}\n" for line in rows(options.rows))
        print(f"{options.rows:,} rows, {file.stat().st_size / options.rows:,.0f} bytes each", flush=True)
        print(f"{'':<32}{'largest MB':>12}{'all MB':>10}{'seconds':>10}", flush=True)
        for name, arguments in commands(file, folder):
            if not options.only or name in options.only:
                largest, together, spent = peaks(arguments)
                missed |= max(largest, together) > MOST_MB
                print(f"{name:<32}{largest:>12,.0f}{together:>10,.0f}{spent:>10,.0f}", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
