"""Where shards are converted: in this process, in several, or on a Dask cluster.

All of them through the interface of ``concurrent.futures``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sharegpt_argilla.common.worker_processes import enter_worker
from sharegpt_argilla.errors import InputError, UsageError

_DIED = (
    "a worker process died, perhaps for want of memory; what is done is kept:"
    " run the same command again, with fewer --workers if need be"
)

P = ParamSpec("P")
T = TypeVar("T")


class InThisProcess(Executor):
    """Does each task when it is submitted. An error ends the run there and then."""

    def submit(self, task: Callable[P, T], /, *arguments: P.args, **options: P.kwargs) -> Future[T]:
        """Do the task."""
        future: Future[T] = Future()
        future.set_result(task(*arguments, **options))
        return future


@contextmanager
def executor(workers: int, tasks: int, scheduler: str | None) -> Iterator[Executor]:
    """What does the tasks of a run.

    Args:
        workers: processes; 1 for this one.
        tasks: how many there are. More processes than tasks are not started.
        scheduler: address of a Dask scheduler, instead of processes here.

    Raises:
        UsageError: ``distributed`` is not installed.
        InputError: nothing answers at the address, or a worker died.
    """
    if scheduler is not None:
        with _dask(scheduler) as chosen:
            yield chosen
        return
    count = min(workers, tasks)
    if count <= 1:
        yield InThisProcess()
        return
    pool = ProcessPoolExecutor(count, get_context(_start_method()), initializer=enter_worker)
    try:
        yield pool
    except (BrokenExecutor, MemoryError) as error:
        raise InputError(_DIED) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _start_method() -> str:
    """``fork``, which takes milliseconds, out of a process with one thread; else ``spawn``.

    Locks that other threads hold when a process forks are never released in the copy (fork(2)), and not only
    Python has threads. Where they cannot be counted the process does not fork.
    """
    try:
        threads = len(list(Path("/proc/self/task").iterdir()))
    except OSError:
        threads = 0
    return "fork" if threads == 1 else "spawn"


@contextmanager
def _dask(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client, KilledWorker  # noqa: PLC0415 - an optional dependency
    except ImportError:
        raise UsageError('--scheduler needs Dask: pip install "sharegpt-argilla[cluster]"') from None
    try:
        connect: Any = Client
        client = connect(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise InputError(f"{address}: no Dask scheduler answers there; start one with `dask scheduler`") from error
    with client:
        try:
            yield client.get_executor()
        except (KilledWorker, CancelledError, OSError) as error:
            raise InputError(_DIED) from error
