"""How ``extract`` and ``curate`` grow with worker processes: 1, 2 and 4 of them over the same made-up corpus.

For each: seconds by the clock, the share of what N times the speed of one would be, and the peak memory of the
command's own process and of its largest worker. Up to the cores that there are the share is to be at least 0.8.
The exit code is 1 when it is not, or when outputs differ. Other programs on the machine falsify the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.curate import invented

LEAST_SHARE = 0.8
WORKERS = (1, 2, 4)
_RUN = """
import json, resource, sys, time
from sharegpt_argilla.workflows.curate import curate
from sharegpt_argilla.workflows.extract import extract
if __name__ == "__main__":
    command, source, output, workers = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    start = time.perf_counter()
    if command == "extract":
        extract([source], "vicuna", output, create_time="20230511 15:56:03", workers=workers)
    else:
        curate(source, output, workers=workers)
    seconds = time.perf_counter() - start
    own, workers = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps([seconds, own.ru_maxrss // 1024, workers.ru_maxrss // 1024]))
"""


def measure(command: str, source: Path, output: Path, workers: int) -> tuple[float, int, int]:
    """Seconds, and MB of the command's process and of its largest worker."""
    script = output.with_name("run.py")
    script.write_text(_RUN, "utf-8")
    arguments = [sys.executable, str(script), command, str(source), str(output), str(workers)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    printed = subprocess.run(arguments, check=True, capture_output=True, text=True, env=environment).stdout
    seconds, client, worker = json.loads(printed.splitlines()[-1])
    return seconds, client, worker


def write_sources(folder: Path, rows: int) -> dict[str, Path]:
    """The corpus that each command reads."""
    curated, raw = folder / "rows.jsonl", folder / "raw.jsonl"
    with curated.open("w", encoding="utf-8") as target, raw.open("w", encoding="utf-8") as source:
        for number, line in enumerate(invented(rows)):
            target.write(f"{line}\n")
            row = json.loads(line)
            turns = [{"from": "human", "value": row["问"]}, {"from": "gpt", "value": row["答"]}]
            # As many bytes as take a process some seconds.
            source.write(json.dumps({"id": f"c{number}", "conversations": turns * 8}, ensure_ascii=False) + "\n")
    return {"extract": raw, "curate": curated}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=60_000, metavar="N", help="rows to curate (%(default)s)")
    rows = parser.parse_args().rows
    missed = 0
    print(f"{'command':<10}{'workers':>8}{'seconds':>9}{'share':>7}{'client MB':>11}{'worker MB':>11}")
    with TemporaryDirectory() as name:
        for command, source in write_sources(Path(name), rows).items():
            alone, outputs = 0.0, set()
            for workers in WORKERS:
                output = Path(name) / f"{command}{workers}.jsonl"
                seconds, client, worker = measure(command, source, output, workers)
                alone = alone or seconds
                share = alone / seconds / workers
                outputs.add(sha256(output.read_bytes()).hexdigest())
                print(f"{command:<10}{workers:>8}{seconds:>9.1f}{share:>7.2f}{client:>11}{worker:>11}", flush=True)
                missed += workers <= (os.cpu_count() or 1) and share < LEAST_SHARE
            missed += len(outputs) > 1
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
