"""No process outlives the one that it works for."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE

import psutil
import pytest

Process = subprocess.Popen[str]
WITHIN = 20
"""Seconds; a loaded machine needs some to end a process."""

POOL = """
import os, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from sharegpt_argilla.common.worker_processes import enter_worker

def work(_):
    print(os.getpid(), flush=True)
    time.sleep(60)

if __name__ == "__main__":
    with ProcessPoolExecutor(1, get_context(sys.argv[1]), initializer=enter_worker) as pool:
        pool.submit(work, 1).result()
"""
CHILD = """
import os, subprocess, sys
from sharegpt_argilla.common.worker_processes import life_line
inside = '''
import os, sys, time
from sharegpt_argilla.common.worker_processes import end_with
end_with(int(sys.argv[1]))
os.fork()
os.write(1, f"{os.getpid()}{os.linesep}".encode())  # in one piece: two processes write to this pipe
time.sleep(60)
'''
with life_line() as line:
    child = subprocess.Popen([sys.executable, "-c", inside, str(line)], pass_fds=[line], start_new_session=True)
    sys.stdin.read()
child.wait()
"""


@contextmanager
def started(script: str, *arguments: str, lines: int, folder: Path) -> Iterator[tuple[Process, list[int]]]:
    """A running script, and the process ids that it printed."""
    path = folder / "script.py"
    path.write_text(script)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(path), *arguments]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, env=environment) as running:
        assert running.stdout is not None
        try:
            yield running, [int(running.stdout.readline()) for _ in range(lines)]
        finally:
            running.kill()


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def wait_until_gone(*pids: int) -> None:
    deadline = time.monotonic() + WITHIN
    while not all(is_gone(pid) for pid in pids):
        assert time.monotonic() < deadline, "a process outlives its parent"
        time.sleep(0.01)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_worker_ends_with_a_killed_parent_and_ignores_ctrl_c(method: str, tmp_path: Path) -> None:
    with started(POOL, method, lines=1, folder=tmp_path) as (running, (worker,)):
        os.kill(worker, signal.SIGINT)
        time.sleep(0.3)
        assert not is_gone(worker)
        running.kill()
        wait_until_gone(worker)


@pytest.mark.parametrize("how", ["killed", "ends"])
def test_a_child_and_its_forks_end_with_the_life_line(how: str, tmp_path: Path) -> None:
    with started(CHILD, lines=2, folder=tmp_path) as (running, children):
        assert len(set(children)) == 2
        if how == "killed":
            running.kill()
        else:
            assert running.stdin is not None
            running.stdin.close()
        wait_until_gone(*children)
