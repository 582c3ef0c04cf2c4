"""Processes that end with the one that started them, however that ended: ``kill -9`` included.

A worker of ``concurrent.futures`` calls ``enter_worker``, the initializer of its pool. A child that is started by
a command gets the end of a ``life_line`` and watches it by ``end_with``.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.connection import wait


def enter_worker() -> None:
    """Leave Ctrl-C to the parent, and end when the parent is gone: nobody waits for the results any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if (parent := parent_process()) is not None:
        _exit_after(lambda: wait([parent.sentinel]))


@contextmanager
def life_line() -> Iterator[int]:
    """The reading end of a pipe that closes when this process ends, to be inherited by a child.

    Nobody writes to the pipe, and only this process has its writing end: the kernel closes that even after
    ``kill -9``.
    """
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(writing)
        os.close(reading)


def end_with(descriptor: int) -> None:
    """Exit with status 1 when the process that has the other end of a ``life_line`` ends.

    Processes forked from this one, such as those in which rq runs its jobs, watch it too.
    """
    os.set_inheritable(descriptor, False)

    def watch() -> None:
        _exit_after(lambda: os.read(descriptor, 1))

    watch()
    os.register_at_fork(after_in_child=watch)


def _exit_after(wait_for_end: Callable[[], object]) -> None:
    def run() -> None:
        wait_for_end()
        # Not sys.exit: this is not the main thread, and work that is stuck must not keep the process.
        os._exit(1)

    threading.Thread(target=run, name="parent-watch", daemon=True).start()
