"""Where the tasks of a run are done: in this process, in several, on a Dask cluster, or on another engine.

All of them through the interface of ``concurrent.futures``. Another package adds an engine by an entry point
of the group ``ENGINES``, whose name is the scheme of the addresses that are given with ``--scheduler``.
Its object takes such an address and returns a context manager of an ``Executor``; see docs/executors.md.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sharegpt_argilla.common.worker_processes import enter_worker
from sharegpt_argilla.errors import InputError, UsageError
from sharegpt_argilla.registry import find_plugin, plugin_names

ENGINES = "sharegpt_argilla.engines"
"""The group of entry points of engines."""

IN_FLIGHT = 256
"""Tasks that wait for a worker: enough for none to be idle, and few enough to look at after each that is done."""

_DIED = (
    "a worker process died, perhaps for want of memory; what is done is kept:"
    " run the same command again, with fewer --workers if need be"
)

_SCHEDULER_GONE = (
    "the Dask scheduler no longer answers; what is done is kept: start it again and run the same command again"
)

P = ParamSpec("P")
T = TypeVar("T")
Key = TypeVar("Key")


class WorkerError(InputError):
    """A worker of a cluster could not do a task; another one may.

    Args:
        message: names its host, and says why.
        worker: its address.
    """

    def __init__(self, message: str, worker: str) -> None:
        super().__init__(message, worker)
        self.worker = worker

    def __str__(self) -> str:
        return str(self.args[0])


class InThisProcess(Executor):
    """Does each task when it is submitted. An error ends the run there and then."""

    def submit(self, task: Callable[P, T], /, *arguments: P.args, **options: P.kwargs) -> Future[T]:
        """Do the task."""
        future: Future[T] = Future()
        future.set_result(task(*arguments, **options))
        return future


class Cluster(Executor):
    """Gives tasks to the workers of a Dask cluster.

    Args:
        client: of ``distributed``, connected.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def submit(self, task: Callable[P, T], /, *arguments: P.args, **options: P.kwargs) -> Future[T]:
        """Have some worker do the task."""
        return self._submit(partial(task, *arguments, **options))

    def submit_elsewhere(self, task: Callable[[], T], failed: Collection[str]) -> Future[T] | None:
        """Have a worker do the task that is none of these; None when there is no other."""
        others = sorted(set(self._client.nthreads()) - set(failed))
        if not others:
            return None
        return self._submit(task, workers=others)

    @property
    def threads(self) -> int:
        """Tasks that it does at a time."""
        return sum(self._client.nthreads().values())

    def _submit(self, task: Callable[[], T], **where: Any) -> Future[T]:
        # Dask gives a pure task that failed the same failure again.
        future: Future[T] = self._client.get_executor(pure=False, **where).submit(_on_worker, task)
        return future


def threads_of(pool: Executor, default: int) -> int:
    """Tasks that an executor does at a time, which a cluster says in its attribute ``threads``."""
    threads = getattr(pool, "threads", default)
    return threads if isinstance(threads, int) else default


def _on_worker(task: Callable[[], T]) -> T:
    from distributed import get_worker  # noqa: PLC0415 - an optional dependency

    try:
        return task()
    except InputError as error:
        raise WorkerError(f"on {socket.gethostname()}: {error}", get_worker().address) from error
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}; every worker must see the same folder"
        raise WorkerError(f"on {socket.gethostname()}: {reason}", get_worker().address) from error


def completed(pool: Executor, tasks: Mapping[Key, Callable[[], T]]) -> Iterator[tuple[Key, T]]:
    """Have all tasks done: each with its result, as they are completed.

    At most ``IN_FLIGHT`` are submitted at a time, or four for each thread of a cluster if that is more.
    On a cluster a task that a worker cannot do is given to each of the others once.

    Raises:
        InputError: a task cannot be done anywhere.
    """
    waiting = iter(tasks.items())
    most = max(IN_FLIGHT, 4 * threads_of(pool, 1))
    futures = {pool.submit(task): key for key, task in islice(waiting, most)}
    failed: dict[Key, list[str]] = {}
    while futures:
        for future in wait(futures, return_when=FIRST_COMPLETED).done:
            key = futures.pop(future)
            try:
                result = future.result()
            except WorkerError as error:
                failed.setdefault(key, []).append(error.worker)
                again = pool.submit_elsewhere(tasks[key], failed[key]) if isinstance(pool, Cluster) else None
                if again is None:
                    raise
                futures[again] = key
                continue
            futures.update((pool.submit(task), following) for following, task in islice(waiting, 1))
            yield key, result


@contextmanager
def executor(workers: int, tasks: int, scheduler: str | None) -> Iterator[Executor]:
    """What does the tasks of a run.

    Args:
        workers: processes; 1 for this one.
        tasks: how many there are. More processes than tasks are not started.
        scheduler: address of a Dask scheduler or of another engine, instead of processes here.

    Raises:
        UsageError: ``distributed`` is not installed, or an engine cannot be imported.
        InputError: nothing answers at the address, or a worker died.
    """
    if scheduler is not None:
        with _engine(scheduler) as chosen:
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


def _engine(address: str) -> AbstractContextManager[Executor]:
    """What does tasks elsewhere: the engine whose name is the scheme of the address, else Dask."""
    scheme = address.partition("://")[0]
    if scheme in plugin_names(ENGINES):
        engine: Any = find_plugin(ENGINES, scheme)
        chosen: AbstractContextManager[Executor] = engine(address)
        return chosen
    return _dask(address)


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
            yield Cluster(client)
        except (KilledWorker, CancelledError, OSError) as error:
            raise InputError(_DIED if _answers(address) else f"{address}: {_SCHEDULER_GONE}") from error


def _answers(address: str) -> bool:
    """Whether something listens at the address of a scheduler."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except (OSError, ValueError):
        return False
    return True
