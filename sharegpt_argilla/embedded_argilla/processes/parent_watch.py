"""End this process, and everything it forks, as soon as the launcher is gone, however it went."""

from __future__ import annotations

import os
import threading


def end_with_launcher(descriptor: int) -> None:
    """Exit with status 1 when the launcher ends.

    ``descriptor`` is the reading end of a pipe whose only writing end the launcher holds and never writes to:
    the kernel closes that end even after ``kill -9``. Processes forked from this one, such as the ones in which
    rq runs its jobs, watch it too.
    """
    os.set_inheritable(descriptor, False)
    _watch(descriptor)
    os.register_at_fork(after_in_child=lambda: _watch(descriptor))


def _watch(descriptor: int) -> None:
    threading.Thread(target=_exit_at_end, args=(descriptor,), name="launcher-watch", daemon=True).start()


def _exit_at_end(descriptor: int) -> None:
    os.read(descriptor, 1)
    # Not sys.exit: this is not the main thread, and a stuck request must not keep the port.
    os._exit(1)
