"""Tasks given to an executor."""

import json
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.common.executors import ENGINES, IN_FLIGHT, InThisProcess, completed, threads_of
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.registry import plugin_names
from sharegpt_argilla.workflows.curate import curate
from sharegpt_argilla.workflows.extract import extract
from tests.corpora.layouts import conversation


class Counting(ThreadPoolExecutor):
    """Counts what it is given."""

    submitted = 0

    def submit(self, task: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        self.submitted += 1
        return super().submit(task, *arguments, **options)


def test_few_tasks_wait_however_many_there_are() -> None:
    tasks = {number: partial(pow, number, 2) for number in range(4 * IN_FLIGHT)}
    results = {}
    with Counting(2) as pool:
        for key, result in completed(pool, tasks):
            results[key] = result
            assert pool.submitted <= len(results) + IN_FLIGHT
    assert results == {number: number**2 for number in tasks}
    assert IN_FLIGHT == 256


def test_an_error_is_raised_where_the_result_would_be() -> None:
    def fail() -> None:
        raise InputError("cannot be read")

    with ThreadPoolExecutor(1) as pool, pytest.raises(InputError, match="cannot be read"):
        list(completed(pool, {1: fail}))


PLUGIN = """
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


class Threads(ThreadPoolExecutor):
    threads = 2


@contextmanager
def engine(address):
    assert address == "threads://here"
    with Threads(2) as pool:
        yield pool
"""


def test_another_package_adds_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    (site / "engines-1.dist-info").mkdir(parents=True)
    (site / "engines-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: engines\nVersion: 1\n")
    (site / "engines-1.dist-info" / "entry_points.txt").write_text(
        f"[{ENGINES}]\nthreads = threads_engine:engine\n"
    )
    (site / "threads_engine.py").write_text(PLUGIN, "utf-8")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.chdir(tmp_path)
    plugin_names.cache_clear()
    record = conversation("h: question", "g: an answer", identity="c")
    Path("raw.jsonl").write_text(f"{json.dumps(record)}\n" * 200, "utf-8")
    summaries = {
        name: extract(
            ["raw.jsonl"], "vicuna", name, create_time="20230511 15:56:03", shard_size=2000, scheduler=scheduler
        )
        for name, scheduler in (("alone.jsonl", None), ("away.jsonl", "threads://here"))
    }
    curate("alone.jsonl", "curated.jsonl", scheduler="threads://here")
    plugin_names.cache_clear()
    assert summaries["away.jsonl"].shards > 5
    assert Path("away.jsonl").read_bytes() == Path("alone.jsonl").read_bytes()
    curate("alone.jsonl", "alone-curated.jsonl")
    assert Path("curated.jsonl").read_bytes() == Path("alone-curated.jsonl").read_bytes()


def test_threads_are_what_an_executor_says() -> None:
    assert threads_of(InThisProcess(), 3) == 3

    class Seventy(InThisProcess):
        threads = 70

    assert threads_of(Seventy(), 1) == 70
