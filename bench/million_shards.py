"""A million shards through the planner of ``extract``: 32 TB in 10,000 files that nobody has, so nothing is read.

What is measured is all that one process does for every shard: cut the inputs, store the plan, compare it with a
stored one as a resumed run does, make the tasks, hand them out and take their results. The shards themselves do
nothing. Seconds are CPU time. The exit code is 1 when a limit is missed.
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from sharegpt_argilla.common.executors import InThisProcess, completed
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.reading.inputs import Source
from sharegpt_argilla.corpora.run.run_plan import SHARD_SIZE, RunPlan, RunSettings, cut
from sharegpt_argilla.corpora.run.shards import tasks_of
from sharegpt_argilla.corpora.run.work_folder import PLAN

T = TypeVar("T")

SHARDS_OF_A_FILE = 100
MOST_SECONDS = 90.0
MOST_MB = 4000
MOST_BYTES_OF_A_TASK = 4000


def seconds(step: str, work: Callable[[], T]) -> tuple[T, float]:
    """Do the work; prints the CPU seconds."""
    start = time.process_time()
    result = work()
    spent = time.process_time() - start
    print(f"{step:<44}{spent:>8.1f} s", flush=True)
    return result, spent


def invented_sources(shards: int) -> list[Source]:
    """Files of ``SHARDS_OF_A_FILE`` shards each."""
    size = SHARDS_OF_A_FILE * SHARD_SIZE
    names = (f"part-{number:06}.jsonl" for number in range(shards // SHARDS_OF_A_FILE))
    return [Source(name, f"/corpus/{name}", "plain", size, 1) for name in names]


def peak_mb() -> int:
    """Memory that this process took at most."""
    status = Path("/proc/self/status").read_text("utf-8").splitlines()
    return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) // 1024


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", type=int, default=1_000_000, metavar="N", help="how many (%(default)s)")
    count = parser.parse_args().shards
    sources = invented_sources(count)
    names = ["vicuna"] * len(sources)
    settings = RunSettings(
        tuple(source.name for source in sources),
        "vicuna",
        "rows.jsonl",
        Path("rejected.jsonl"),
        "20230511 15:56:03",
    )
    corpora = {"vicuna": CORPORA["vicuna"]}
    shards, cutting = seconds("cut", lambda: cut(sources, names, corpora, 1, SHARD_SIZE))
    plan = RunPlan(settings, sources, names, shards)
    with TemporaryDirectory() as folder:
        stored = Path(folder) / PLAN
        _, storing = seconds(
            "store the plan", lambda: stored.write_text(json.dumps(plan.document(), ensure_ascii=False), "utf-8")
        )
        megabytes = stored.stat().st_size // 1_000_000
        same, comparing = seconds(
            "compare with a stored plan", lambda: json.loads(stored.read_text("utf-8")) == plan.document()
        )
    tasks, making = seconds("make the tasks", lambda: tasks_of(plan, folder, shards))
    largest = max(len(pickle.dumps(tasks[shard])) for shard in shards[:: max(1, len(shards) // 1000)])
    idle = dict.fromkeys(tasks, _nothing)
    done, handing = seconds(
        "hand them out and take their results", lambda: sum(1 for _ in completed(InThisProcess(), idle))
    )
    total = cutting + storing + comparing + making + handing
    print(f"{len(shards):,} shards of {len(sources):,} files: {total:.0f} s, {peak_mb():,} MB of memory,")
    print(f"a plan of {megabytes:,} MB, and tasks of at most {largest:,} bytes")
    right = same and done == len(shards) == count
    scale = max(1.0, count / 1_000_000)
    within = total <= MOST_SECONDS * scale and peak_mb() <= MOST_MB * scale and largest <= MOST_BYTES_OF_A_TASK
    return 0 if right and within else 1


def _nothing() -> int:
    return 0


if __name__ == "__main__":
    sys.exit(main())
