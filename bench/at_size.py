"""``extract`` and ``curate`` over gigabytes in WildChat's layout, which are made of a sample of it.

``python -m bench.at_size FILE --gigabytes 2`` repeats a parquet file until it has that size, each time with
other conversation ids and the words of its texts in another order, so that only short prompts repeat one another.
What is beyond ``DISTINCT`` repeats those parts with other ids and a number before each text.
``extract`` reads that, and ``curate`` the first of its rows, both on a Dask cluster of two workers here, and
``curate`` of a fourth of those rows too. For each run: seconds by the clock and of CPU time, peak memory of the
command's own process and of the largest worker. ``--local`` runs both with one process as well.

The exit code is 1 when outputs differ, or when the command's own process takes more than ``MOST_CLIENT_MB``.
Disk: five times the parquet.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.cluster import Run, digest, measure

ROWS_OF_A_GROUP = 1000
"""Conversations in a row group, as the Hub's own conversion writes them."""
PART = 500_000_000
"""Bytes of a parquet file, about."""
DISTINCT = 2_000_000_000
"""Bytes of parquet in which the order of words differs; making them takes five minutes."""
MOST_CLIENT_MB = 400
_STRIDES = (53, 59)
"""Primes: orders of words repeat after 53 * 59 copies."""


def reordered(text: str, copy: int) -> str:
    """The words of a text in another order for each copy; characters where a script has no spaces."""
    words: list[str] | str = text.split(" ")
    separator = " " if len(words) > len(text) / 20 else ""
    if not separator:
        words = text
    for stride in (2 + copy % _STRIDES[0], 3 + copy // _STRIDES[0] % _STRIDES[1]):
        words = [word for start in range(min(stride, len(words))) for word in words[start::stride]]
    return separator.join(words)


def copy_of(table: pa.Table, copy: int) -> pa.Table:
    """The conversations of a table with other ids and texts."""

    def texts(content: pa.Array) -> pa.Array:
        return pa.array([None if text is None else reordered(text, copy) for text in content.to_pylist()])

    ids = [f"{copy:08x}{identity[8:]}" for identity in table["conversation_hash"].to_pylist()]
    return _changed(table, ids, texts)


def numbered(table: pa.Table, number: int) -> pa.Table:
    """The conversations of a table with other ids, and a number before each text."""
    ids = [f"{identity[:8]}{number:04x}{identity[12:]}" for identity in table["conversation_hash"].to_pylist()]
    # pyarrow makes its functions when it is imported.
    join = pc.binary_join_element_wise  # type: ignore[attr-defined]
    return _changed(table, ids, lambda texts: join(f"{number}:", texts, " "))


def _changed(table: pa.Table, ids: list[str], change: Callable[[pa.Array], pa.Array]) -> pa.Table:
    column = table["conversation"].combine_chunks()
    turns = column.values
    fields = [turns.type.field(number) for number in range(turns.type.num_fields)]
    values = [turns.field(number) for number in range(turns.type.num_fields)]
    content = next(number for number, field in enumerate(fields) if field.name == "content")
    values[content] = change(values[content]).cast(fields[content].type)
    conversations = pa.ListArray.from_arrays(column.offsets, pa.StructArray.from_arrays(values, fields=fields))
    for name, array in (("conversation_hash", pa.array(ids)), ("conversation", conversations)):
        number = table.schema.get_field_index(name)
        table = table.set_column(number, table.schema.field(number), array.cast(table.schema.field(number).type))
    return table


@contextmanager
def cluster(count: int, folder: Path) -> Iterator[tuple[str, Sequence[psutil.Process]]]:
    """Address and workers of a Dask cluster; each worker is a process with one thread."""
    from distributed import Client  # noqa: PLC0415 - only what runs on a cluster needs it

    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    module = [sys.executable, "-m", "distributed.cli.dask_"]
    scheduler = [*module[:2], f"{module[2]}scheduler", *common, "--port", "0", "--no-jupyter"]
    worker = [*module[:2], f"{module[2]}worker", *common, "--nthreads", "1", "--no-nanny", "--memory-limit", "0"]
    with ExitStack() as stack:
        processes = []
        for command in (scheduler, *[worker] * count):
            process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)
            processes.append(process)
        with Client(scheduler_file=str(file), timeout="120s") as client:
            client.wait_for_workers(count, timeout=120)
            address = client.scheduler.address
        yield address, [psutil.Process(process.pid) for process in processes[1:]]


def on_cluster(command: str, source: Path, output: Path, count: int) -> Run:
    """Run a command on a cluster of so many new workers."""
    with cluster(count, output.parent) as (address, workers):
        before = sum(sum(worker.cpu_times()[:2]) for worker in workers)
        run = measure(command, source, output, 1, model="wildchat", scheduler=address)
        spent = sum(sum(worker.cpu_times()[:2]) for worker in workers) - before
        peak = max(_peak(worker.pid) for worker in workers)
    return run._replace(of_workers=spent, worker=peak)


def _peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) // 1024


def show(name: str, workers: int, run: Run, rows: int) -> None:
    """A line of the table."""
    numbers = f"{run.seconds:>9.1f}{run.own:>9.1f}{run.of_workers:>12.1f}{run.client:>11}{run.worker:>11}"
    print(f"{name:<10}{rows:>10,}{workers:>8}{numbers}", flush=True)


def first_rows(source: Path, target: Path, count: int) -> Path:
    """A file of the first rows of another."""
    with source.open("rb") as lines, target.open("wb") as file:
        file.writelines(islice(lines, count))
    return target


def rows_in(path: Path) -> int:
    """Lines of a file."""
    with path.open("rb") as file:
        return sum(1 for _ in file)


def write_parts(sample: Path, folder: Path, size: int) -> list[Path]:
    """Parquet files of about ``PART`` bytes, of so many bytes together."""
    table = pq.read_table(sample)
    parts: list[Path] = []
    copy = written = 0
    while written < min(size, DISTINCT):
        path = folder / f"part-{len(parts):03}.parquet"
        with pq.ParquetWriter(path, table.schema) as writer:
            while (so_far := path.stat().st_size) < PART and written + so_far < size:
                copies = [copy_of(table, copy + number) for number in range(1 + ROWS_OF_A_GROUP // len(table))]
                writer.write_table(pa.concat_tables(copies)[:ROWS_OF_A_GROUP], ROWS_OF_A_GROUP)
                copy += len(copies)
        written += path.stat().st_size
        parts.append(path)
    for number, part in enumerate(cycle(tuple(parts))):
        if written >= size:
            break
        path = folder / f"part-{len(parts):03}.parquet"
        source = pq.ParquetFile(part)
        with pq.ParquetWriter(path, source.schema_arrow) as writer:
            for group in range(source.num_row_groups):
                writer.write_table(numbered(source.read_row_group(group), number))
        written += path.stat().st_size
        parts.append(path)
    return parts


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="a parquet file in WildChat's layout")
    parser.add_argument("--gigabytes", type=float, default=2.0, metavar="N", help="of parquet (%(default)s)")
    parser.add_argument("--curate", type=int, default=100_000, metavar="N", help="rows to curate (%(default)s)")
    parser.add_argument("--local", action="store_true", help="with one process, too")
    arguments = parser.parse_args()
    missed = 0
    with TemporaryDirectory() as name:
        folder = Path(name)
        parts = folder / "parts"
        parts.mkdir()
        write_parts(arguments.file, parts, round(arguments.gigabytes * 1e9))
        columns = f"{'command':<10}{'rows':>10}{'workers':>8}{'seconds':>9}{'own CPU':>9}{'workers CPU':>12}"
        print(f"{columns}{'client MB':>11}{'worker MB':>11}", flush=True)
        extracted = folder / "rows.jsonl"
        missed += compare("extract", parts, extracted, local=arguments.local)
        for count in (arguments.curate // 4, arguments.curate):
            rows = first_rows(extracted, folder / f"first-{count}.jsonl", count)
            missed += compare("curate", rows, folder / "curated.jsonl", local=arguments.local)
    return 1 if missed else 0


def compare(command: str, source: Path, output: Path, *, local: bool) -> int:
    """Print the runs of a command; returns how many limits are missed. The output stays."""
    digests = set()
    missed = 0
    for workers in (1, 2) if local else (2,):
        output.unlink(missing_ok=True)
        if workers == 1:
            run = measure(command, source, output, 1, model="wildchat")
        else:
            run = on_cluster(command, source, output, workers)
            missed += run.client > MOST_CLIENT_MB
        digests.add(digest(output) if local else "")
        show(command, workers, run, rows_in(output))
    return missed + (len(digests) > 1)


if __name__ == "__main__":
    sys.exit(main())
