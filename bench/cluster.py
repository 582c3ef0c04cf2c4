"""How ``extract`` and ``curate`` grow with worker processes: 1, 2 and 4 of them over the same made-up corpus.

For each: seconds by the clock and of CPU time, the share of N times the speed of one, and the peak memory of the
command's own process and of its largest worker. Up to the cores that there are the share is to be at least 0.8.
The exit code is 1 when it is not, when outputs differ, or when the command's own memory grows with the rows.

Other programs on the machine falsify the clock. With ``--cpu`` the share is taken from CPU time instead: what the
command does itself is added to an Nth of what its workers do, although most of it overlaps with that. Waiting for
the last worker, and for the disk, is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench.curate import invented

LEAST_SHARE = 0.8
WORKERS = (1, 2, 4)
MOST_CLIENT_MB = 150
"""Memory of the command's own process, of which the imports are more than half; the rows do not go through it."""
_RUN = """
import json, resource, sys, time
from pathlib import Path
if __name__ == "__main__":
    command, source, output, workers, model = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5]
    scheduler = sys.argv[6] or None
    # What the other command imports has threads, out of which no worker is forked.
    if command == "extract":
        from sharegpt_argilla.workflows.extract import extract
    else:
        from sharegpt_argilla.workflows.curate import curate
    start, imported = time.perf_counter(), time.process_time()
    if command == "extract":
        time_of_rows = "20230511 15:56:03"
        extract([source], model, output, create_time=time_of_rows, workers=workers, scheduler=scheduler)
    else:
        curate(source, output, workers=workers, scheduler=scheduler)
    seconds, own = time.perf_counter() - start, time.process_time() - imported
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Not ru_maxrss, which a program inherits from the one that starts it.
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    of_workers = children.ru_utime + children.ru_stime
    print(json.dumps([seconds, own, of_workers, int(peak.split()[1]) // 1024, children.ru_maxrss // 1024]))
"""


class Run(NamedTuple):
    """One run of a command.

    Attributes:
        seconds: by the clock.
        own: CPU seconds of the command's process.
        of_workers: CPU seconds of all its workers.
        client: MB that its process takes at most.
        worker: MB that its largest worker takes at most, with what it has in common with the process.
    """

    seconds: float
    own: float
    of_workers: float
    client: int
    worker: int

    def least(self, workers: int) -> float:
        """Seconds that it takes on so many idle cores, if all workers end at once."""
        return self.own + self.of_workers / workers


def measure(
    command: str, source: Path, output: Path, workers: int, *, model: str = "vicuna", scheduler: str = ""
) -> Run:
    """Run a command in a process of its own. The workers of a scheduler are not measured."""
    script = output.with_name("run.py")
    script.write_text(_RUN, "utf-8")
    arguments = [sys.executable, str(script), command, str(source), str(output), str(workers), model, scheduler]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    printed = subprocess.run(arguments, check=True, capture_output=True, text=True, env=environment).stdout
    return Run(*json.loads(printed.splitlines()[-1]))


def digest(path: Path) -> str:
    """Of a file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def write_sources(folder: Path, rows: int, copies: int) -> dict[str, Path]:
    """The corpus that each command reads; of the raw one so many copies, each with other ids."""
    curated, raw = folder / "rows.jsonl", folder / "raw.jsonl"
    with curated.open("w", encoding="utf-8") as target, raw.open("w", encoding="utf-8") as source:
        for number, line in enumerate(invented(rows)):
            target.write(f"{line}\n")
            row = json.loads(line)
            turns = [{"from": "human", "value": row["问"]}, {"from": "gpt", "value": row["答"]}]
            conversation = json.dumps(turns * 8, ensure_ascii=False)
            # As many bytes as take a process half a minute, so that the start of the workers does not count.
            source.writelines(
                f'{{"id": "c{number}-{copy}", "conversations": {conversation}}}\n' for copy in range(copies)
            )
    return {"extract": raw, "curate": curated}


def compare(command: str, source: Path, folder: Path, *, by_cpu: bool) -> int:
    """Print the runs of a command; returns how many limits are missed."""
    first: Run | None = None
    outputs = set()
    missed = 0
    for workers in WORKERS:
        output = folder / "output.jsonl"
        run = measure(command, source, output, workers)
        first = first or run
        fast = first.least(1) / run.least(workers) if by_cpu else first.seconds / run.seconds
        share = fast / workers
        outputs.add(digest(output))
        output.unlink()
        numbers = f"{run.seconds:>9.1f}{run.own:>9.1f}{run.of_workers:>12.1f}{share:>7.2f}"
        print(f"{command:<10}{workers:>8}{numbers}{run.client:>11}{run.worker:>11}", flush=True)
        missed += workers <= (os.cpu_count() or 1) and share < LEAST_SHARE
        missed += workers > 1 and run.client > MOST_CLIENT_MB
    return missed + (len(outputs) > 1)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=60_000, metavar="N", help="rows to curate (%(default)s)")
    parser.add_argument(
        "--copies", type=int, default=8, metavar="N", help="of 3.5 kB a row, to extract (%(default)s)"
    )
    parser.add_argument("--command", choices=("extract", "curate"), help="only this one")
    parser.add_argument("--cpu", action="store_true", help="take the share from CPU time: for a busy machine")
    arguments = parser.parse_args()
    head = f"{'command':<10}{'workers':>8}{'seconds':>9}{'own CPU':>9}{'workers CPU':>12}{'share':>7}"
    print(f"{head}{'client MB':>11}{'worker MB':>11}")
    with TemporaryDirectory() as name:
        sources = write_sources(Path(name), arguments.rows, arguments.copies)
        missed = sum(
            compare(command, source, Path(name), by_cpu=arguments.cpu)
            for command, source in sources.items()
            if arguments.command in (None, command)
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
